"""CloudWatch's logs, alarms and dashboards."""

from __future__ import annotations

from typing import Any

from sandbox.deploy.inputs import Inputs
from sandbox.deploy.registry import Created, New, handles
from sandbox.deploy.shapes import Shape, fill

_ALARM = {"evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile"}


@handles("aws:cloudwatch/logGroup:LogGroup")
def log_group(new: New) -> Created:
    """Create a log group with its retention, in days; 0 means no expiry."""
    name = new.physical_name()
    days = new.inputs.integer("retentionInDays")
    new.create("logs", "create_log_group", logGroupName=name)
    if days:
        new.call("logs", "put_retention_policy", logGroupName=name, retentionInDays=days)
    return Created(name, {"name": name, "arn": new.aws.arn("logs", f"log-group:{name}")})


@handles("aws:cloudwatch/logStream:LogStream")
def log_stream(new: New) -> Created:
    """Create a log stream of a group."""
    name, group = new.physical_name(), new.inputs.require("logGroupName")
    new.call("logs", "create_log_stream", logGroupName=group, logStreamName=name)
    return Created(name, {"name": name, "arn": new.aws.arn("logs", f"log-group:{group}:log-stream:{name}")})


@handles("aws:cloudwatch/metricAlarm:MetricAlarm")
def metric_alarm(new: New) -> Created:
    """Create an alarm on one metric, or on an expression over several."""
    name = new.physical_name()
    shape = new.aws.api("cloudwatch").request_shape("put_metric_alarm").members["Metrics"].member
    queries = [_query(shape, query) for query in new.inputs.blocks("metricQueries")]
    metrics = {"Metrics": queries} if queries else {}
    new.create("cloudwatch", "put_metric_alarm", names=_ALARM, AlarmName=name, **metrics)
    return Created(name, {"name": name, "arn": new.aws.arn("cloudwatch", f"alarm:{name}")})


@handles("aws:cloudwatch/dashboard:Dashboard")
def dashboard(new: New) -> Created:
    """Create a dashboard, from its body in JSON."""
    name = new.inputs.require("dashboardName")
    new.call("cloudwatch", "put_dashboard", DashboardName=name, DashboardBody=new.inputs.require("dashboardBody"))
    arn = f"arn:{new.aws.partition}:cloudwatch::{new.aws.account_id}:dashboard/{name}"
    return Created(name, {"dashboardName": name, "dashboardArn": arn})


def _query(shape: Shape, query: Inputs) -> dict[str, Any]:
    """A metric query; the provider puts the metric and its statistic into one block, the API into two."""
    metric = query.block("metric")
    if metric is None:
        return fill(shape, query)
    stat = shape.members["MetricStat"]
    described = fill(stat.members["Metric"], metric)
    return {"MetricStat": {"Metric": described, **fill(stat, metric)}, **fill(shape, query)}
