"""The program with its event fan-out in a sandbox: writes to the table, and the messages in the consumer's queue."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.deploy import deploy
from sandbox.state import StateDir, client
from tests.conftest import SandboxServer
from tests.integration.sandbox.dataplane import Sandbox, wait_until

ROOT = Path(__file__).parents[3]
FORWARD = f"""
import runpy, sys
sys.path[0] = {str(ROOT)!r}
runpy.run_path({str(ROOT / "__main__.py")!r}, run_name="__main__")
"""
Received = Counter[tuple[str, str]]


@dataclass
class Fanout:
    """A deployed fan-out: orders are written by DynamoDB's API, events are read from the queue by SQS's."""

    sandbox: Sandbox
    outputs: Mapping[str, str]
    messages: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def put(self, order_id: str, status: str | None, units: str = "1", **attributes: Any) -> None:
        item: dict[str, Any] = {"order_id": {"S": order_id}, "item_count": {"N": units}, **attributes}
        if status is not None:
            item["status"] = {"S": status}
        self.sandbox.client("dynamodb").put_item(TableName=self.outputs["table_name"], Item=item)

    def delete(self, order_id: str) -> None:
        key = {"order_id": {"S": order_id}}
        self.sandbox.client("dynamodb").delete_item(TableName=self.outputs["table_name"], Key=key)

    def received(self, prefix: str) -> Received:
        """Return the number of each event of each order with this prefix in the queue."""
        sqs, url = self.sandbox.client("sqs"), self.outputs["event_queue_url"]
        while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                self.messages.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return Counter((message["event"], order_id) for message in self.messages if (order_id := of(message, prefix)))

    def drained(self, prefix: str) -> Received:
        """Return the events after a new order's event has arrived: the pipe preserves each shard's order."""
        markers = [f"{prefix}-marker-{number}" for number in range(32)]
        for marker in markers:
            self.put(marker, "placed")
        wait_until(
            lambda: self.received(f"{prefix}-marker").keys() >= {("order placed", m) for m in markers}, "the markers"
        )
        received = self.received(prefix)
        return Counter({event: count for event, count in received.items() if "-marker-" not in event[1]})


def of(message: dict[str, Any], prefix: str) -> str:
    order_id = str(message["change"]["order"]["order_id"])
    return order_id if order_id.startswith(prefix) else ""


def deployed(endpoint_url: str, project: Path, stack: str, like: str) -> dict[str, Any]:
    """Return the outputs of a copy of a project's stack with the fan-out."""
    (project / "__main__.py").write_text(FORWARD)
    (project / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    chosen = "  sales-analytics-cdc:eventFanout: true\n  sales-analytics-cdc:largeOrderThreshold: 12\n"
    (project / f"Pulumi.{stack}.yaml").write_text((ROOT / f"Pulumi.{like}.yaml").read_text() + chosen)
    return deploy(project, stack, endpoint_url, StateDir(project / "state"), lambda _line: None)


@pytest.fixture(scope="module")
def fanout(dataplane: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Generator[Fanout]:
    outputs = deployed(dataplane.endpoint_url, tmp_path_factory.mktemp("fanout"), "fan-out", "local")
    dataplane.start("pipes")
    yield Fanout(dataplane, outputs)
    dataplane.end_workers()
    dataplane.remove_all()


def test_each_domain_event_is_published_once_and_nothing_else_is(fanout: Fanout) -> None:
    fanout.put("life-1", "placed", units="11")
    for status in ("paid", "shipped", "delivered", "returned"):
        fanout.put("life-1", status, units="11")
    fanout.delete("life-1")
    fanout.put("life-2", "placed", units="12")
    fanout.put("life-2", "cancelled", units="12")
    fanout.put("life-3", "paid", units="100")
    fanout.put("life-3", "paid", units="101")
    fanout.put("life-4", "placed", units="100")
    fanout.put("life-4", "placed", units="101")
    assert fanout.drained("life") == Counter(
        [
            ("order placed", "life-1"),
            ("order paid", "life-1"),
            ("order placed", "life-2"),
            ("large order", "life-2"),
            ("order cancelled", "life-2"),
            ("order placed", "life-4"),
            ("large order", "life-4"),
        ]
    )


def test_a_status_that_comes_out_of_nothing_has_become_something(fanout: Fanout) -> None:
    fanout.put("nothing-1", None)
    fanout.put("nothing-1", "paid")
    assert fanout.drained("nothing") == Counter([("order paid", "nothing-1")])


@pytest.mark.parametrize(
    ("prefix", "attributes"),
    [
        ("missing-count", {"item_count": {"S": "many"}}),
        ("null-count", {"item_count": {"NULL": True}}),
    ],
)
def test_an_order_without_a_count_is_not_a_large_one(prefix: str, attributes: dict[str, Any], fanout: Fanout) -> None:
    fanout.put(prefix, "placed", **attributes)
    assert fanout.drained(prefix) == Counter([("order placed", prefix)])


def test_a_message_says_what_happened_to_which_order_and_loses_no_digit(fanout: Fanout) -> None:
    total = "12345678901234567890.123456789012345678"
    city = 'Köln "Süd"\n'
    more: dict[str, Any] = {"total": {"N": total}, "gift": {"BOOL": True}}
    more["shipping_address"] = {"M": {"city": {"S": city}}}
    fanout.put("shape-1", "placed", **more)
    fanout.put("shape-1", "paid", **more)
    assert fanout.drained("shape")["order paid", "shape-1"] == 1
    (message,) = [one for one in fanout.messages if one["event"] == "order paid" and of(one, "shape")]
    assert set(message) == {"event", "id", "change"}
    change = message["change"]
    assert set(change) == {"event_id", "op", "was", "order"}
    assert (change["op"], change["was"]) == ("MODIFY", "placed")
    records = [record["Data"] for record in fanout.sandbox.records(fanout.outputs["stream_name"])]
    assert change["event_id"] in {json.loads(data)["eventID"] for data in records if b'"shape-1"' in data}
    assert change["order"]["total"] == total
    assert change["order"]["gift"] == "true"
    assert change["order"]["shipping_city"] == city
    assert change["order"]["customer_id"] == ""


def test_changes_of_native_capture_are_published_too(fanout: Fanout) -> None:
    record = json.loads((ROOT / "tests/events/native-microseconds.json").read_text())
    record["dynamodb"]["NewImage"]["order_id"] = {"S": "native-1"}
    put(fanout, json.dumps(record).encode())
    assert fanout.drained("native") == Counter([("order paid", "native-1")])


def test_a_record_that_is_no_change_is_passed_over(fanout: Fanout) -> None:
    for data in (b"\xff\x00", b"[1]", b'"text"', b"null", b"{}"):
        put(fanout, data)
    fanout.put("after-1", "placed")
    assert fanout.drained("after") == Counter([("order placed", "after-1")])


def put(fanout: Fanout, data: bytes) -> None:
    kinesis = fanout.sandbox.client("kinesis")
    kinesis.put_record(StreamName=fanout.outputs["stream_name"], Data=data, PartitionKey="any")


def test_what_the_bus_never_takes_goes_to_the_dead_letter_queue(fanout: Fanout) -> None:
    sqs = fanout.sandbox.client("sqs")
    url = sqs.create_queue(QueueName="dead-events")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    source = fanout.sandbox.stream("dead-events")
    fanout.sandbox.client("pipes").create_pipe(
        Name="dead-events",
        RoleArn="arn:aws:iam::123456789012:role/any",
        Source=source,
        SourceParameters={
            "KinesisStreamParameters": {
                "StartingPosition": "TRIM_HORIZON",
                "BatchSize": 10,
                "MaximumRetryAttempts": 1,
                "DeadLetterConfig": {"Arn": queue},
            }
        },
        Target="arn:aws:events:eu-west-1:123456789012:event-bus/missing",
        TargetParameters={"InputTemplate": '{"data": <$.data>}'},
    )
    fanout.sandbox.client("kinesis").put_record(StreamName="dead-events", Data=b"1", PartitionKey="any")
    (message,) = wait_until(lambda: sqs.receive_message(QueueUrl=url).get("Messages"), "a dead letter")
    body = json.loads(message["Body"])
    assert body["context"]["condition"] == "RetryAttemptsExhausted"
    assert body["KinesisBatchInfo"]["batchSize"] == 1
    assert body["KinesisBatchInfo"]["streamArn"] == source


def test_nothing_is_lost_when_the_process_is_killed(fanout: Fanout) -> None:
    orders = [f"killed-{number:02}" for number in range(40)]
    for number, order_id in enumerate(orders):
        fanout.put(order_id, "placed")
        if number in (10, 25):
            fanout.sandbox.workers[-1].kill()
            fanout.sandbox.start("pipes")
    assert set(fanout.drained("killed")) == {("order placed", order_id) for order_id in orders}


def test_a_target_without_a_transformer_gets_the_event_as_eventbridge_writes_it(fanout: Fanout) -> None:
    events, sqs = fanout.sandbox.client("events"), fanout.sandbox.client("sqs")
    name = fanout.outputs["event_bus_name"]
    url = sqs.create_queue(QueueName="whole-events")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"detail-type": ["paid"], "detail": {"order": {"order_id": [{"prefix": "whole"}]}}}
    events.put_rule(Name="whole", EventBusName=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule="whole", EventBusName=name, Targets=[{"Id": "queue", "Arn": queue}])
    fanout.put("whole-1", "placed")
    fanout.put("whole-1", "paid")
    (message,) = wait_until(lambda: sqs.receive_message(QueueUrl=url).get("Messages"), "the event")
    event = json.loads(message["Body"])
    names = ("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail")
    assert sorted(event) == sorted(names)
    assert (event["detail-type"], event["source"], event["detail"]["was"]) == ("paid", "order-cdc", "placed")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["time"])
    events.remove_targets(Rule="whole", EventBusName=name, Ids=["queue"])
    events.delete_rule(Name="whole", EventBusName=name)


def test_the_deployed_bus_is_described_as_the_stack_says(fanout: Fanout) -> None:
    events, name = fanout.sandbox.client("events"), fanout.outputs["event_bus_name"]
    bus = events.describe_event_bus(Name=name)
    assert json.loads(bus["Policy"])["Statement"][0]["Action"] in ("events:PutEvents", ["events:PutEvents"])
    rules = events.list_rules(EventBusName=name)["Rules"]
    assert len(rules) == 4
    for rule in rules:
        (target,) = events.list_targets_by_rule(EventBusName=name, Rule=rule["Name"])["Targets"]
        assert target["Arn"].endswith("-fan-out-events")
        assert target["DeadLetterConfig"]["Arn"].endswith("-fan-out-event-dead-letters")
        assert target["RetryPolicy"] == {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 86400}


def test_a_protected_stack_has_its_events_under_its_own_key(sandbox_server: SandboxServer, tmp_path: Path) -> None:
    outputs = deployed(sandbox_server.endpoint_url, tmp_path, "fan-out-prod", "prod")
    bus = client("events", sandbox_server.endpoint_url).describe_event_bus(Name=outputs["event_bus_name"])
    assert ":key/" in bus["KmsKeyIdentifier"]
    assert bus["DeadLetterConfig"]["Arn"].endswith("-fan-out-prod-event-dead-letters")
    attributes = client("sqs", sandbox_server.endpoint_url).get_queue_attributes(
        QueueUrl=outputs["event_queue_url"], AttributeNames=["KmsMasterKeyId", "RedrivePolicy"]
    )["Attributes"]
    assert attributes["KmsMasterKeyId"] == bus["KmsKeyIdentifier"]
    assert json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"] == bus["DeadLetterConfig"]["Arn"]
