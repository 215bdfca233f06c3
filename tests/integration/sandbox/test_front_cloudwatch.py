"""CloudWatch through boto3, in the protocol of its version: the query protocol up to 1.40, JSON in 1.44.

`make test-newest` runs this with the newest, whose recorded requests are in test_front_translation.py.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.monitoring.raised import raised_alarms
from sandbox.state import client
from tests.integration.sandbox.dataplane import wait_until


@pytest.fixture
def now() -> dt.datetime:
    """Return the minute of the test's start, which may be long after the module's import."""
    return dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)


@pytest.fixture
def cloudwatch(sandbox_server: Any) -> Iterator[Any]:
    made = client("cloudwatch", sandbox_server.endpoint_url)
    yield made
    made.close()


def test_metrics_are_put_listed_and_read(cloudwatch: Any, now: dt.datetime) -> None:
    metric = {"MetricName": "orders", "Dimensions": [{"Name": "stage", "Value": "s"}]}
    data = [{**metric, "Value": value, "Timestamp": now, "Unit": "Count"} for value in (1.5, 2.5)]
    # More than 10 KB, which newer clients send compressed.
    more = [{"MetricName": f"metric-{number}", "Value": 0.0, "Timestamp": now} for number in range(300)]
    cloudwatch.put_metric_data(Namespace="front", MetricData=data)
    cloudwatch.put_metric_data(Namespace="front-more", MetricData=more)

    assert cloudwatch.list_metrics(Namespace="front")["Metrics"] == [{"Namespace": "front", **metric}]
    (point,) = cloudwatch.get_metric_statistics(
        Namespace="front",
        **metric,
        StartTime=now - dt.timedelta(minutes=5),
        EndTime=now + dt.timedelta(minutes=5),
        Period=60,
        Statistics=["Sum", "Maximum"],
    )["Datapoints"]
    assert (point["Sum"], point["Maximum"], point["Timestamp"]) == (4.0, 2.5, now)
    names = [each["MetricName"] for each in cloudwatch.list_metrics(Namespace="front-more")["Metrics"]]
    assert len(names) == 300


def test_an_alarm_is_put_described_and_deleted(cloudwatch: Any) -> None:
    alarm: dict[str, Any] = {
        "AlarmName": "front-late",
        "ActionsEnabled": False,
        "Namespace": "front",
        "MetricName": "orders",
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 3,
        "Threshold": 1.5,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    cloudwatch.put_metric_alarm(**alarm, Tags=[{"Key": "a", "Value": "b"}])
    (described,) = cloudwatch.describe_alarms(AlarmNames=["front-late"])["MetricAlarms"]
    assert {name: described[name] for name in alarm} == alarm
    assert described["StateUpdatedTimestamp"].tzinfo is not None
    tags = cloudwatch.list_tags_for_resource(ResourceARN=described["AlarmArn"])["Tags"]
    assert tags == [{"Key": "a", "Value": "b"}]
    cloudwatch.delete_alarms(AlarmNames=["front-late"])
    assert cloudwatch.describe_alarms(AlarmNames=["front-late"])["MetricAlarms"] == []


def test_a_dashboard_that_is_not_there_and_a_wrong_one_are_errors(cloudwatch: Any) -> None:
    with pytest.raises(ClientError) as missing:
        cloudwatch.get_dashboard(DashboardName="nowhere")
    with pytest.raises(ClientError, match=r"DashboardInvalidInputError|InvalidParameterInput"):
        cloudwatch.put_dashboard(DashboardName="wrong", DashboardBody="{")
    response: dict[str, Any] = {**vars(missing.value)}["response"]
    assert response["Error"]["Code"] == "ResourceNotFound"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_percentiles_and_metric_math_come_from_what_was_put(cloudwatch: Any, now: dt.datetime) -> None:
    stat = {"Metric": {"Namespace": "front-math", "MetricName": "took"}, "Period": 60}
    data = [{"MetricName": "took", "Values": [1.0, 10.0], "Counts": [98.0, 2.0], "Timestamp": now}]
    cloudwatch.put_metric_data(Namespace="front-math", MetricData=data)
    queries: list[dict[str, Any]] = [
        {"Id": "slow", "MetricStat": {**stat, "Stat": "p99"}},
        {"Id": "all", "MetricStat": {**stat, "Stat": "SampleCount"}, "ReturnData": False},
        {"Id": "rate", "Expression": "all / PERIOD(all)", "Label": "a second"},
    ]
    span = {"StartTime": now - dt.timedelta(minutes=5), "EndTime": now + dt.timedelta(minutes=1)}
    slow, rate = cloudwatch.get_metric_data(MetricDataQueries=queries, **span)["MetricDataResults"]
    assert (slow["Values"], slow["Timestamps"]) == ([10.0], [now])
    assert (rate["Label"], rate["Values"]) == ("a second", [pytest.approx(100 / 60)])
    pages = cloudwatch.get_paginator("get_metric_data").paginate(MetricDataQueries=queries, **span, MaxDatapoints=1)
    several = [page["MetricDataResults"] for page in pages]
    assert [[result["Id"] for result in results] for results in several] == [["slow"], ["rate"]]
    with pytest.raises(ClientError, match="InvalidNextToken"):
        cloudwatch.get_metric_data(MetricDataQueries=queries, **span, NextToken="none")
    with pytest.raises(ClientError, match="NOSUCH"):
        cloudwatch.get_metric_data(MetricDataQueries=[{"Id": "e", "Expression": "NOSUCH(1)"}], **span)
    with pytest.raises(ClientError, match="AWS/"):
        cloudwatch.put_metric_data(Namespace="AWS/SQS", MetricData=data)


def test_the_tables_calls_are_counted(cloudwatch: Any, now: dt.datetime, sandbox_server: Any) -> None:
    """ConsumedWriteCapacityUnits, SuccessfulRequestLatency and ConditionalCheckFailedRequests of DynamoDB's page."""
    dynamodb = client("dynamodb", sandbox_server.endpoint_url)
    key = {"AttributeName": "k", "AttributeType": "S"}
    dynamodb.create_table(
        TableName="counted",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[key],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName="counted", Item={"k": {"S": "a"}, "v": {"S": "x" * 1500}})
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        dynamodb.put_item(TableName="counted", Item={"k": {"S": "a"}}, ConditionExpression="attribute_not_exists(k)")
    dynamodb.get_item(TableName="counted", Key={"k": {"S": "a"}})
    dynamodb.close()

    def total(name: str, statistic: str, **dimensions: str) -> float:
        given = [{"Name": one, "Value": value} for one, value in {"TableName": "counted", **dimensions}.items()]
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/DynamoDB",
            MetricName=name,
            Dimensions=given,
            StartTime=now - dt.timedelta(minutes=5),
            EndTime=now + dt.timedelta(minutes=30),
            Period=60,
            Statistics=[statistic],
        )["Datapoints"]
        return sum(point[statistic] for point in points)

    # The read was the last call: with it, all are counted.
    wait_until(lambda: total("ConsumedReadCapacityUnits", "Sum"), "the units")
    assert total("ConsumedReadCapacityUnits", "Sum") == 0.5
    assert total("ConsumedWriteCapacityUnits", "Sum") == 2
    assert total("SuccessfulRequestLatency", "SampleCount", Operation="PutItem") == 1
    assert total("ConditionalCheckFailedRequests", "Sum") == 1


def test_an_alarm_changes_its_state_tells_its_topic_and_has_a_history(
    cloudwatch: Any, now: dt.datetime, sandbox_server: Any
) -> None:
    """One alarm through real sockets: created, raised, notified to SNS and SQS, and reset.

    The message's members are those of https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/ and of recorded
    notifications (`sandbox.monitoring.notification`).
    """
    sns, sqs = client("sns", sandbox_server.endpoint_url), client("sqs", sandbox_server.endpoint_url)
    topic = sns.create_topic(Name="raised")["TopicArn"]
    queue = sqs.create_queue(QueueName="raised")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    # A period is evaluated some seconds after its end, so that the last minute's may not be yet.
    past = now - dt.timedelta(minutes=2)
    cloudwatch.put_metric_data(
        Namespace="raised", MetricData=[{"MetricName": "bad", "Value": 7.0, "Timestamp": past, "Unit": "Count"}]
    )
    alarm: dict[str, Any] = {
        "AlarmName": "raised",
        "AlarmActions": [topic],
        "OKActions": [topic],
        "Namespace": "raised",
        "MetricName": "bad",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 60,
        "DatapointsToAlarm": 1,
        "Threshold": 5.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }

    def state() -> str:
        return cloudwatch.describe_alarms(AlarmNames=["raised"])["MetricAlarms"][0]["StateValue"]

    def received() -> dict[str, Any]:
        (found,) = wait_until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), "a notification")
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=found["ReceiptHandle"])
        return json.loads(found["Body"])

    cloudwatch.put_metric_alarm(**alarm)
    raised = received()
    (shown,) = [one for one in raised_alarms(sandbox_server.endpoint_url) if one.name == "raised"]
    assert shown.reason == raised["NewStateReason"]
    assert (raised["OldStateValue"], raised["NewStateValue"]) == ("INSUFFICIENT_DATA", "ALARM")
    assert raised["NewStateReason"].startswith("Threshold Crossed: 1 out of the last 60 datapoints [7.0 (")
    assert raised["Trigger"] == {
        "MetricName": "bad",
        "Namespace": "raised",
        "StatisticType": "Statistic",
        "Statistic": "SUM",
        "Unit": None,
        "Dimensions": [],
        "Period": 60,
        "EvaluationPeriods": 60,
        "DatapointsToAlarm": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 5.0,
        "TreatMissingData": "notBreaching",
        "EvaluateLowSampleCountPercentile": "",
    }
    cloudwatch.put_metric_alarm(**alarm | {"Threshold": 9.0})
    assert received()["NewStateValue"] == "OK"
    assert state() == "OK"
    cloudwatch.set_alarm_state(AlarmName="raised", StateValue="ALARM", StateReason="a drill")
    assert received()["NewStateReason"] == "a drill"
    items = cloudwatch.describe_alarm_history(AlarmName="raised", ScanBy="TimestampAscending")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in items][:4] == [
        'Alarm "raised" created',
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
        f"Successfully executed action {topic}",
        'Alarm "raised" updated',
    ]
    updates = cloudwatch.describe_alarm_history(AlarmName="raised", HistoryItemType="StateUpdate")
    # At the end of a minute the next evaluation follows the drill, which lasts until then.
    reasons = [json.loads(item["HistoryData"])["newState"]["stateReason"] for item in updates["AlarmHistoryItems"]]
    assert "a drill" in reasons[:2]
    assert cloudwatch.describe_alarm_history(AlarmName="raised", MaxRecords=1)["NextToken"]
    with pytest.raises(ClientError, match="ResourceNotFound"):
        cloudwatch.set_alarm_state(AlarmName="nowhere", StateValue="OK", StateReason="none")
    cloudwatch.delete_alarms(AlarmNames=["raised"])
    sns.close()
    sqs.close()
