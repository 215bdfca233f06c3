"""Reads the stages' CloudWatch metrics of a step with GetMetricData.

Metrics have periods of a minute, and a step may begin within one. So sums are read before and after, and a step has the
difference. CloudWatch publishes a metric some minutes late: it is polled until the stream's count of records is
complete.

Names and dimensions: the pages of each service that components/metrics.py names.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple, Protocol

from capacity.bottleneck import ServiceSignals
from lake.clients import client, error_code
from stack import StackOutputs
from stack.credentials import is_loopback

Statistic = Literal["Sum", "Average", "Maximum"]

_PERIOD_S = 60
_POLL_S, _SLOW_POLL_S = 0.25, 5.0
_PUBLISHED_SHARE = 0.95
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html: usually within some minutes.
_PATIENCE_S = 180.0
_LOCAL_PATIENCE_S = 5.0
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}


class _Asked(NamedTuple):
    namespace: str
    name: str
    dimension: str
    output: str
    statistic: Statistic


_METRICS: Mapping[str, _Asked] = {
    "incoming": _Asked("AWS/Kinesis", "IncomingRecords", "StreamName", "stream_name", "Sum"),
    "refused": _Asked("AWS/Kinesis", "WriteProvisionedThroughputExceeded", "StreamName", "stream_name", "Sum"),
    "reads_refused": _Asked("AWS/Kinesis", "ReadProvisionedThroughputExceeded", "StreamName", "stream_name", "Sum"),
    "executions": _Asked("AWS/EventBridge/Pipes", "Invocations", "PipeName", "pipe_name", "Sum"),
    "failed": _Asked("AWS/EventBridge/Pipes", "ExecutionFailed", "PipeName", "pipe_name", "Sum"),
    "throttled": _Asked("AWS/EventBridge/Pipes", "ExecutionThrottled", "PipeName", "pipe_name", "Sum"),
    "execution_ms": _Asked("AWS/EventBridge/Pipes", "Duration", "PipeName", "pipe_name", "Average"),
    "invocations": _Asked("AWS/Lambda", "Invocations", "FunctionName", "function_name", "Sum"),
    "errors": _Asked("AWS/Lambda", "Errors", "FunctionName", "function_name", "Sum"),
    "throttles": _Asked("AWS/Lambda", "Throttles", "FunctionName", "function_name", "Sum"),
    "busy_ms": _Asked("AWS/Lambda", "Duration", "FunctionName", "function_name", "Sum"),
    "concurrency": _Asked("AWS/Lambda", "ConcurrentExecutions", "FunctionName", "function_name", "Maximum"),
    "success": _Asked("AWS/Firehose", "DeliveryToS3.Success", "DeliveryStreamName", "delivery_stream_name", "Average"),
}


class CloudWatchClient(Protocol):
    """The methods of boto3's CloudWatch client that this module uses."""

    def get_metric_data(self, **request: object) -> dict[str, Any]:
        """Fetch a page of metrics' values."""
        ...


class MetricReading(NamedTuple):
    """The values of metrics since a minute."""

    since: datetime
    values: dict[str, float]


class CloudWatchMetrics:
    """Reads the metrics of one pipeline."""

    def __init__(self, outputs: StackOutputs, cloudwatch: CloudWatchClient | None = None) -> None:
        self._client: CloudWatchClient = cloudwatch or client("cloudwatch", outputs)
        self._asked = {key: metric for key, metric in _METRICS.items() if getattr(outputs, metric.output)}
        self._outputs = outputs
        url = outputs.endpoint_url
        self._is_local = url is not None and is_loopback(url)

    def now(self) -> MetricReading:
        """Return the values of the current minute, before a step begins in it."""
        since = datetime.now(UTC).replace(second=0, microsecond=0)
        return MetricReading(since, self._read(since))

    def _read(self, since: datetime) -> dict[str, float]:
        """Return the values since a minute, without metrics that have none; empty when access is denied."""
        queries = [
            {
                "Id": f"m_{key}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": metric.namespace,
                        "MetricName": metric.name,
                        "Dimensions": [{"Name": metric.dimension, "Value": getattr(self._outputs, metric.output)}],
                    },
                    "Period": _PERIOD_S,
                    "Stat": metric.statistic,
                },
            }
            for key, metric in self._asked.items()
        ]
        request: dict[str, object] = {
            "MetricDataQueries": queries,
            "StartTime": since,
            "EndTime": datetime.now(UTC) + timedelta(seconds=_PERIOD_S),
        }
        try:
            return self._values(request)
        except Exception as error:
            if error_code(error) in _DENIED:
                return {}
            raise

    def since(self, before: MetricReading, records: float) -> dict[str, float]:
        """Return the values of a step since `before`, once CloudWatch counts this number of records on the stream.

        A local endpoint without a metric of the stream by the end of a step is not waited for.
        """
        deadline = time.monotonic() + (_LOCAL_PATIENCE_S if self._is_local else _PATIENCE_S)
        while True:
            now = self._read(before.since)
            step = {
                key: value - before.values.get(key, 0.0) if self._asked[key].statistic == "Sum" else value
                for key, value in now.items()
            }
            shown = step.get("incoming", 0.0)
            if shown >= records * _PUBLISHED_SHARE or time.monotonic() >= deadline or (self._is_local and not now):
                return step
            time.sleep(_POLL_S if self._is_local else _SLOW_POLL_S)

    def _values(self, request: dict[str, object]) -> dict[str, float]:
        found: dict[str, list[float]] = {}
        while True:
            page = self._client.get_metric_data(**request)
            for result in page["MetricDataResults"]:
                found.setdefault(str(result["Id"]).removeprefix("m_"), []).extend(result["Values"])
            if not page.get("NextToken"):
                break
            request = {**request, "NextToken": page["NextToken"]}
        return {key: _together(self._asked[key].statistic, values) for key, values in found.items() if values}


def _together(statistic: Statistic, values: list[float]) -> float:
    if statistic == "Sum":
        return sum(values)
    return max(values) if statistic == "Maximum" else sum(values) / len(values)


def signals(step: Mapping[str, float], dead_letters: int | None, failed_objects: int | None) -> ServiceSignals:
    """Convert the metrics of a step to signals. A missing count is 0 if its service has other metrics."""

    def count(key: str, companion: str) -> float | None:
        return step.get(key, 0.0 if step.get(companion) else None)

    busy_ms = step.get("busy_ms")
    return ServiceSignals(
        stream_refused=count("refused", "incoming"),
        stream_reads_refused=count("reads_refused", "incoming"),
        pipe_failed=count("failed", "executions"),
        pipe_throttled=count("throttled", "executions"),
        pipe_duration_ms=step.get("execution_ms"),
        function_throttles=count("throttles", "invocations"),
        function_errors=count("errors", "invocations"),
        function_invocations=step.get("invocations"),
        function_busy_s=None if busy_ms is None else busy_ms / 1000,
        function_concurrency=step.get("concurrency"),
        delivery_success=step.get("success"),
        dead_letters=dead_letters,
        failed_objects=failed_objects,
    )
