"""A pipe from Kinesis to an event bus: its configuration, its events, PutEvents, and what a rule's target gets."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from sandbox.awsjson import AwsJson
from sandbox.front.events import target_input
from sandbox.pipes.bus import MAXIMUM_BYTES, BusTarget, OutgoingEvent
from sandbox.pipes.config import PipeConfig, UnsupportedPipeError, parse_pipe
from sandbox.pipes.runner import compile_steps
from sandbox.pipes.source import KinesisEvents
from sandbox.pipes.target import Rejection, to_retry
from sandbox.shards import RecordPage
from sandbox.streams import KinesisRecord, KinesisStream

STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
BUS = "arn:aws:events:eu-west-1:123456789012:event-bus/orders"


def description(**changed: Any) -> dict[str, Any]:
    return {
        "Name": "orders",
        "Arn": "arn:aws:pipes:eu-west-1:123456789012:pipe/orders",
        "Source": STREAM,
        "Target": BUS,
        "CreationTime": datetime(2026, 11, 22, tzinfo=UTC),
        "SourceParameters": {
            "KinesisStreamParameters": {
                "StartingPosition": "TRIM_HORIZON",
                "BatchSize": 10,
                "MaximumRetryAttempts": 3,
                "OnPartialBatchItemFailure": "AUTOMATIC_BISECT",
                "DeadLetterConfig": {"Arn": "arn:aws:sqs:eu-west-1:123456789012:dead"},
            }
        },
        "TargetParameters": {
            "EventBridgeEventBusParameters": {"DetailType": "$.data.status", "Source": "shop"},
            "InputTemplate": '{"id": "<$.data.id>"}',
        },
    } | changed


def source(**parameters: Any) -> dict[str, Any]:
    return {
        "SourceParameters": {"KinesisStreamParameters": {"StartingPosition": "LATEST", "BatchSize": 1, **parameters}}
    }


def test_its_configuration_is_read_from_the_parameters_of_its_kinds() -> None:
    config = parse_pipe(description())
    assert (config.reads_kinesis, config.writes_to_bus) == (True, True)
    assert (config.batch_size, config.maximum_retry_attempts, config.bisect) == (10, 3, True)
    assert (config.detail_type, config.event_source) == ("$.data.status", "shop")
    assert config.dead_letter_arn == "arn:aws:sqs:eu-west-1:123456789012:dead"


def test_source_and_detail_type_have_pipes_defaults() -> None:
    config = parse_pipe(description(TargetParameters={}))
    assert (config.detail_type, config.event_source) == ("Event from aws:pipes", "Pipe orders")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (source(BatchSize=11), "has batches of 11: the maximum for an event bus is 10"),
        (source(StartingPosition="AT_TIMESTAMP"), "starts AT_TIMESTAMP"),
        ({"Target": STREAM}, "has no KinesisStreamParameters.PartitionKey"),
        ({"Target": "arn:aws:sqs:eu-west-1:123456789012:queue"}, "only Kinesis streams and event buses"),
        ({"Source": "arn:aws:sqs:eu-west-1:123456789012:queue"}, "only DynamoDB streams and Kinesis streams"),
    ],
)
def test_what_is_not_run_here_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(UnsupportedPipeError, match=says):
        parse_pipe(description(**changed))


class Stream(KinesisStream):
    """One page of one shard."""

    def __init__(self, *data: bytes) -> None:
        super().__init__(AwsJson("http://127.0.0.1:9", "kinesis", "eu-west-1"), STREAM)
        self.records = [KinesisRecord(str(i), 1000.5, "key", one) for i, one in enumerate(data)]

    def iterator(self, shard_id: str, after: str | None) -> str:
        return f"{shard_id} {after}"

    def read(self, iterator: str) -> RecordPage[KinesisRecord]:
        records, self.records = self.records, []
        return RecordPage(records, iterator, at_tip=True, more=False)


def events(*data: bytes) -> list[dict[str, Any]]:
    reader = KinesisEvents(Stream(*data), parse_pipe(description()))
    iterator = reader.iterator("shardId-000000000000", None)
    page = reader.read(iterator)
    assert page.iterator is not None
    assert reader.read(page.iterator).records == []
    return [record.event for record in page.records]


def test_a_record_is_an_event_as_pipes_shows_it() -> None:
    (event,) = events(b'{"status": "paid"}')
    assert event == {
        "kinesisSchemaVersion": "1.0",
        "partitionKey": "key",
        "sequenceNumber": "0",
        "data": {"status": "paid"},
        "approximateArrivalTimestamp": 1000.5,
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": "shardId-000000000000:0",
        "eventName": "aws:kinesis:record",
        "awsRegion": "eu-west-1",
        "eventSourceARN": STREAM,
    }


@pytest.mark.parametrize("data", [b"\xff\xfe", b"text", b""])
def test_data_that_is_no_json_stays_base64(data: bytes) -> None:
    assert events(data)[0]["data"] == base64.b64encode(data).decode()


def outgoing(config: PipeConfig, data: bytes) -> OutgoingEvent:
    (event,) = events(data)
    made = compile_steps(config).outgoing(event)
    assert isinstance(made, OutgoingEvent)
    return made


def test_an_event_is_made_by_the_template_and_the_paths() -> None:
    made = outgoing(parse_pipe(description()), b'{"status": "paid", "id": "a\\"b"}')
    assert (made.source, made.detail_type) == ("shop", "paid")
    assert json.loads(made.data) == {"id": 'a"b'}


def test_without_a_template_the_event_is_handed_on_with_its_data_in_base64() -> None:
    parameters = {"EventBridgeEventBusParameters": {"DetailType": "x", "Source": "y"}}
    made = outgoing(parse_pipe(description(TargetParameters=parameters)), b'{"a":1}')
    assert json.loads(made.data)["data"] == base64.b64encode(b'{"a":1}').decode()


class FakeBus(AwsJson):
    """Accepts all events but those of the detail types in `refused`."""

    def __init__(self, *refused: str) -> None:
        super().__init__("http://127.0.0.1:9", "events", "eu-west-1")
        self.refused = refused
        self.requests: list[list[dict[str, Any]]] = []

    def call(self, operation: str, request: object, answer: type[Any]) -> Any:
        assert operation == "PutEvents"
        entries: list[dict[str, Any]] = msgspec.json.decode(msgspec.json.encode(request))["Entries"]
        self.requests.append(entries)
        refusal = {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}
        results = [refusal if entry["DetailType"] in self.refused else {"EventId": "1"} for entry in entries]
        return msgspec.convert({"Entries": results}, answer)


def one(detail_type: str | None = "paid", data: bytes = b"{}") -> OutgoingEvent:
    return OutgoingEvent(data, "an id", source="shop", detail_type=detail_type)


def test_a_request_holds_10_events_at_most() -> None:
    bus = FakeBus()
    assert BusTarget(bus, BUS).put([one()] * 25) == {}
    assert [len(entries) for entries in bus.requests] == [10, 10, 5]
    assert bus.requests[0][0] == {"Source": "shop", "DetailType": "paid", "Detail": "{}", "EventBusName": BUS}


def test_a_request_holds_256_kb_at_most() -> None:
    bus = FakeBus()
    assert BusTarget(bus, BUS).put([one(data=b"x" * 100_000)] * 5) == {}
    assert [len(entries) for entries in bus.requests] == [2, 2, 1]


def test_an_event_that_would_spoil_its_request_fails_alone() -> None:
    bus = FakeBus("refused")
    failures = BusTarget(bus, BUS).put([one(None), one("refused"), one(data=b"x" * MAXIMUM_BYTES), one()])
    assert sorted(failures) == [0, 1, 2]
    assert failures[1] == Rejection("ThrottlingException", "slow down")
    assert len(bus.requests) == 1


def test_what_follows_a_failure_is_not_sent_again() -> None:
    config = parse_pipe(description())
    steps = compile_steps(config)
    records = [steps.outgoing(event) for event in events(*[b'{"status": "paid", "id": "a"}'] * 3)]
    assert to_retry(records, {1: Rejection("x", "")}) == [1]


EVENT = {"id": "1", "detail": {"text": 'a "quoted" <b>', "n": 1.5, "none": None}, "ingestion-time": 5}
PATHS = {"text": "$.detail.text", "n": "$.detail.n", "all": "$.detail", "gone": "$.detail.gone"}


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ('{"a": "<text>"}', {"a": 'a "quoted" <b>'}),
        ('{"a": <text>}', {"a": 'a "quoted" <b>'}),
        ('{"a": <n>, "b": "<n>"}', {"a": 1.5, "b": "1.5"}),
        ('{"a": <all>}', {"a": EVENT["detail"]}),
        ('{"a": "<gone>", "b": <gone>}', {"a": "", "b": None}),
        ('"<text> is <n>"', 'a "quoted" <b> is 1.5'),
        ("in words: <n>", "in words: 1.5"),
        ('{"a": "<unknown>"}', {"a": "<unknown>"}),
        ('{"a": <aws.events.event.json>}', {"a": {"id": "1", "detail": EVENT["detail"]}}),
    ],
)
def test_a_targets_input_is_made_by_its_transformer(template: str, made: object) -> None:
    assert target_input(template, PATHS, EVENT) == made


def test_a_target_without_a_transformer_gets_the_event_as_it_is() -> None:
    assert target_input(None, {}, EVENT) == {"id": "1", "detail": EVENT["detail"]}
