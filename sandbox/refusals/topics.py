"""SNS: rules of a topic's name and its subscriptions.

sns/test_sns.snapshot.json of localstack/localstack, rules/sns of badmintoncryer/cdk-preflight.
"""

from __future__ import annotations

import re

from sandbox.front.reply import ServiceError
from sandbox.refusals.registry import Asked, refuses

_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}(\.fifo)?")
_ENDPOINTS = {
    "email": (re.compile(r"[^@ ]+@[^@ ]+"), "Email address"),
    "email-json": (re.compile(r"[^@ ]+@[^@ ]+"), "Email address"),
    "http": (re.compile(r"http://.+"), "Endpoint must match the specified protocol"),
    "https": (re.compile(r"https://.+"), "Endpoint must match the specified protocol"),
    "lambda": (re.compile(r"arn:[^:]+:lambda:.+"), "Lambda endpoint ARN"),
    "sqs": (re.compile(r"arn:[^:]+:sqs:.+"), "SQS endpoint ARN"),
}
_PROTOCOLS = frozenset({*_ENDPOINTS, "application", "firehose", "sms"})
"""https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html"""


@refuses("sns", "CreateTopic")
def name(asked: Asked) -> ServiceError | None:
    """Refuse a topic's name that is not at most 256 letters, digits, hyphens and underscores."""
    return None if _NAME.fullmatch(str(asked.get("Name") or "")) else _invalid("Topic Name")


@refuses("sns", "Subscribe")
def endpoint(asked: Asked) -> ServiceError | None:
    """Refuse a protocol that SNS does not have, and an endpoint that does not have its protocol's form."""
    if (protocol := asked.get("Protocol")) not in _PROTOCOLS:
        return _invalid(f"Amazon SNS does not support this protocol string: {protocol}")
    expected = _ENDPOINTS.get(str(asked.get("Protocol")))
    if expected is None or expected[0].fullmatch(str(asked.get("Endpoint") or "")):
        return None
    return _invalid(expected[1])


def _invalid(what: str) -> ServiceError:
    return ServiceError("InvalidParameter", f"Invalid parameter: {what}")
