"""What a stack costs: at rest for a month, and for a million writes to the table.

By list prices (components.explain.rates), other regions differ by a tenth or so. They
are for deciding between choices, not for budgets.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from components.explain.graph import Resource
from components.explain.rates import Rate
from components.settings import Settings

_HOURS = 730
_MILLION = 1_000_000
_GB = 1024**3
_KB = 1024
_DAY_HOURS, _WEEK_HOURS = 24, 168

_GB_SECOND: Mapping[str, Rate] = {"arm64": Rate.ARM64_GB_SECOND, "x86_64": Rate.X86_64_GB_SECOND}
_CRAWL = Rate.DPU_HOUR.usd * 2 * 10 / 60
"""Two DPUs for the least time that is billed, 10 minutes."""

_QUEUE_MESSAGE = 3 * Rate.QUEUE_REQUEST.usd
"""A message is sent, received and deleted."""

_TRANSFORM_METRICS = 10
"""The series that the transform writes of itself; paid for by the hour in which it runs."""


@dataclass(frozen=True)
class Workload:
    """What a write is: an item of `item_bytes`, a change and a row of `change_bytes`; `writes_per_s` batches them.

    `events_per_write` is the share of writes that are domain events.
    """

    item_bytes: int = 1000
    change_bytes: int = 2500
    writes_per_s: float = 500
    transform_ms_per_1000: float = 60
    log_bytes_per_batch: int = 1000
    events_per_write: float = 0.8


@dataclass(frozen=True)
class Cost:
    """US dollars: a month at rest, and a million writes."""

    month: float = 0.0
    million: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        """Both together."""
        return Cost(self.month + other.month, self.million + other.million)


Price = Callable[[Mapping[str, Any], Settings, Workload], Cost]


def cost(resource: Resource, settings: Settings, workload: Workload) -> Cost:
    """What a resource costs; nothing for one that AWS does not charge for by itself."""
    price = _PRICES.get(resource.type)
    return price(resource.inputs, settings, workload) if price else Cost()


def _table(inputs: Mapping[str, Any], _: Settings, workload: Workload) -> Cost:
    if inputs["billingMode"] == "PROVISIONED":
        hour = (
            inputs["writeCapacity"] * Rate.WRITE_CAPACITY_HOUR.usd
            + inputs["readCapacity"] * Rate.READ_CAPACITY_HOUR.usd
        )
        return Cost(month=hour * _HOURS)
    return Cost(million=math.ceil(workload.item_bytes / _KB) * Rate.WRITE_UNIT.usd * _MILLION)


def _stream(inputs: Mapping[str, Any], settings: Settings, workload: Workload) -> Cost:
    counted_gb = math.ceil(workload.change_bytes / _KB) * _KB * _MILLION / _GB
    kept_hours: int = inputs["retentionPeriod"]
    long = counted_gb * max(kept_hours - _WEEK_HOURS, 0) / _HOURS * Rate.STREAM_GB_KEPT_LONG.usd
    if shards := inputs.get("shardCount", 0):
        hour = Rate.SHARD_HOUR.usd + (Rate.KEPT_SHARD_HOUR.usd if kept_hours > _DAY_HOURS else 0)
        return Cost(shards * hour * _HOURS, Rate.PUT_UNIT.usd * _MILLION + long)
    kept = counted_gb * (min(kept_hours, _WEEK_HOURS) - _DAY_HOURS) / _HOURS * Rate.STREAM_GB_KEPT.usd
    readers = 2 if settings.event_fanout else 1
    passed = counted_gb * (Rate.STREAM_GB_IN.usd + readers * Rate.STREAM_GB_OUT.usd)
    return Cost(Rate.STREAM_HOUR.usd * _HOURS, passed + kept + long)


def _pipe(inputs: Mapping[str, Any], _settings: Settings, workload: Workload) -> Cost:
    # What a filter leaves out costs nothing.
    share = workload.events_per_write if "filterCriteria" in inputs["sourceParameters"] else 1
    return Cost(million=share * Rate.PIPE_REQUEST.usd * _MILLION)


def _bus(_inputs: Mapping[str, Any], _settings: Settings, workload: Workload) -> Cost:
    return Cost(million=workload.events_per_write * Rate.EVENT.usd * _MILLION)


def _queue(inputs: Mapping[str, Any], _settings: Settings, workload: Workload) -> Cost:
    # The one that gives up to another is the events'; the others are empty as long as all goes well.
    share = workload.events_per_write if "redrivePolicy" in inputs else 0
    return Cost(million=share * _QUEUE_MESSAGE * _MILLION)


def _delivery(_: Mapping[str, Any], settings: Settings, workload: Workload) -> Cost:
    counted_gb = math.ceil(workload.change_bytes / (5 * _KB)) * 5 * _KB * _MILLION / _GB
    gb = Rate.FIREHOSE_GB.usd + (Rate.CONVERSION_GB.usd if settings.lake_format == "parquet" else 0)
    return Cost(million=counted_gb * gb)


def _function(inputs: Mapping[str, Any], settings: Settings, workload: Workload) -> Cost:
    calls = _batches(settings, workload)
    seconds = workload.transform_ms_per_1000 / 1000 / 1000 * _MILLION
    gb_seconds = seconds * inputs["memorySize"] / 1024
    metrics = Rate.METRIC.usd * _TRANSFORM_METRICS
    logs = calls * workload.log_bytes_per_batch / _GB * Rate.LOG_GB.usd
    hours = _MILLION / workload.writes_per_s / 3600
    busy = metrics * hours / _HOURS
    return Cost(million=calls * Rate.INVOCATION.usd + gb_seconds * _GB_SECOND[settings.architecture].usd + logs + busy)


def _bucket(inputs: Mapping[str, Any], settings: Settings, workload: Workload) -> Cost:
    if "-lake-" not in inputs["bucket"]:
        return Cost()
    by_time = _MILLION / workload.writes_per_s / max(settings.buffer_interval_seconds, 1)
    by_size = _MILLION * workload.change_bytes / (settings.buffer_size_mb * 1024**2)
    return Cost(million=max(by_time, by_size) * Rate.S3_PUT.usd)


def _batches(settings: Settings, workload: Workload) -> float:
    by_time = _MILLION / workload.writes_per_s / max(settings.transform_buffer_seconds, 1)
    by_size = _MILLION * workload.change_bytes / (settings.transform_buffer_mb * 1024**2)
    return max(by_time, by_size)


def _crawler(inputs: Mapping[str, Any], _settings: Settings, _workload: Workload) -> Cost:
    return Cost(month=_CRAWL * 30) if inputs.get("schedule") else Cost()


def _flat(month: float) -> Price:
    return lambda _inputs, _settings, _workload: Cost(month=month)


_PRICES: Mapping[str, Price] = {
    "aws:cloudwatch/dashboard:Dashboard": _flat(Rate.DASHBOARD.usd),
    "aws:cloudwatch/eventBus:EventBus": _bus,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _flat(Rate.ALARM.usd),
    "aws:dynamodb/table:Table": _table,
    "aws:glue/crawler:Crawler": _crawler,
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": _delivery,
    "aws:kinesis/stream:Stream": _stream,
    "aws:kms/key:Key": _flat(Rate.KEY.usd),
    "aws:lambda/function:Function": _function,
    "aws:pipes/pipe:Pipe": _pipe,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:sqs/queue:Queue": _queue,
}
