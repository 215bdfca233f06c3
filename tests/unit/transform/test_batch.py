from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.unit.transform.changes import KEY, data_of, native_event, pipe_event, records_of, row_of
from transform.batch import RESPONSE_LIMIT_BYTES, Answer, Record, Transform
from transform.schema import TABLE
from transform.settings import FunctionSettings, from_environment

LAMBDA_LIMIT_BYTES = 6 * 1024 * 1024
EXPIRED = {"userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"}}
EXPIRED_IN_API = {"userIdentity": {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}}
DEEP = b'{"eventID":"e","eventName":"INSERT","dynamodb":{"ApproximateCreationDateTime":1,"NewImage":' + b'{"M":' * 10**5

UNREADABLE: dict[str, list[Any]] = {
    "Error": ["*", "QUJD*", "QQ", "Q", "Zm9v\n", "é"],
    "DecodeError": [b"", b"{", b"nonsense", b"\xff", b'{"eventID":"\\ud800"}', data_of(pipe_event()) + b"x"],
    "ValidationError": [b"null", b"[]", b"{}", b'"text"', data_of({"eventID": 1})],
    "UnicodeDecodeError": [data_of(pipe_event(NewImage={"a": {"S": "é"}})).replace("é".encode(), b"\xe9")],
    "RecursionError": [DEEP],
    "KeyError": [None],
    "TypeError": [5],
    "operation": [pipe_event("UPSERT")],
    "event_id": [pipe_event() | {"eventID": ""}],
    "time": [pipe_event(ApproximateCreationDateTime="now")],
    "sequence_number": [pipe_event(SequenceNumber="x")],
    "image": [pipe_event(NewImage=5)],
    "key": [pipe_event(NewImage={}), pipe_event(NewImage={"order_id": {"N": "1"}}), native_event(NewImage={"a": {}})],
}


def transform(**settings: Any) -> Transform:
    return Transform(TABLE, FunctionSettings(**settings))


def record(content: Any) -> Record:
    """A record whose content cannot be read: invalid base64, bytes, an event, or no data at all."""
    if isinstance(content, str):
        return {"recordId": "id", "data": content}
    broken: Any = {"recordId": "id"} if content is None else {"recordId": "id", "data": content}
    return broken if content in (None, 5) else records_of(content)[0]


def size_of(content: Any) -> int:
    """The bytes of a record's content; what is not base64 has none."""
    if content is None or isinstance(content, str | int):
        return 0
    return len(content if isinstance(content, bytes) else data_of(content))


@pytest.mark.parametrize(
    ("reason", "content"),
    [
        pytest.param(reason, content, id=f"{reason}-{index}")
        for reason, contents in UNREADABLE.items()
        for index, content in enumerate(contents)
    ],
)
def test_a_record_that_cannot_be_read_fails_alone_and_keeps_its_data(reason: str, content: Any) -> None:
    bad = record(content)
    (good, *_) = records_of(pipe_event())
    answers, counters = transform().answer([good, bad, good])
    assert [answer["result"] for answer in answers] == ["Ok", "ProcessingFailed", "Ok"]
    assert answers[1] == {
        "recordId": bad["recordId"],
        "result": "ProcessingFailed",
        "data": "" if content in (None, 5) else bad["data"],
    }
    assert answers[0].get("data") == answers[2].get("data")
    assert counters.failures == {reason: 1}
    assert (counters.records, counters.ok, counters.failed, counters.dropped) == (3, 2, 1, 0)
    assert counters.bytes_in == 2 * len(data_of(pipe_event())) + size_of(content)


def test_no_records_no_answers() -> None:
    answers, counters = transform().answer([])
    assert answers == []
    assert (counters.records, counters.ok, counters.oldest_us, counters.bytes_out) == (0, 0, None, 0)


def test_every_record_is_answered_once_in_order() -> None:
    records = records_of(*[pipe_event("INSERT", SequenceNumber=str(index)) for index in range(700)])
    answers, _ = transform().answer(records)
    assert [answer["recordId"] for answer in answers] == [record["recordId"] for record in records]
    assert [int(row_of(answer)["sequence"][-40:]) for answer in answers] == list(range(700))


def test_every_run_of_a_batch_is_counted() -> None:
    events = [pipe_event(SequenceNumber=str(index), ApproximateCreationDateTime=1000 + index) for index in range(400)]
    for index in (0, 1, 150, 399):
        events[index]["eventName"] = "UPSERT"
    events[2]["dynamodb"]["NewImage"] = events[300]["dynamodb"]["NewImage"] = KEY | {"total": {"N": "0.001"}}
    _, counters = transform().answer(records_of(*events))
    assert (counters.records, counters.ok, counters.failed, counters.failures) == (400, 396, 4, {"operation": 4})
    assert (counters.oldest_us, counters.operations["INSERT"]) == (1_002_000_000, 396)
    assert (counters.mismatches, counters.slow_path) == ({"total": 2}, 6)
    assert counters.bytes_in == sum(len(data_of(event)) for event in events)
    _, counters = transform(drop=frozenset({"INSERT"})).answer(records_of(*events))
    assert (counters.ok, counters.dropped, counters.failed) == (0, 396, 4)


def test_a_row_made_with_care_has_all_the_others_have() -> None:
    address = {"shipping_address": {"M": {"city": {"S": "Köln"}}}, "status": {"S": "paid"}}
    events = [
        pipe_event("MODIFY", NewImage=KEY | address | {"total": {"N": number}}, OldImage=KEY)
        for number in ("12.5", "1.25E1")
    ]
    answers, _ = transform().answer(records_of(*events))
    fast, slow = map(row_of, answers)
    assert (fast.pop("after"), slow.pop("after")) == tuple(
        json.dumps(event["dynamodb"]["NewImage"], ensure_ascii=False) for event in events
    )
    assert fast == slow
    assert (fast["shipping_city"], fast["status"], fast["total"]) == ("Köln", "paid", "12.5")


def test_a_batch_is_counted() -> None:
    events = [pipe_event("INSERT"), pipe_event("MODIFY"), pipe_event("REMOVE"), native_event("MODIFY")]
    events[1]["dynamodb"]["ApproximateCreationDateTime"] = 1795356180
    answers, counters = transform().answer(records_of(*events))
    assert counters.operations == {"INSERT": 1, "MODIFY": 2, "REMOVE": 1}
    assert counters.oldest_us == 1795356180_000_000
    assert counters.bytes_in == sum(len(data_of(event)) for event in events)
    assert (
        len(json.dumps({"records": answers})) - 40 <= counters.bytes_out <= len(json.dumps({"records": answers})) + 100
    )


def test_a_value_that_does_not_fit_is_null_and_counted_and_the_image_keeps_it() -> None:
    item = KEY | {"total": {"N": "12.345"}, "status": {"N": "5"}, "version": {"NULL": True}, "gift": {"S": "yes"}}
    event = pipe_event(NewImage=item)
    ((answer,), counters) = transform().answer(records_of(event))
    row = row_of(answer)
    assert (row["total"], row["status"], row["version"], row["gift"]) == (None, None, None, None)
    assert json.loads(row["after"]) == item
    assert counters.mismatches == {"total": 1, "status": 1, "gift": 1}


@pytest.mark.parametrize(
    ("address", "city", "mismatches"),
    [
        ({"M": {"city": {"S": "Köln"}}}, "Köln", {}),
        ({"M": {}}, None, {}),
        ({"NULL": True}, None, {}),
        ({"M": {"city": {"NULL": True}}}, None, {}),
        ({"S": "Köln"}, None, {"shipping_city": 1}),
        ({"M": {"city": {"M": {}}}}, None, {"shipping_city": 1}),
        ({"M": []}, None, {"shipping_city": 1}),
        ({"M": {"city": "Köln"}}, None, {"shipping_city": 1}),
    ],
)
def test_a_column_may_come_from_a_nested_map(address: object, city: object, mismatches: dict[str, int]) -> None:
    event = pipe_event(NewImage=KEY | {"shipping_address": address})
    ((answer,), counters) = transform().answer(records_of(event))
    assert row_of(answer)["shipping_city"] == city
    assert counters.mismatches == mismatches


def test_an_item_nested_to_dynamodbs_32_levels_is_kept() -> None:
    value: dict[str, Any] = {"N": "1"}
    for depth in range(31):
        value = {"M": {"m": value}} if depth % 2 else {"L": [value]}
    item = KEY | {"deep": value}
    ((answer,), _) = transform().answer(records_of(pipe_event(NewImage=item)))
    assert json.loads(row_of(answer)["after"]) == item


@pytest.mark.parametrize(
    ("drop", "event", "result"),
    [
        ((), pipe_event("REMOVE") | EXPIRED, "Ok"),
        (("REMOVE",), pipe_event("REMOVE"), "Dropped"),
        (("REMOVE",), pipe_event("INSERT"), "Ok"),
        (("EXPIRED",), pipe_event("REMOVE") | EXPIRED, "Dropped"),
        (("EXPIRED",), pipe_event("REMOVE") | EXPIRED_IN_API, "Dropped"),
        (("EXPIRED",), pipe_event("REMOVE"), "Ok"),
    ],
)
@pytest.mark.parametrize("total", ["1", "1E0"], ids=["fast path", "slow path"])
def test_only_what_a_setting_names_is_dropped(
    drop: tuple[str, ...], event: dict[str, Any], result: str, total: str
) -> None:
    item = KEY | {"total": {"N": total}}
    images = dict.fromkeys(event["dynamodb"].keys() & {"NewImage", "OldImage"}, item)
    event = event | {"dynamodb": event["dynamodb"] | images}
    ((answer,), counters) = transform(drop=frozenset(drop)).answer(records_of(event))
    assert (answer["result"], counters.slow_path) == (result, int(total != "1"))
    assert ("data" in answer) == (result == "Ok")
    assert (counters.dropped, counters.ok) == ((1, 0) if result == "Dropped" else (0, 1))


def test_partition_keys_are_in_the_metadata() -> None:
    settings = from_environment({"TRANSFORM_PARTITION_BY": "region,gift,version,changed_at:hour,ordered_at:day"}, TABLE)
    item = KEY | {"region": {"S": "EMEA"}, "gift": {"BOOL": False}, "version": {"N": "0"}}
    records = records_of(pipe_event(NewImage=item), pipe_event("REMOVE"), b"")
    answers, counters = Transform(TABLE, settings).answer(records)
    plainly, _ = transform().answer(records)
    bare = [{name: part for name, part in answer.items() if name != "metadata"} for answer in answers]
    assert bare == plainly
    assert response_size(answers) - 100 <= counters.bytes_out <= response_size(answers) + 12 * 200
    assert [answer.get("metadata") for answer in answers] == [
        {
            "partitionKeys": {
                "region": "EMEA",
                "gift": "false",
                "version": "0",
                "changed_at_hour": "2026-11-22-14",
                "ordered_at_day": "__HIVE_DEFAULT_PARTITION__",
            }
        },
        {
            "partitionKeys": {
                "region": "__HIVE_DEFAULT_PARTITION__",
                "gift": "__HIVE_DEFAULT_PARTITION__",
                "version": "__HIVE_DEFAULT_PARTITION__",
                "changed_at_hour": "2026-11-22-14",
                "ordered_at_day": "__HIVE_DEFAULT_PARTITION__",
            }
        },
        None,
    ]


def test_an_empty_partition_value_is_replaced() -> None:
    settings = from_environment({"TRANSFORM_PARTITION_BY": "region"}, TABLE)
    event = pipe_event(NewImage=KEY | {"region": {"S": ""}})
    ((answer,), _) = Transform(TABLE, settings).answer(records_of(event))
    assert answer.get("metadata") == {"partitionKeys": {"region": "__HIVE_DEFAULT_PARTITION__"}}


def response_size(answers: list[Answer]) -> int:
    """As Lambda's runtime writes it."""
    return len(json.dumps({"records": answers}))


def test_an_answers_size_is_no_less_than_what_the_runtime_writes() -> None:
    records = records_of(*[pipe_event(NewImage=KEY | {"region": {"S": "EMEA"}})] * 50, b"nonsense")
    for index, record_ in enumerate(records):
        record_["recordId"] = f"{index:0300d}"
    answers, counters = transform().answer(records)
    assert 0 <= counters.bytes_out - response_size(answers) <= 51 * len("ProcessingFailed")
    settings = from_environment({"TRANSFORM_PARTITION_BY": "region,changed_at:hour"}, TABLE)
    answers, counters = Transform(TABLE, settings).answer(records)
    longest = 11 * len("EMEA" + "2026-11-22-14")
    assert 0 <= counters.bytes_out - response_size(answers) <= 51 * (len("ProcessingFailed") + longest)
    assert counters.bytes_out - response_size(answers) >= 50 * longest


def sized_events(*sizes: int) -> list[dict[str, Any]]:
    """Events with a note of nothing but quotes, of which a row has twice the bytes."""
    return [
        pipe_event(NewImage=KEY | {"note": {"S": '"' * size}}, SequenceNumber=str(i)) for i, size in enumerate(sizes)
    ]


def test_rows_that_fit_are_all_there() -> None:
    answers, counters = transform().answer(records_of(*sized_events(*[90_000] * 12)))
    assert counters.over_limit == 0
    assert 5_000_000 < response_size(answers) < RESPONSE_LIMIT_BYTES


def test_of_rows_that_do_not_fit_the_fewest_are_left_out_those_that_save_the_most() -> None:
    records = records_of(*sized_events(1000, 5000, 2000, 4000))
    whole, _ = transform().answer(records)
    tight = Transform(TABLE, FunctionSettings(), limit_bytes=response_size(whole) - 1)
    answers, counters = tight.answer(records)
    assert [answer["result"] for answer in answers] == ["Ok", "ProcessingFailed", "Ok", "Ok"]
    assert [answer["recordId"] for answer in answers] == [record["recordId"] for record in records]
    assert answers[1].get("data") == records[1]["data"]
    assert (counters.ok, counters.failed, counters.over_limit, counters.failures) == (3, 1, 1, {"over_limit": 1})
    assert counters.bytes_out == pytest.approx(response_size(answers), abs=100)


def test_a_limit_that_is_met_exactly_holds_nothing_back() -> None:
    records = records_of(*sized_events(1000, 5000))
    size = transform().answer(records)[1].bytes_out
    whole = Transform(TABLE, FunctionSettings(), limit_bytes=size).answer(records)[1]
    assert (whole.over_limit, whole.failures) == (0, {})
    shrunk = Transform(TABLE, FunctionSettings(), limit_bytes=size - 1).answer(records)[1]
    assert shrunk.over_limit == 1
    assert Transform(TABLE, FunctionSettings(), limit_bytes=shrunk.bytes_out).answer(records)[1].over_limit == 1
    assert Transform(TABLE, FunctionSettings(), limit_bytes=shrunk.bytes_out - 1).answer(records)[1].over_limit == 2


@pytest.mark.parametrize("partition_by", ["", "region,changed_at:hour"])
def test_a_record_that_is_left_out_takes_the_room_of_an_unreadable_one(partition_by: str) -> None:
    settings = from_environment({"TRANSFORM_PARTITION_BY": partition_by}, TABLE)
    small, large = records_of(*sized_events(10, 5000))
    size = Transform(TABLE, settings).answer([small, large])[1].bytes_out
    _, shrunk = Transform(TABLE, settings, limit_bytes=size - 1).answer([small, large])
    unreadable: Record = {"recordId": large["recordId"], "data": "*" * len(large["data"])}
    _, counters = Transform(TABLE, settings).answer([small, unreadable])
    assert (shrunk.over_limit, shrunk.bytes_out) == (1, counters.bytes_out)


def test_the_greatest_request_has_an_answer_that_fits() -> None:
    """A request at Lambda's limit, of records whose rows are three times as long, beside some that cannot be read."""
    quotes = {"S": '"' * 90_000}
    (record_,) = records_of(pipe_event(NewImage=KEY | {"note": quotes, "status": quotes}))
    request_bytes = len(json.dumps(record_ | {"approximateArrivalTimestamp": 1795356187000}, separators=(",", ":")))
    records = [record_] * (LAMBDA_LIMIT_BYTES // request_bytes)
    for extra in ([], records_of(b"x" * (LAMBDA_LIMIT_BYTES % request_bytes * 3 // 4 - 200))):
        answers, counters = transform().answer(records + extra)
        assert response_size(answers) <= LAMBDA_LIMIT_BYTES
        assert counters.over_limit > 0
        assert counters.ok + counters.failed == len(records) + len(extra)


def test_what_gave_way_is_a_row_when_it_is_replayed() -> None:
    records = records_of(*sized_events(*[250_000] * 6))
    answers, counters = transform().answer(records)
    assert response_size(answers) <= RESPONSE_LIMIT_BYTES
    failed = [record for record, answer in zip(records, answers, strict=True) if answer["result"] != "Ok"]
    assert 0 < len(failed) == counters.over_limit < 6
    replayed, _ = transform().answer(failed)
    rows = [row_of(answer) for answer in [*answers, *replayed] if answer["result"] == "Ok"]
    assert sorted(int(row["sequence"][-40:]) for row in rows) == list(range(6))
    assert all(json.loads(row["after"])["note"]["S"] == '"' * 250_000 for row in rows)


@pytest.mark.parametrize("text", ["x", '"', "\\", "\n", "\x00", "é", "𝄞"])
def test_a_row_is_at_most_three_times_its_record(text: str) -> None:
    longest = KEY | {"status": {"S": text * 20_000}}
    for ensure_ascii in (True, False):
        data = json.dumps(pipe_event(NewImage=longest), ensure_ascii=ensure_ascii, separators=(",", ":")).encode()
        ((answer,), _) = transform().answer([{"recordId": "", "data": base64.b64encode(data).decode()}])
        assert len(base64.b64decode(answer.get("data", ""))) <= 3 * len(data) + 600


def test_a_megabyte_of_the_smallest_records_fits() -> None:
    records = records_of(*[pipe_event("REMOVE")] * (2**20 // len(data_of(pipe_event("REMOVE")))))
    answers, counters = transform().answer(records)
    assert counters.over_limit == 0
    assert response_size(answers) < RESPONSE_LIMIT_BYTES


def test_the_writer_keeps_nothing_of_a_batch() -> None:
    both = transform()
    first, _ = both.answer(records_of(*sized_events(5000)))
    both.answer(records_of(*sized_events(10, 100_000)))
    assert both.answer(records_of(*sized_events(5000)))[0] == first
