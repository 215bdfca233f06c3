"""Workloads of the user's own."""

import random
import re
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from textwrap import dedent
from typing import Any

import msgspec
import pytest

from loadgen.dynamodb.writes import Write, WriteResult
from loadgen.workloads import custom
from loadgen.workloads.attributes import attribute
from loadgen.workloads.custom import (
    Delete,
    Get,
    ItemWrite,
    Put,
    QueryItems,
    Scripted,
    Transact,
    Update,
    load,
    units_each,
)
from stack import UserError

MODULE = """
from loadgen.workloads.custom import Put

class Readings:
    def __init__(self, table):
        self.tables = (table, f"{table}-devices")

    def change(self, n, rng):
        return Put(self.tables[n % 2], {"id": f"device-{rng.randrange(50)}", "n": n})
"""


class Devices:
    """Each device has one item, that is put, updated and deleted in turns."""

    tables = ("devices",)

    def change(self, n: int, rng: random.Random) -> ItemWrite:
        key = {"id": f"device-{rng.randrange(40)}"}
        return (Put("devices", key | {"n": n}), Update("devices", key, {"n": n}), Delete("devices", key))[n % 3]


def writes(segment: int, segments: int, count: int = 300) -> dict[int, Write]:
    workload = Scripted(Devices(), {"devices": ("id",)}, seed=3, segment=segment, segments=segments)
    made: dict[int, Write] = {}
    for arrival in workload.arrivals(iter(range(count))):
        write = workload.write(arrival)
        assert write is not None
        made[arrival.index] = write
        workload.finish(write, WriteResult.APPLIED)
    return made


def test_segments_add_up_and_each_item_is_written_by_one() -> None:
    parts = [writes(segment, 3) for segment in range(3)]
    together = {arrival: write.body for part in parts for arrival, write in part.items()}
    assert together == {arrival: write.body for arrival, write in writes(0, 1).items()}
    keys = [{write.key for write in part.values()} for part in parts]
    assert all(keys)
    assert not keys[0] & keys[1] | keys[1] & keys[2] | keys[0] & keys[2]


def test_an_item_in_flight_is_not_written_again() -> None:
    class One:
        tables = ("t",)

        def change(self, n: int, rng: random.Random) -> ItemWrite:
            return Put("t", {"id": 1, "n": n})

    workload = Scripted(One(), {"t": ("id",)}, seed=1)
    first, second, third = workload.arrivals(iter(range(3)))
    write = workload.write(first)
    assert write is not None
    assert workload.write(second) is None
    workload.finish(write, WriteResult.UNKNOWN)
    assert workload.write(third) is not None


def test_an_update_sets_its_attributes_by_name() -> None:
    workload = Scripted(Devices(), {"devices": ("id",)}, seed=3)
    _, arrival = workload.arrivals(iter(range(2)))
    write = workload.write(arrival)
    assert write is not None
    body = msgspec.json.decode(write.body)
    assert body["TableName"] == "devices"
    assert body["UpdateExpression"] == "SET #0=:0"
    assert body["ExpressionAttributeNames"] == {"#0": "n"}
    assert body["ExpressionAttributeValues"] == {":0": {"N": "1"}}


@pytest.mark.parametrize(
    ("value", "made"),
    [
        ("x", {"S": "x"}),
        (True, {"BOOL": True}),
        (7, {"N": "7"}),
        (Decimal("1.50"), {"N": "1.50"}),
        (b"\x00\xff", {"B": "AP8="}),
        (None, {"NULL": True}),
        (["a", 1], {"L": [{"S": "a"}, {"N": "1"}]}),
        ({"k": {"l": 1}}, {"M": {"k": {"M": {"l": {"N": "1"}}}}}),
        ({"b", "a"}, {"SS": ["a", "b"]}),
        ({1}, {"NS": ["1"]}),
        ({b"a"}, {"BS": ["YQ=="]}),
    ],
)
def test_plain_values_become_attributes(value: object, made: dict[str, Any]) -> None:
    assert attribute(value) == made


@pytest.mark.parametrize("value", [1.5, object(), set[str](), {1, "a"}, {True}])
def test_what_dynamodb_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        attribute(value)


def test_a_script_is_loaded_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "readings_workload.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    script = load("readings_workload:Readings", "readings")
    assert tuple(script.tables) == ("readings", "readings-devices")
    assert units_each(script) == 1
    for name, sentence in (
        ("readings_workload", "names no class"),
        ("nowhere_to_be_found:X", "there is no module"),
        ("readings_workload:Missing", "has no 'Missing'"),
    ):
        with pytest.raises(UserError, match=sentence):
            load(name, "readings")


class Failing:
    """Its hundredth write fails, as `how` says."""

    tables = ("t",)

    def __init__(self, how: Callable[[], ItemWrite]) -> None:
        self._how = how

    def change(self, n: int, rng: random.Random) -> ItemWrite:
        return Put("t", {"id": n}) if n < 100 else self._how()


def by_zero() -> ItemWrite:
    return Put("t", {"id": 1 // 0})


def exits() -> ItemWrite:
    sys.exit(3)


def interrupts() -> ItemWrite:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        (exits, r"write 100 with SystemExit: 3, at test_loadgen_custom.py:\d+\.$"),
        (interrupts, r"write 100 with KeyboardInterrupt, at test_loadgen_custom.py:\d+\.$"),
        (by_zero, r"write 100 with ZeroDivisionError: .*, at test_loadgen_custom.py:\d+\.$"),
        (lambda: Put("t", {"id": 1, "n": 2.5}), "write 100 with TypeError: 2.5 is of no type that DynamoDB holds"),
        (lambda: Put("t", {"n": 1}), "write 100 with ValueError: 't' has the key attribute 'id', which is missing"),
        (lambda: Put("other", {"id": 1}), "write 100 with ValueError: 'other' is not one of its `tables`"),
    ],
)
def test_a_script_that_fails_ends_the_draws_and_says_why(how: Callable[[], ItemWrite], sentence: str) -> None:
    workload = Scripted(Failing(how), {"t": ("id",)}, seed=1)
    assert len(list(workload.arrivals(iter(range(200))))) == 100
    assert workload.failure is not None
    assert re.search(sentence, workload.failure)


def test_a_script_that_fails_at_once_is_reported_before_the_run() -> None:
    with pytest.raises(UserError, match="write 100 with ZeroDivisionError"):
        units_each(Failing(by_zero), 101)


def test_the_example_of_the_documentation_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (custom.__doc__ or "").split("write n:\n")[1].split("\nand name it")[0]
    (tmp_path / "example_readings.py").write_text(dedent(text))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    script = load("example_readings:Readings", "readings")
    workload = Scripted(script, dict.fromkeys(script.tables, ("id",)), seed=5)
    made = [workload.write(arrival) for arrival in workload.arrivals(iter(range(300)))]
    assert {(write.table, write.target) for write in made if write is not None} == {
        ("readings", "PutItem"),
        ("readings", "DeleteItem"),
        ("readings-devices", "UpdateItem"),
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("import nothing_there", "does not load: ModuleNotFoundError: No module named 'nothing_there', at broken_"),
        ("def f(:", "does not load: SyntaxError: invalid syntax, at broken_"),
        ("1 / 0", "does not load: ZeroDivisionError: division by zero, at broken_"),
        ("raise KeyboardInterrupt", "does not load: KeyboardInterrupt, at broken_"),
        ("class Other: pass", "has no 'Load'"),
        ("class Load: pass", r"Load('orders') fails: TypeError: Load() takes no arguments"),
        ("def Load(table, extra): pass", "missing 1 required positional argument: 'extra'"),
        ("def Load(table): return 7", "its `tables` must be a list of the tables' names, not None"),
        ("class Load:\n tables = 'orders'\n def __init__(self, table): pass", "names, not 'orders'"),
        ("class Load:\n tables = ['orders']\n def __init__(self, table): pass", "needs a method change(n, rng)"),
        (
            "class Load:\n tables = ['t']\n def __init__(self, table): pass\n async def change(self, n, rng): pass",
            "needs a method change(n, rng), not async",
        ),
        ("import sys; sys.exit(1)", "does not load: SystemExit: 1, at broken_"),
    ],
)
def test_a_workload_that_cannot_be_made_is_one_sentence(
    text: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"broken_{abs(hash(text))}"
    (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(UserError, match=re.escape(sentence)) as error:
        load(f"{name}:Load", "orders")
    assert "\n" not in str(error.value)


def test_a_change_that_is_no_write_is_one_sentence() -> None:
    class Five(Devices):
        def change(self, n: int, rng: random.Random) -> Any:
            return 5

    workload = Scripted(Five(), {"devices": ("id",)}, seed=3)
    assert list(workload.arrivals(iter(range(3)))) == []
    assert workload.failure == (
        "The workload failed at write 0 with TypeError: "
        "change returned 5, which is not a Put, Update, Delete, Get, QueryItems or Transact."
    )


class Shop:
    """Reads, and moves stock between two items."""

    tables = ("stock",)

    def change(self, n: int, rng: random.Random) -> ItemWrite:
        key = {"shop": "a", "item": n // 5}
        moved = Transact([Put("stock", key | {"left": 1}), Update("stock", {"shop": "b", "item": 0}, {"left": 2})])
        return (moved, moved, Get("stock", key), QueryItems("stock", {"shop": "a"}), QueryItems("stock", key))[n % 5]


def test_a_script_reads_and_writes_in_transactions() -> None:
    workload = Scripted(Shop(), {"stock": ("shop", "item")}, seed=1)
    arrivals = list(workload.arrivals(iter(range(5))))
    assert [arrival.op for arrival in arrivals] == ["transact", "transact", "get", "query", "query"]
    moved, again, *reads = map(workload.write, arrivals)
    assert again is None, "its items are in flight"
    assert moved is not None
    assert [write and write.key for write in reads] == ["a/0", "a", "a/0"], "reads wait for nothing"
    assert all(write is not None and write.units == 0 for write in reads)
    bodies = [msgspec.json.decode(write.body) for write in (moved, *reads) if write is not None]
    put, update = bodies[0]["TransactItems"]
    assert put["Put"] == {"TableName": "stock", "Item": {"shop": {"S": "a"}, "item": {"N": "0"}, "left": {"N": "1"}}}
    assert update["Update"]["UpdateExpression"] == "SET #0=:0"
    assert 1 <= len(bodies[0]["ClientRequestToken"]) <= 36
    assert bodies[1]["Key"] == {"shop": {"S": "a"}, "item": {"N": "0"}}
    assert bodies[2]["KeyConditionExpression"] == "#0=:0"
    assert bodies[3]["KeyConditionExpression"] == "#0=:0 AND #1=:1"
    assert bodies[3]["ExpressionAttributeNames"] == {"#0": "shop", "#1": "item"}
    workload.finish(moved, WriteResult.APPLIED)
    assert workload.write(arrivals[1]) is not None
    assert units_each(Shop(), 5) == pytest.approx(2 * 4 / 5)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Transact([]), "a transaction has 1 to 100 writes, not 0"),
        (Transact([Get("t", {"id": 1})]), "which is not a Put, Update or Delete"),  # pyright: ignore[reportArgumentType]
        (QueryItems("t", {"id": 1, "left": 2}), "'t' has no key attribute 'left' to query by"),
        (Get("t", {"left": 2}), "'t' has the key attribute 'id', which is missing"),
    ],
)
def test_a_read_or_a_transaction_that_cannot_be_is_refused(change: ItemWrite, said: str) -> None:
    class One:
        tables = ("t",)

        def change(self, n: int, rng: random.Random) -> ItemWrite:
            return change

    workload = Scripted(One(), {"t": ("id",)}, seed=1)
    assert list(workload.arrivals(iter(range(2)))) == []
    assert workload.failure is not None
    assert said in workload.failure
