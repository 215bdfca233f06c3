"""What a stack costs: at rest for a month, and for a million writes to the table.

List prices of us-east-1 as they stood in the month of `AS_OF`, in US dollars;
other regions differ by a tenth or so. They are for deciding between choices,
not for budgets: https://calculator.aws has today's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from components.graph import Resource
from components.settings import Settings

AS_OF = "2025-06"
REGION = "us-east-1"

_HOURS = 730
_MILLION = 1_000_000
_GB = 1024**3
_KB = 1024

# DynamoDB: a write unit on-demand, and a provisioned unit for an hour.
_WRITE_UNIT = 0.625 / _MILLION
_WRITE_CAPACITY_HOUR, _READ_CAPACITY_HOUR = 0.00065, 0.00013
# Kinesis: provisioned by the shard's hour and 25 KB put; on-demand by the stream's hour, GB in and GB out.
_SHARD_HOUR, _SHARD_HOUR_KEPT_A_WEEK, _PUT_UNIT = 0.015, 0.02, 0.014 / _MILLION
_STREAM_HOUR, _STREAM_GB_IN, _STREAM_GB_OUT = 0.04, 0.08, 0.04
_PIPE_REQUEST = 0.40 / _MILLION
# Firehose counts each record as a multiple of 5 KB.
_FIREHOSE_GB, _CONVERSION_GB = 0.029, 0.018
_INVOCATION = 0.20 / _MILLION
_GB_SECOND: Mapping[str, float] = {"arm64": 0.0000133334, "x86_64": 0.0000166667}
_S3_PUT = 0.005 / 1000
_LOG_GB = 0.50
_KEY, _ALARM, _DASHBOARD, _METRIC = 1.0, 0.10, 3.0, 0.30
_CRAWL = 0.44 * 2 * 10 / 60
"""Two DPUs for the least time that is billed, 10 minutes."""

_TRANSFORM_METRICS = 10
"""The series that the transform writes of itself; paid for by the hour in which it runs."""


@dataclass(frozen=True)
class Workload:
    """What a write is: an item of `item_bytes`, a change and a row of `change_bytes`; `writes_per_s` batches them."""

    item_bytes: int = 1000
    change_bytes: int = 2500
    writes_per_s: float = 500
    transform_ms_per_1000: float = 60
    log_bytes_per_batch: int = 1000


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
        hour = inputs["writeCapacity"] * _WRITE_CAPACITY_HOUR + inputs["readCapacity"] * _READ_CAPACITY_HOUR
        return Cost(month=hour * _HOURS)
    return Cost(million=math.ceil(workload.item_bytes / _KB) * _WRITE_UNIT * _MILLION)


def _stream(inputs: Mapping[str, Any], _: Settings, workload: Workload) -> Cost:
    if shards := inputs.get("shardCount", 0):
        hour = _SHARD_HOUR + (_SHARD_HOUR_KEPT_A_WEEK if inputs["retentionPeriod"] > 24 else 0)
        return Cost(shards * hour * _HOURS, _PUT_UNIT * _MILLION)
    counted_gb = math.ceil(workload.change_bytes / _KB) * _KB * _MILLION / _GB
    return Cost(_STREAM_HOUR * _HOURS, counted_gb * (_STREAM_GB_IN + _STREAM_GB_OUT))


def _pipe(_inputs: Mapping[str, Any], _settings: Settings, _workload: Workload) -> Cost:
    return Cost(million=_PIPE_REQUEST * _MILLION)


def _delivery(_: Mapping[str, Any], settings: Settings, workload: Workload) -> Cost:
    counted_gb = math.ceil(workload.change_bytes / (5 * _KB)) * 5 * _KB * _MILLION / _GB
    gb = _FIREHOSE_GB + (_CONVERSION_GB if settings.lake_format == "parquet" else 0)
    return Cost(million=counted_gb * gb)


def _function(inputs: Mapping[str, Any], settings: Settings, workload: Workload) -> Cost:
    calls = _batches(settings, workload)
    seconds = workload.transform_ms_per_1000 / 1000 / 1000 * _MILLION
    gb_seconds = seconds * inputs["memorySize"] / 1024
    metrics = _METRIC * _TRANSFORM_METRICS
    logs = calls * workload.log_bytes_per_batch / _GB * _LOG_GB
    hours = _MILLION / workload.writes_per_s / 3600
    busy = metrics * hours / _HOURS
    return Cost(million=calls * _INVOCATION + gb_seconds * _GB_SECOND[settings.architecture] + logs + busy)


def _bucket(inputs: Mapping[str, Any], settings: Settings, workload: Workload) -> Cost:
    if "-lake-" not in inputs["bucket"]:
        return Cost()
    by_time = _MILLION / workload.writes_per_s / max(settings.buffer_interval_seconds, 1)
    by_size = _MILLION * workload.change_bytes / (settings.buffer_size_mb * 1024**2)
    return Cost(million=max(by_time, by_size) * _S3_PUT)


def _batches(settings: Settings, workload: Workload) -> float:
    by_time = _MILLION / workload.writes_per_s / max(settings.transform_buffer_seconds, 1)
    by_size = _MILLION * workload.change_bytes / (settings.transform_buffer_mb * 1024**2)
    return max(by_time, by_size)


def _crawler(inputs: Mapping[str, Any], _settings: Settings, _workload: Workload) -> Cost:
    return Cost(month=_CRAWL * 30) if inputs.get("schedule") else Cost()


def _flat(month: float) -> Price:
    return lambda _inputs, _settings, _workload: Cost(month=month)


_PRICES: Mapping[str, Price] = {
    "aws:cloudwatch/dashboard:Dashboard": _flat(_DASHBOARD),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _flat(_ALARM),
    "aws:dynamodb/table:Table": _table,
    "aws:glue/crawler:Crawler": _crawler,
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": _delivery,
    "aws:kinesis/stream:Stream": _stream,
    "aws:kms/key:Key": _flat(_KEY),
    "aws:lambda/function:Function": _function,
    "aws:pipes/pipe:Pipe": _pipe,
    "aws:s3/bucket:Bucket": _bucket,
}
