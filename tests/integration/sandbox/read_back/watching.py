"""Readers of CloudWatch, its logs, and EventBridge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.integration.sandbox.provider import Aws
from tests.integration.sandbox.read_back.reading import Resource, also, reads, tags_of


@reads("aws:cloudwatch/dashboard:Dashboard")
def dashboard(aws: Aws, it: Resource) -> Mapping[str, Any]:
    return aws.cloudwatch.get_dashboard(DashboardName=it.id)


@reads("aws:cloudwatch/metricAlarm:MetricAlarm")
def alarm(aws: Aws, it: Resource) -> Mapping[str, Any]:
    (found,) = aws.cloudwatch.describe_alarms(AlarmNames=[it.id])["MetricAlarms"]
    dimensions = {each["Name"]: each["Value"] for each in found.get("Dimensions", [])}
    tags = aws.cloudwatch.list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"]
    queries = [query | _flat(query.get("MetricStat", {})) for query in found.get("Metrics", [])]
    named = {"name": found["AlarmName"], "dimensions": dimensions, "metricQueries": queries}
    return found | named | {"tags": tags_of(tags)}


def _flat(stat: Mapping[str, Any]) -> dict[str, Any]:
    """A metric and its statistic in one block, as the provider has them."""
    return {"metric": {**stat["Metric"], **stat}} if stat else {}


@reads("aws:cloudwatch/eventBus:EventBus")
def event_bus(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.events.describe_event_bus(Name=it.id)
    return found | {"tags": tags_of(aws.events.list_tags_for_resource(ResourceARN=found["Arn"])["Tags"])}


@reads("aws:cloudwatch/eventBusPolicy:EventBusPolicy")
def event_bus_policy(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.events.describe_event_bus(Name=it.inputs["eventBusName"])
    return found | {"eventBusName": found["Name"]}


@reads("aws:cloudwatch/eventRule:EventRule")
def event_rule(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.events.describe_rule(Name=it.inputs["name"], EventBusName=it.inputs.get("eventBusName", "default"))
    return found | {"tags": tags_of(aws.events.list_tags_for_resource(ResourceARN=found["Arn"])["Tags"])}


@reads("aws:cloudwatch/eventTarget:EventTarget")
def event_target(aws: Aws, it: Resource) -> Mapping[str, Any]:
    where = {"rule": it.inputs["rule"], "eventBusName": it.inputs.get("eventBusName", "default")}
    (found,) = aws.events.list_targets_by_rule(Rule=where["rule"], EventBusName=where["eventBusName"])["Targets"]
    described = found | where | {"targetId": found["Id"]}
    if transformer := found.get("InputTransformer"):
        described["inputTransformer"] = also(transformer, inputPaths="InputPathsMap")
    return described


@reads("aws:cloudwatch/logGroup:LogGroup")
def log_group(aws: Aws, it: Resource) -> Mapping[str, Any]:
    groups = aws.logs.describe_log_groups(logGroupNamePrefix=it.id)["logGroups"]
    (found,) = [group for group in groups if group["logGroupName"] == it.id]
    tags = aws.logs.list_tags_for_resource(resourceArn=aws.arn("logs", f"log-group:{it.id}"))["tags"]
    return found | {"name": found["logGroupName"], "tags": tags}


@reads("aws:cloudwatch/logStream:LogStream")
def log_stream(aws: Aws, it: Resource) -> Mapping[str, Any]:
    group = it.inputs["logGroupName"]
    (found,) = aws.logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=it.id)["logStreams"]
    return {"name": found["logStreamName"], "logGroupName": group}
