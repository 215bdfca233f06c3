"""A trace is replayed as recorded: every operation at its time, on its item, also in several segments."""

import csv
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.dynamodb.writes import WriteResult
from loadgen.schedule.plan import Plan
from loadgen.schedule.trace import load, recorded
from loadgen.workloads.custom import Scripted
from loadgen.workloads.replay import TraceScript
from stack import UserError
from stack.ledger import HEADER, line

NUMBERS = count()
MICROSECONDS = 10**6
BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
operations = st.tuples(
    st.integers(min_value=0, max_value=5 * MICROSECONDS),
    st.sampled_from(["insert", "update", "delete", "get", "query"]),
    st.sampled_from(["a", "b/c", "d, e", "é"]),
    st.integers(min_value=0, max_value=9),
)
traces = st.lists(operations, min_size=1, max_size=30)
FORMS = ["seconds", "times", "csv", "ledger"]
Operation = tuple[int, str, str, int]


def write(directory: Path, form: str, trace: list[Operation]) -> Path:
    path = directory / f"{next(NUMBERS)}.{'csv' if form == 'csv' else 'jsonl'}"
    with path.open("w", newline="") as out:
        if form == "csv":
            writer = csv.writer(out)
            writer.writerow(["at", "op", "key", "version"])
            writer.writerows((at / MICROSECONDS, op, key, version) for at, op, key, version in trace)
        elif form == "ledger":
            out.write(HEADER.decode())
            for at, op, key, version in trace:
                out.write(line(key, op, version, iso(at).encode(), "orders").decode())
        else:
            for at, op, key, version in trace:
                when = at / MICROSECONDS if form == "seconds" else iso(at)
                out.write(json.dumps({"at": when, "op": op, "key": key, "version": version, "more": [1]}) + "\n\n")
    return path


def iso(at: int) -> str:
    return (BEGAN + timedelta(microseconds=at)).isoformat().replace("+00:00", "Z")


def replayed(path: Path, speed: float, segment: int, segments: int) -> dict[int, tuple[int, str, str, dict[str, Any]]]:
    """Time, operation, key and request by number."""
    plan = Plan(profile=recorded(path, speed), seed=1, segment=segment, segments=segments)
    script = TraceScript(path, "orders", ("order_id",))
    workload = Scripted(script, {"orders": ("order_id",)}, seed=1, segment=segment, segments=segments)
    made: dict[int, tuple[int, str, str, dict[str, Any]]] = {}
    for arrival in workload.arrivals(plan.offsets_ns()):
        found = workload.write(arrival)
        assert found is not None
        workload.finish(found, WriteResult.APPLIED)
        made[arrival.index] = (arrival.offset_ns, found.op, found.key, msgspec.json.decode(found.body))
    assert workload.failure is None
    assert plan.count == len(load(path))
    return made


@settings(deadline=None)
@given(
    trace=traces, form=st.sampled_from(FORMS), speed=st.sampled_from([1.0, 2.0, 0.5]), segments=st.sampled_from([1, 3])
)
def test_every_operation_is_replayed_at_its_time(
    tmp_path_factory: pytest.TempPathFactory, trace: list[Operation], form: str, speed: float, segments: int
) -> None:
    path = write(tmp_path_factory.getbasetemp(), form, trace)
    parts = [replayed(path, speed, segment, segments) for segment in range(segments)]
    made = {number: one for part in parts for number, one in part.items()}
    assert sum(map(len, parts)) == len(made) == len(trace)
    first = min(at for at, *_ in trace)
    for (at, op, key, version), number in zip(sorted(trace, key=lambda one: one[0]), sorted(made), strict=True):
        offset_ns, made_op, made_key, body = made[number]
        assert (made_op, made_key) == (op, key)
        assert offset_ns / 1000 == pytest.approx((at - first) / speed, abs=2)
        if op in ("insert", "update"):
            values = body["Item"] if op == "insert" else body["ExpressionAttributeValues"]
            assert {"N": str(version)} in values.values()


@settings(deadline=None)
@given(trace=traces, speed=st.sampled_from([1.0, 4.0]), n=st.integers(min_value=0, max_value=40))
def test_the_profile_counts_what_is_due(
    tmp_path_factory: pytest.TempPathFactory, trace: list[Operation], speed: float, n: int
) -> None:
    profile = recorded(write(tmp_path_factory.getbasetemp(), "seconds", trace), speed)
    times = list(profile.times())
    assert times == sorted(times)
    assert times[0] == 0
    assert times[-1] < profile.duration_s
    assert profile.expected(profile.duration_s) == len(trace)
    assert profile.at(n) == (times[n] if n < len(times) else profile.duration_s)
    assert profile.expected(profile.at(n)) <= n
    assert [profile.expected(t_s) for t_s in times] == [sum(one < t_s for one in times) for t_s in times]


def test_what_is_written_is_what_the_trace_says(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text(
        '{"at":1,"op":"put","key":{"id":"a","n":3},"item":{"total":12.50,"tags":["x"],"left":null}}\n'
        '{"at":2,"op":"put","key":{"id":"a","n":4}}\n'
    )
    script = TraceScript(path, "t", ("id", "n"), item_bytes=1024)
    workload = Scripted(script, {"t": ("id", "n")}, seed=1)
    first, second = (workload.write(arrival) for arrival in workload.arrivals(iter([0, 1])))
    assert first is not None
    assert second is not None
    item = msgspec.json.decode(first.body)["Item"]
    assert item.pop("total")["N"] == str(Decimal("12.5"))
    assert item == {"id": {"S": "a"}, "n": {"N": "3"}, "tags": {"L": [{"S": "x"}]}, "left": {"NULL": True}}
    assert (first.key, second.key) == ("a/3", "a/4")
    assert second.units == 1
    assert len(second.body) > 1000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no operations"),
        ('{"at":1,"op":"put","key":"a"}\n{"at":1}\n', "Line 2 of the trace"),
        ('{"at":1,"op":"scan","key":"a"}', "'scan' is not an operation: it is one of insert, put, update"),
        ('{"at":"yesterday","op":"put","key":"a"}', "Line 1 of the trace"),
        ('{"at":1,"op":"put","key":7}', "Line 1 of the trace"),
        ("[1]", "Line 1 of the trace"),
        ("no JSON", "Line 1 of the trace"),
        ('{"at":"inf","op":"put","key":"a"}', "Line 1 of the trace .*: inf is not a time"),
        ('{"at":1e300,"op":"put","key":"a"}\n{"at":0,"op":"put","key":"b"}', "lasts more than 30 years"),
        ('{"at":"2026-01-02T00:00:00Z","op":"put","key":"a"}\n{"at":5,"op":"put","key":"b"}', "`at` of all operations"),
    ],
)
def test_a_trace_that_is_none_is_refused_in_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text(text)
    with pytest.raises(UserError, match=said):
        recorded(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('at,op,key\n0,put,"a\n', "is not CSV: unexpected end of data"),
        ("at,op,key\n0,put\n", "Line 2 of the trace .* missing required field `key`"),
        ('at,op,key,item\n0,put,"a\nb",{}\n1,put,a,{\n', "Line 4 of the trace"),
        ("at,op,key,item\n0,put,a,[1]\n", "Line 2 of the trace"),
    ],
)
def test_a_table_that_is_no_trace_is_refused_in_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "trace.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=said):
        recorded(path)


def test_a_cell_of_a_table_has_the_attributes_as_json(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    with path.open("w", newline="") as out:
        csv.writer(out).writerows(
            [
                ["at", "op", "key", "version", "item"],
                [0, "put", "a", "", '{"total":12.50,"x":[1]}'],
                [1, "put", "b", 7, ""],
            ]
        )
    first, second = load(path)
    assert first.item == {"total": Decimal("12.5"), "x": [1]}
    assert (second.item, second.version) == (None, 7)


def test_an_item_may_repeat_its_key_but_not_contradict_it(tmp_path: Path) -> None:
    """UpdateItem refuses an assignment to an attribute of the key ("This attribute is part of the key")."""
    path = tmp_path / "trace.jsonl"
    path.write_text(
        '{"at":1,"op":"update","key":"a","item":{"id":"a","total":1}}\n'
        '{"at":2,"op":"put","key":"a","item":{"id":"b","total":1}}\n'
    )
    workload = Scripted(TraceScript(path, "t", ("id",)), {"t": ("id",)}, seed=1)
    arrivals = workload.arrivals(iter([0, 1]))
    written = workload.write(next(arrivals))
    assert written is not None
    assert list(msgspec.json.decode(written.body)["ExpressionAttributeNames"].values()) == ["total"]
    workload.finish(written, WriteResult.APPLIED)
    assert next(arrivals, None) is None
    assert "the item has another 'id' than the key 'a'" in str(workload.failure)
