"""The rules for log groups and log streams."""

from __future__ import annotations

from components.audit.reading import both, key_policy, lets, number, one_of, text
from components.audit.requests import failed
from components.audit.rule import RefusedCall, Rule
from components.audit.spoiling import beside, given
from components.explain.evidence import Case
from components.settings import LOG_RETENTION_DAYS

GROUP = "aws:cloudwatch/logGroup:LogGroup"
STREAM = "aws:cloudwatch/logStream:LogStream"
_LOGS = "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/"
_LOG_KEY_USE = ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo")


def _logs_use_the_key(case: Case) -> bool:
    service = "logs.eu-west-1.amazonaws.com"
    return not case.inputs.get("kmsKeyId") or lets(key_policy(case), service, *_LOG_KEY_USE)


RULES = (
    Rule(
        "logs-name",
        GROUP,
        "A log group's name has 1 to 512 letters, digits and ._-/# characters.",
        f"{_LOGS}API_CreateLogGroup.html",
        text("name", 1, 512, r"[.\-_/#A-Za-z0-9]+"),
        given({"name": "/aws/lambda/order transform"}),
        (
            RefusedCall(
                "logs.CreateLogGroup",
                {"logGroupName": "order transform"},
                "InvalidParameterException",
                failed(
                    "logGroupName", r"satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+", value="order transform"
                ),
            ),
        ),
    ),
    Rule(
        "logs-retention",
        GROUP,
        "The retention is unlimited or one of about two dozen numbers of days.",
        f"{_LOGS}API_PutRetentionPolicy.html",
        one_of("retentionInDays", (0, *LOG_RETENTION_DAYS)),
        given({"retentionInDays": 10}),
        (
            RefusedCall(
                "logs.PutRetentionPolicy",
                {"logGroupName": "audit", "retentionInDays": 10},
                "InvalidParameterException",
                failed("retentionInDays", "satisfy enum value set: [", value="10"),
            ),
        ),
    ),
    Rule(
        "logs-use-the-key",
        GROUP,
        "CloudWatch Logs is allowed to use a log group's key.",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
        _logs_use_the_key,
        lambda case: given({"kmsKeyId": "key"})(beside("aws:kms/key:Key", {"policy": '{"Statement": []}'})(case)),
    ),
    Rule(
        "logs-stream",
        STREAM,
        "A log stream's name has 1 to 512 characters, without colon and asterisk.",
        f"{_LOGS}API_CreateLogStream.html",
        text("name", 1, 512, r"[^:*]+"),
        given({"name": "delivery:1"}),
        (
            RefusedCall(
                "logs.CreateLogStream",
                {"logGroupName": "audit", "logStreamName": "delivery:1"},
                "InvalidParameterException",
                failed("logStreamName", "satisfy regular expression pattern: [^:*]*", value="delivery:1"),
            ),
        ),
    ),
    Rule(
        "logs-class",
        GROUP,
        "A log group for Live Tail and metrics has the standard class.",
        f"{_LOGS}API_CreateLogGroup.html",
        both(one_of("logGroupClass", ("STANDARD",)), number("retentionInDays", 0, 3653)),
        given({"logGroupClass": "INFREQUENT"}),
        (
            RefusedCall(
                "logs.CreateLogGroup",
                {"logGroupName": "audit", "logGroupClass": "INFREQUENT"},
                "InvalidParameterException",
                failed("logGroupClass", "satisfy enum value set: [", value="INFREQUENT"),
            ),
        ),
    ),
)
