"""The rules of the Kinesis stream."""

from __future__ import annotations

from components.audit.reading import at, number, text
from components.audit.requests import failed
from components.audit.rule import RefusedCall, Rule
from components.audit.spoiling import given
from components.explain.evidence import Case

STREAM = "aws:kinesis/stream:Stream"

_API = "https://docs.aws.amazon.com/kinesis/latest/APIReference/"
_PREFLIGHT = "badmintoncryer/cdk-preflight rules/kinesis/"


def _shards_by_mode(case: Case) -> bool:
    provisioned = at(case.inputs, "streamModeDetails.streamMode") != "ON_DEMAND"
    return provisioned == ("shardCount" in case.inputs)


RULES = (
    Rule(
        "kinesis-name",
        STREAM,
        "A stream's name has 1 to 128 letters, digits, underscores, hyphens and dots.",
        f"{_API}API_CreateStream.html",
        text("name", 1, 128, r"[a-zA-Z0-9_.-]+"),
        given({"name": "order changes"}),
        (
            RefusedCall(
                "kinesis.CreateStream",
                {"StreamName": "order changes", "ShardCount": 1},
                "ValidationException",
                failed("streamName", "satisfy regular expression pattern: [a-zA-Z0-9_.-]+", value="order changes"),
            ),
        ),
    ),
    Rule(
        "kinesis-shards-by-mode",
        STREAM,
        "A provisioned stream has a shard count, an on-demand stream does not.",
        f"{_PREFLIGHT}pf-kinesis-on-demand-shard-count",
        _shards_by_mode,
        given({"streamModeDetails": {"streamMode": "ON_DEMAND"}, "shardCount": 2}),
        (
            RefusedCall(
                "kinesis.CreateStream",
                {"StreamName": "audit", "ShardCount": 2, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}},
                "ValidationException",
                "ShardCount is not expected when StreamMode=ON_DEMAND",
                "https://github.com/aws/aws-cdk/issues/18139",
            ),
            RefusedCall(
                "kinesis.CreateStream",
                {"StreamName": "audit", "StreamModeDetails": {"StreamMode": "PROVISIONED"}},
                "ValidationException",
                "ShardCount is expected when StreamMode=PROVISIONED",
                f"{_PREFLIGHT}pf-kinesis-provisioned-shard-count",
            ),
        ),
    ),
    Rule(
        "kinesis-shards-least",
        STREAM,
        "A stream has at least one shard.",
        f"{_API}API_CreateStream.html",
        number("shardCount", 1, 10_000),
        given({"shardCount": 0}),
        (
            RefusedCall(
                "kinesis.CreateStream",
                {"StreamName": "audit", "ShardCount": 0},
                "ValidationException",
                failed("shardCount", "have value greater than or equal to 1", value="0"),
                "mhart/kinesalite validations/createStream.js",
            ),
        ),
    ),
    Rule(
        "kinesis-retention",
        STREAM,
        "The retention is 24 to 8,760 hours.",
        f"{_API}API_IncreaseStreamRetentionPeriod.html",
        number("retentionPeriod", 24, 8760),
        given({"retentionPeriod": 23}),
        (
            RefusedCall(
                "kinesis.IncreaseStreamRetentionPeriod",
                {"StreamName": "audit-kept", "RetentionPeriodHours": 8761},
                "InvalidArgumentException",
                "Maximum allowed retention period is 8760 hours. Requested retention period (8761 hours) is too long.",
                "mhart/kinesalite actions/increaseStreamRetentionPeriod.js",
                before=(("kinesis.CreateStream", {"StreamName": "audit-kept", "ShardCount": 1}),),
            ),
        ),
    ),
    Rule(
        "kinesis-key",
        STREAM,
        "A stream names a key exactly when it is encrypted with one.",
        "hashicorp/terraform-provider-aws internal/service/kinesis/stream.go",
        lambda case: (case.inputs.get("encryptionType") == "KMS") == bool(case.inputs.get("kmsKeyId")),
        given({"encryptionType": "NONE", "kmsKeyId": "alias/aws/kinesis"}),
    ),
    Rule(
        "kinesis-record-size",
        STREAM,
        "The maximum record size is 1,024 to 10,240 KiB.",
        f"{_API}API_CreateStream.html",
        number("maxRecordSizeInKib", 1024, 10_240),
        given({"maxRecordSizeInKib": 20_480}),
        (
            RefusedCall(
                "kinesis.CreateStream",
                {"StreamName": "audit", "ShardCount": 1, "MaxRecordSizeInKiB": 20_480},
                "ValidationException",
                failed("maxRecordSizeInKiB", "have value less than or equal to 10240", value="20480"),
            ),
        ),
    ),
)
