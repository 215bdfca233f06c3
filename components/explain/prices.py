"""The cost of a stack: for an idle month, and for a million writes to the table.

From list prices (components.explain.rates), to compare settings and not for budgets. A type in neither of the two
tables below has an unknown price, which is not the same as no charge.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from components.current import OVERLAP
from components.explain.graph import Resource
from components.explain.rates import Rate, Tariff
from components.merge_states import TRANSITIONS
from components.settings import Settings
from transform.schema import TABLE

_HOURS = 730
_MILLION = 1_000_000
_GB = 1024**3
_TB = 10**12
_KB = 1024
_DAY_HOURS, _WEEK_HOURS = 24, 168
_LEAST_MEMORY_MB = 128
"""Lambda's default."""

_GB_SECOND: Mapping[str, Rate] = {"arm64": Rate.ARM64_GB_SECOND, "x86_64": Rate.X86_64_GB_SECOND}
_CRAWL_DPU_HOURS = 2 * 10 / 60
"""Two DPUs for the minimum billed time, 10 minutes."""

_QUEUE_REQUESTS = 3
"""A message is sent, received and deleted."""

_PER_BATCH = ".handler.handler"
"""The handler that Firehose invokes for every batch; the other one is for changes larger than the workload's."""

_TRANSFORM_METRICS = 10
"""The custom metrics of the transform; charged for each hour in which it runs."""


@dataclass(frozen=True)
class PricedLoad:
    """A write: an item of `item_bytes`, a change and a row of `change_bytes`; `writes_per_s` determines the batch
    sizes.

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
    """US dollars: an idle month, and a million writes."""

    month: float = 0.0
    million: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        """Both together."""
        return Cost(self.month + other.month, self.million + other.million)


@dataclass(frozen=True)
class Basis:
    """The basis of a price: the stack's settings, the workload and a region's tariff."""

    settings: Settings
    workload: PricedLoad = field(default_factory=PricedLoad)
    tariff: Tariff = field(default_factory=Tariff)

    def usd(self, rate: Rate) -> float:
        """Dollars per unit of the rate, in the region."""
        return self.tariff.usd(rate)


Price = Callable[[Mapping[str, Any], Basis], Cost]


def cost(resource: Resource, basis: Basis) -> Cost | None:
    """A resource's cost; zero for a type that AWS does not charge for, None for an unknown type."""
    if price := _PRICES.get(resource.type):
        return price(resource.inputs, basis)
    return Cost() if resource.type in FREE or resource.type.startswith("pulumi:") else None


def _table(inputs: Mapping[str, Any], basis: Basis) -> Cost:
    if inputs.get("billingMode", "PROVISIONED") == "PROVISIONED":
        hour = inputs.get("writeCapacity", 0) * basis.usd(Rate.WRITE_CAPACITY_HOUR)
        hour += inputs.get("readCapacity", 0) * basis.usd(Rate.READ_CAPACITY_HOUR)
        return Cost(month=hour * _HOURS)
    return Cost(million=math.ceil(basis.workload.item_bytes / _KB) * basis.usd(Rate.WRITE_UNIT) * _MILLION)


def _insights(inputs: Mapping[str, Any], basis: Basis) -> Cost:
    """The rules, and with all keys an event of each write for the partition key, and one for both keys.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/contributorinsights_HowItWorks.html
    """
    of_all = inputs.get("mode") != "THROTTLED_KEYS"
    series = len(TABLE.keys)
    rules = series * (2 if of_all else 1)
    return Cost(
        rules * basis.usd(Rate.INSIGHT_RULE), series * basis.usd(Rate.INSIGHT_EVENT) * _MILLION if of_all else 0
    )


def _native(_inputs: Mapping[str, Any], basis: Basis) -> Cost:
    return Cost(million=math.ceil(basis.workload.item_bytes / _KB) * basis.usd(Rate.CAPTURE_UNIT) * _MILLION)


def _stream(inputs: Mapping[str, Any], basis: Basis) -> Cost:
    counted_gb = math.ceil(basis.workload.change_bytes / _KB) * _KB * _MILLION / _GB
    kept_hours: int = inputs.get("retentionPeriod", _DAY_HOURS)
    long = counted_gb * max(kept_hours - _WEEK_HOURS, 0) / _HOURS * basis.usd(Rate.STREAM_GB_KEPT_LONG)
    if shards := inputs.get("shardCount", 0):
        hour = basis.usd(Rate.SHARD_HOUR) + (basis.usd(Rate.KEPT_SHARD_HOUR) if kept_hours > _DAY_HOURS else 0)
        return Cost(shards * hour * _HOURS, basis.usd(Rate.PUT_UNIT) * _MILLION + long)
    kept = counted_gb * (min(kept_hours, _WEEK_HOURS) - _DAY_HOURS) / _HOURS * basis.usd(Rate.STREAM_GB_KEPT)
    readers = 2 if basis.settings.event_fanout else 1
    passed = counted_gb * (basis.usd(Rate.STREAM_GB_IN) + readers * basis.usd(Rate.STREAM_GB_OUT))
    return Cost(basis.usd(Rate.STREAM_HOUR) * _HOURS, passed + kept + long)


def _pipe(inputs: Mapping[str, Any], basis: Basis) -> Cost:
    # Filtered changes are free, and no change of this workload is large.
    if "enrichment" in inputs:
        return Cost()
    is_of_events = "kinesisStreamParameters" in inputs.get("sourceParameters", {})
    share = basis.workload.events_per_write if is_of_events else 1
    return Cost(million=share * basis.usd(Rate.PIPE_REQUEST) * _MILLION)


def _bus(_inputs: Mapping[str, Any], basis: Basis) -> Cost:
    return Cost(million=basis.workload.events_per_write * basis.usd(Rate.EVENT) * _MILLION)


def _queue(inputs: Mapping[str, Any], basis: Basis) -> Cost:
    # The queue with a dead-letter queue is the event queue; the others are empty without failures.
    share = basis.workload.events_per_write if "redrivePolicy" in inputs else 0
    return Cost(million=share * _QUEUE_REQUESTS * basis.usd(Rate.QUEUE_REQUEST) * _MILLION)


def _delivery(_: Mapping[str, Any], basis: Basis) -> Cost:
    counted_gb = math.ceil(basis.workload.change_bytes / (5 * _KB)) * 5 * _KB * _MILLION / _GB
    converted = basis.settings.lake_format == "parquet"
    gb = basis.usd(Rate.FIREHOSE_GB) + (basis.usd(Rate.CONVERSION_GB) if converted else 0)
    return Cost(million=counted_gb * gb)


def _function(inputs: Mapping[str, Any], basis: Basis) -> Cost:
    if not inputs.get("handler", "").endswith(_PER_BATCH):
        return Cost()
    workload, calls = basis.workload, _batches(basis)
    seconds = workload.transform_ms_per_1000 / 1000 / 1000 * _MILLION
    gb_seconds = seconds * inputs.get("memorySize", _LEAST_MEMORY_MB) / 1024
    gb_second = basis.usd(_GB_SECOND[basis.settings.architecture])
    logs = calls * workload.log_bytes_per_batch / _GB * basis.usd(Rate.LOG_GB)
    busy_hours = _MILLION / workload.writes_per_s / 3600
    metrics = basis.usd(Rate.METRIC) * _TRANSFORM_METRICS * busy_hours / _HOURS
    return Cost(million=calls * basis.usd(Rate.INVOCATION) + gb_seconds * gb_second + logs + metrics)


def _bucket(inputs: Mapping[str, Any], basis: Basis) -> Cost:
    if "-lake-" not in inputs.get("bucket", ""):
        return Cost()
    settings, workload = basis.settings, basis.workload
    by_time = _MILLION / workload.writes_per_s / max(settings.buffer_interval_seconds, 1)
    by_size = _MILLION * workload.change_bytes / (settings.buffer_size_mb * 1024**2)
    return Cost(million=max(by_time, by_size) * basis.usd(Rate.S3_PUT))


def _batches(basis: Basis) -> float:
    settings, workload = basis.settings, basis.workload
    by_time = _MILLION / workload.writes_per_s / max(settings.transform_buffer_seconds, 1)
    by_size = _MILLION * workload.change_bytes / (settings.transform_buffer_mb * 1024**2)
    return max(by_time, by_size)


def _crawler(inputs: Mapping[str, Any], basis: Basis) -> Cost:
    return Cost(month=_CRAWL_DPU_HOURS * basis.usd(Rate.DPU_HOUR) * 30) if inputs.get("schedule") else Cost()


def _merge(_inputs: Mapping[str, Any], basis: Basis) -> Cost:
    """The transitions and Athena's scans: each merge of the following hours reads a change, uncompressed at most, and
    the daily OPTIMIZE reads it once more.
    """
    if not basis.settings.merge_interval_minutes:
        return Cost()
    merges_an_hour = 60 / basis.settings.merge_interval_minutes
    month = _HOURS * merges_an_hour * TRANSITIONS * basis.usd(Rate.TRANSITION)
    read_hours = OVERLAP.total_seconds() / 3600
    scanned_tb = _MILLION * basis.workload.change_bytes * (read_hours * merges_an_hour + 1) / _TB
    return Cost(month, scanned_tb * basis.usd(Rate.ATHENA_TB))


def _schedule(_inputs: Mapping[str, Any], basis: Basis) -> Cost:
    interval = basis.settings.merge_interval_minutes
    return Cost(month=_HOURS * 60 / interval * basis.usd(Rate.SCHEDULED_START)) if interval else Cost()


def _flat(rate: Rate) -> Price:
    return lambda _inputs, basis: Cost(month=basis.usd(rate))


_PRICES: Mapping[str, Price] = {
    "aws:cloudwatch/dashboard:Dashboard": _flat(Rate.DASHBOARD),
    "aws:cloudwatch/eventBus:EventBus": _bus,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _flat(Rate.ALARM),
    "aws:dynamodb/contributorInsights:ContributorInsights": _insights,
    "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination": _native,
    "aws:dynamodb/table:Table": _table,
    "aws:glue/crawler:Crawler": _crawler,
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": _delivery,
    "aws:kinesis/stream:Stream": _stream,
    "aws:kms/key:Key": _flat(Rate.KEY),
    "aws:lambda/function:Function": _function,
    "aws:pipes/pipe:Pipe": _pipe,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:scheduler/schedule:Schedule": _schedule,
    "aws:sfn/stateMachine:StateMachine": _merge,
    "aws:sqs/queue:Queue": _queue,
}

FREE = frozenset(
    {
        *("aws:appautoscaling/policy:Policy", "aws:appautoscaling/target:Target", "aws:athena/namedQuery:NamedQuery"),
        *("aws:athena/workgroup:Workgroup", "aws:cloudwatch/eventBusPolicy:EventBusPolicy"),
        *("aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"),
        *("aws:cloudwatch/logGroup:LogGroup", "aws:cloudwatch/logStream:LogStream"),
        *("aws:glue/catalogDatabase:CatalogDatabase", "aws:glue/catalogTable:CatalogTable", "aws:iam/role:Role"),
        *("aws:iam/rolePolicy:RolePolicy", "aws:kms/alias:Alias"),
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        *("aws:s3/bucketLogging:BucketLogging", "aws:s3/bucketNotification:BucketNotification"),
        *("aws:s3/bucketOwnershipControls:BucketOwnershipControls", "aws:s3/bucketPolicy:BucketPolicy"),
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        *("aws:s3/bucketVersioning:BucketVersioning", "aws:sns/topic:Topic", "aws:sns/topicPolicy:TopicPolicy"),
        *("aws:sns/topicSubscription:TopicSubscription", "aws:sqs/queuePolicy:QueuePolicy"),
    }
)
"""Types that AWS does not charge for; log data and users' Athena queries are not part of the resource's price."""
