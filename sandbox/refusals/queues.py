"""SQS: rules of a queue's attributes, encryption and redrive policy.

rules/sqs of badmintoncryer/cdk-preflight; the full sentence about a redrive policy is in services/sqs/provider.py of
localstack/localstack.
"""

from __future__ import annotations

import json

from sandbox.front.reply import ServiceError
from sandbox.refusals.given import fields
from sandbox.refusals.registry import Asked, refuses

_MAX_RECEIVED = 1000
_RANGES = {
    "DelaySeconds": (0, 900),
    "MaximumMessageSize": (1024, 1_048_576),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
}
_NAMES = frozenset(
    {
        *("ContentBasedDeduplication", "DeduplicationScope", "FifoQueue", "FifoThroughputLimit", "KmsMasterKeyId"),
        *("Policy", "RedriveAllowPolicy", "RedrivePolicy", "SqsManagedSseEnabled", *_RANGES),
    }
)
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html"""


@refuses("sqs", "CreateQueue", "SetQueueAttributes")
def names(asked: Asked) -> ServiceError | None:
    """Refuse an attribute that a queue does not have, or that only describes it."""
    unknown = sorted(fields(asked.get("Attributes")).keys() - _NAMES)
    return ServiceError("InvalidAttributeName", f"Unknown Attribute {unknown[0]}.") if unknown else None


@refuses("sqs", "CreateQueue", "SetQueueAttributes")
def ranges(asked: Asked) -> ServiceError | None:
    """Refuse a numeric attribute outside its range."""
    given = fields(asked.get("Attributes"))
    for name, (low, high) in _RANGES.items():
        if name in given and not (str(given[name]).isdecimal() and low <= int(given[name]) <= high):
            return ServiceError("InvalidAttributeValue", f"Invalid value for the parameter {name}.")
    return None


@refuses("sqs", "CreateQueue", "SetQueueAttributes")
def encryption(asked: Asked) -> ServiceError | None:
    """Refuse encryption both by SQS and with a KMS key."""
    given = fields(asked.get("Attributes"))
    if str(given.get("SqsManagedSseEnabled")).lower() == "true" and given.get("KmsMasterKeyId"):
        return ServiceError(
            "InvalidAttributeValue",
            "You can use one type of server-side encryption (SSE) at one time. "
            "You can either enable KMS SSE or SQS SSE.",
        )
    return None


@refuses("sqs", "CreateQueue", "SetQueueAttributes")
def redrive(asked: Asked) -> ServiceError | None:
    """Refuse a redrive policy without a queue or a valid maximum of receives."""
    text = str(fields(asked.get("Attributes")).get("RedrivePolicy") or "")
    reason = _reason(text) if text else None
    if reason is None:
        return None
    sentence = f"Value {text} for parameter RedrivePolicy is invalid. Reason: {reason}"
    return ServiceError("InvalidParameterValue", sentence)


def _reason(text: str) -> str | None:
    try:
        policy = fields(json.loads(text))
    except ValueError:
        return "Redrive policy is not a valid JSON map."
    for name in ("deadLetterTargetArn", "maxReceiveCount"):
        if name not in policy:
            return f"Redrive policy does not contain mandatory attribute: {name}."
    count = policy["maxReceiveCount"]
    if str(count).isdecimal() and 1 <= int(count) <= _MAX_RECEIVED:
        return None
    bounds = f"valid values are from 1 to {_MAX_RECEIVED} both inclusive."
    return f"Invalid value for maxReceiveCount: {count}, {bounds}"
