from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToJson
from pulumi.runtime.rpc import unwrap_rpc_secret
from typing_extensions import override

from components import bundle, metrics
from components.explain import graph, stacks
from components.explain.graph import Graph
from components.settings import PROJECT, Settings
from tests.unit.components.running import CHOSEN, Record
from without_engine.running import program_at

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def dashboard(program: Graph) -> list[dict[str, Any]]:
    return json.loads(program.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])["widgets"]


def drawn(program: Graph) -> Iterator[tuple[str, str, dict[str, str]]]:
    for widget in dashboard(program):
        for namespace, name, *rest in widget["properties"].get("metrics", ()):
            assert set(rest.pop()) == {"stat", "label"}
            yield namespace, name, dict(zip(rest[::2], rest[1::2], strict=True))


def watched(program: Graph) -> Iterator[tuple[str, str, dict[str, str]]]:
    for alarm in program.of(ALARM):
        if "metricQueries" not in alarm.inputs:
            yield alarm.inputs["namespace"], alarm.inputs["metricName"], alarm.inputs["dimensions"]


def test_every_metric_is_one_of_a_resource_that_there_is(program: Graph) -> None:
    names = {str(value) for value in program.outputs.values()}
    names |= {queue.inputs["name"] for queue in program.of("aws:sqs/queue:Queue")}
    for namespace, name, dimensions in (*drawn(program), *watched(program)):
        assert set(dimensions.values()) <= names, (namespace, name)


def test_so_is_every_metric_of_the_event_fan_out(stack: str, record: Record) -> None:
    deployed = record(stack, CHOSEN)
    names = {str(value) for value in deployed.outputs.values()}
    names |= {
        str(one.inputs["name"])
        for type_ in ("sqs/queue:Queue", "pipes/pipe:Pipe")
        for one in deployed.of(f"aws:{type_}")
    }
    for namespace, name, dimensions in (*drawn(deployed), *watched(deployed)):
        assert set(dimensions.values()) <= names, (namespace, name)


def test_the_events_have_their_own_row_and_alarms(stack: str, record: Record) -> None:
    deployed = record(stack, CHOSEN)
    headings = [widget["properties"]["markdown"] for widget in dashboard(deployed) if widget["type"] == "text"]
    assert headings[-1] == "## 7 · Events: changes published"
    without = {alarm.inputs["name"] for alarm in record(stack).of(ALARM)}
    new = [alarm for alarm in deployed.of(ALARM) if alarm.inputs["name"] not in without]
    assert {alarm.name.removeprefix("observability-") for alarm in new} == {
        *("event-pipe-failures", "event-pipe-throttles", "event-dead-letters"),
        *("merge-failures", "merge-timeouts", "merge-dead-letters"),
    }
    assert all(len(alarm.inputs["alarmDescription"].split(". ")) >= 2 for alarm in new)
    (age,) = [alarm for alarm in deployed.of(ALARM) if alarm.name == "observability-stream-age"]
    assert age.inputs["alarmDescription"].startswith("Firehose or the event Pipe falls behind")


DIMENSIONS = {
    "AWS/Athena": {"WorkGroup"},  # https://docs.aws.amazon.com/athena/latest/ug/query-metrics-viewing.html
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    "AWS/DynamoDB": {"TableName"},
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-monitoring.html
    "AWS/EventBridge/Pipes": {"PipeName"},
    "AWS/Firehose": {"DeliveryStreamName"},  # https://docs.aws.amazon.com/firehose/latest/dev/cloudwatch-metrics.html
    "AWS/Kinesis": {"StreamName"},  # https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html
    "AWS/Lambda": {"FunctionName"},  # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    # https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
    "AWS/States": {"StateMachineArn"},
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    "AWS/SQS": {"QueueName"},
    metrics.TRANSFORM_NAMESPACE: {"FunctionName"},
}
"""The dimensions of each service's metrics: with others an alarm would never receive a value."""


def test_a_metric_is_queried_by_its_own_dimensions(stack: str, record: Record) -> None:
    deployed = record(stack, CHOSEN)
    for namespace, name, dimensions in (*drawn(deployed), *watched(deployed)):
        assert set(dimensions) == DIMENSIONS[namespace], (namespace, name)


def test_no_alarm_watches_what_a_deployment_itself_does(program: Graph) -> None:
    """S3 sends a test message to a queue that it notifies (s3:TestEvent); no other service here does.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """
    for notification in program.of("aws:s3/bucketNotification:BucketNotification"):
        assert {"queues", "topics"}.isdisjoint(notification.inputs)


def test_a_change_is_followed_through_every_stage(program: Graph) -> None:
    headings = [widget["properties"]["markdown"] for widget in dashboard(program) if widget["type"] == "text"]
    assert [heading.partition(": ")[0] for heading in headings] == [
        *("## 1 · Table", "## 2 · Pipe", "## 3 · Kinesis", "## 4 · Transform", "## 5 · Firehose", "## 6 · Athena")
    ]


def test_the_widgets_do_not_cover_each_other(program: Graph) -> None:
    cells = [
        (column, row)
        for widget in dashboard(program)
        for column in range(widget["x"], widget["x"] + widget["width"])
        for row in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(cells) == len(set(cells))
    assert max(column for column, _ in cells) < 24


def test_what_must_not_go_unnoticed_has_an_alarm(program: Graph, settings: Settings) -> None:
    assert {name for _, name, _ in watched(program)} == {
        "WriteThrottleEvents",
        "ExecutionFailed",
        "ExecutionThrottled",
        "ApproximateNumberOfMessagesVisible",
        "WriteProvisionedThroughputExceeded",
        "GetRecords.IteratorAgeMilliseconds",
        "Errors",
        "ProcessingFailed",
        "Throttles",
        "DeliveryToS3.Success",
        "DeliveryToS3.DataFreshness",
        "OldestEventAge",
        *(["NumberOfMessagesSent"] if settings.error_queue else []),
    }


def test_an_alarm_says_what_is_wrong_and_what_to_do(program: Graph) -> None:
    for alarm in program.of(ALARM):
        description = alarm.inputs["alarmDescription"]
        assert len(description.split(". ")) >= 2, alarm.name
        assert len(description) <= 1024


def test_an_alarm_notifies_the_stacks_address(program: Graph, settings: Settings) -> None:
    topics = [topic.state["arn"] for topic in program.of("aws:sns/topic:Topic")]
    assert len(topics) == bool(settings.alarm_email)
    for alarm in program.of(ALARM):
        assert alarm.inputs["alarmActions"] == alarm.inputs["okActions"] == topics
        assert alarm.inputs["treatMissingData"] == "notBreaching"


def test_the_topic_takes_only_this_accounts_alarms_over_tls(record: Record) -> None:
    prod = record("prod")
    topic = prod.one("aws:sns/topic:Topic")
    assert topic.inputs["kmsMasterKeyId"] == prod.one("aws:kms/key:Key").state["arn"]
    publish, refuse = json.loads(prod.one("aws:sns/topicPolicy:TopicPolicy").inputs["policy"])["Statement"]
    assert publish["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert publish["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:*"},
    }
    assert (refuse["Effect"], refuse["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    mail = prod.one("aws:sns/topicSubscription:TopicSubscription").inputs
    assert mail == {"topic": topic.state["arn"], "protocol": "email", "endpoint": "data-oncall@example.com"}


def test_an_address_that_is_a_secret_stays_one(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine encrypts a secret in its state, and the address leaves the program only as a secret.

    https://www.pulumi.com/docs/iac/concepts/secrets/
    """

    def ready(*_: object) -> Path:
        return root / "README.md"

    monkeypatch.setattr(bundle, "build", ready)
    sent: list[tuple[str, str]] = []

    class Wire(graph._Monitor):  # pyright: ignore[reportPrivateUsage] - what goes over the wire
        @override
        def RegisterResource(self, request: Any) -> Any:
            sent.append((request.type, MessageToJson(request.object)))
            return super().RegisterResource(request)

    monkeypatch.setattr(graph, "_Monitor", Wire)
    key = f"{PROJECT}:alarmEmail"
    config = stacks.config(root, "prod") | {key: "someone@example.org"}
    prod = graph.record(program_at(root), "prod", config, secrets=[key])
    naming = [(type_, text) for type_, text in sent if "someone@example.org" in text]
    assert [type_ for type_, _ in naming] == ["aws:sns/topicSubscription:TopicSubscription"]
    assert unwrap_rpc_secret(json.loads(naming[0][1])["endpoint"]) == "someone@example.org"
    assert json.loads(naming[0][1])["endpoint"] != "someone@example.org"
    assert "someone@example.org" not in json.dumps(prod.outputs)


def test_without_a_pipe_there_is_nothing_to_watch_of_it(record: Record) -> None:
    native = record("prod", {"captureMode": "native"})
    assert "AWS/EventBridge/Pipes" not in {namespace for namespace, _, _ in (*drawn(native), *watched(native))}
    assert all("dead-letters" not in str(dimensions) for _, _, dimensions in (*drawn(native), *watched(native)))


def test_a_change_that_the_table_itself_skips_is_reported(record: Record) -> None:
    """A native destination skips a change that exceeds a record of Kinesis; the dimensions' values are not documented.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds_using-shards-and-metrics.html
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Metrics_Insights_Alarm.html
    """
    native = record("prod", {"captureMode": "native"})
    (alarm,) = [alarm.inputs for alarm in native.of(ALARM) if "metricQueries" in alarm.inputs]
    (query,) = alarm["metricQueries"]
    assert query["expression"] == (
        'SELECT SUM(FailedToReplicateRecordCount) FROM SCHEMA("AWS/DynamoDB", DelegatedOperation, TableName) '
        "WHERE TableName = 'order-cdc-prod-table'"
    )
    assert (query["period"], query["returnData"], alarm["threshold"]) == (300, True, 0)
    assert not alarm.keys() & {"metricName", "namespace", "statistic", "period", "dimensions"}


@pytest.mark.parametrize(
    ("key", "metrics_", "threshold"),
    [
        ("alarmThrottlesPerMinute", {"WriteThrottleEvents", "Throttles", "ExecutionThrottled"}, 7),
        ("alarmFailuresPerMinute", {"Errors", "ExecutionFailed", "ProcessingFailed"}, 7),
        ("alarmLatencySeconds", {"GetRecords.IteratorAgeMilliseconds", "OldestEventAge"}, 600_000),
    ],
)
def test_a_threshold_is_the_chosen_one(key: str, metrics_: set[str], threshold: int, record: Record) -> None:
    prod = record("prod", {key: str(threshold // 1000 or threshold)})
    thresholds = {alarm.inputs["metricName"]: alarm.inputs["threshold"] for alarm in prod.of(ALARM)}
    assert {thresholds[name] for name in metrics_} == {threshold}


def test_the_transforms_own_counts_are_where_the_dashboard_looks(program: Graph) -> None:
    functions = [one.inputs for one in program.of("aws:lambda/function:Function")]
    (variables,) = [inputs["environment"]["variables"] for inputs in functions if "environment" in inputs]
    assert variables["TRANSFORM_METRICS_NAMESPACE"] == metrics.TRANSFORM_NAMESPACE
    assert metrics.TRANSFORM_NAMESPACE in {namespace for namespace, _, _ in drawn(program)}
