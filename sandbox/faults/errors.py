"""The services' own errors, which faults return.

DynamoDB's messages:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/throttling-diagnosing-workflow.html,
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactGetItems.html and
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html. Kinesis:
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html. S3:
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html. Lambda:
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html. Which of them a client retries:
botocore/data/_retry.json, botocore/retries/standard.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple


class ErrorForm(NamedTuple):
    """The status and message of a service's error."""

    status: int
    message: str


EXPIRED_ITERATOR = "ExpiredIteratorException"
PROVISIONED = "ProvisionedThroughputExceededException"
THROTTLING = "ThrottlingException"
OVER_PROVISIONED = (
    "The level of configured provisioned throughput for the table was exceeded. "
    "Consider increasing your provisioning level with the UpdateTable API."
)
OVER_PROVISIONED_INDEX = (
    "The level of configured provisioned throughput for one or more global secondary indexes of the table was "
    "exceeded. Consider increasing your provisioning level for the under-provisioned global secondary indexes with the "
    "UpdateTable API."
)
OVER_CURRENT = (
    "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or "
    "index so please try again shortly. If exceptions persist, check if you have a hot key: "
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"
)
OVER_MAXIMUM = "Throughput exceeds the maximum OnDemandThroughput configured on table or index"
_OVER_ACCOUNT = (
    "Throughput exceeds the current throughput limit for your account. Please contact AWS Support at "
    "https://aws.amazon.com/support to request a limit increase."
)
_RATE = "Rate exceeded"

THROTTLES: Mapping[str, Mapping[str, ErrorForm]] = {
    "dynamodb": {
        PROVISIONED: ErrorForm(400, OVER_PROVISIONED),
        THROTTLING: ErrorForm(400, OVER_CURRENT),
        "RequestLimitExceeded": ErrorForm(400, _OVER_ACCOUNT),
    },
    "dynamodbstreams": {
        "LimitExceededException": ErrorForm(400, "Too many concurrent reads of the shard."),
        THROTTLING: ErrorForm(400, _RATE),
    },
    "kinesis": {
        PROVISIONED: ErrorForm(400, "Rate exceeded for shard in stream under account."),
        "LimitExceededException": ErrorForm(400, "Rate exceeded for stream under account."),
    },
    "lambda": {"TooManyRequestsException": ErrorForm(429, "Rate Exceeded.")},
    "s3": {"SlowDown": ErrorForm(503, "Please reduce your request rate.")},
    "sqs": {
        "RequestThrottled": ErrorForm(403, "Request is throttled."),
        THROTTLING: ErrorForm(400, _RATE),
    },
    "events": {THROTTLING: ErrorForm(400, _RATE)},
    "athena": {
        "TooManyRequestsException": ErrorForm(400, _RATE),
        THROTTLING: ErrorForm(400, _RATE),
    },
    "glue": {THROTTLING: ErrorForm(400, _RATE)},
}
"""By service the errors of throttling; the first is the default."""

_INTERNAL_FAILURE = "The request processing has failed because of an unknown error, exception or failure."
_UNAVAILABLE = "The request has failed due to a temporary failure of the server."

FAILURES: Mapping[str, Mapping[str, ErrorForm]] = {
    "dynamodb": {
        "InternalServerError": ErrorForm(500, "Internal server error"),
        "ServiceUnavailable": ErrorForm(503, "The service is currently unavailable or busy."),
    },
    "dynamodbstreams": {"InternalServerError": ErrorForm(500, "Internal server error")},
    "kinesis": {
        "InternalFailure": ErrorForm(500, "Internal service failure."),
        "ServiceUnavailable": ErrorForm(503, _UNAVAILABLE),
    },
    "lambda": {"ServiceException": ErrorForm(500, "An error occurred and the request cannot be processed.")},
    "s3": {
        "InternalError": ErrorForm(500, "We encountered an internal error. Please try again."),
        "ServiceUnavailable": ErrorForm(503, "Service is unable to handle request."),
    },
    "sqs": {"InternalFailure": ErrorForm(500, _INTERNAL_FAILURE), "ServiceUnavailable": ErrorForm(503, _UNAVAILABLE)},
    "events": {"InternalException": ErrorForm(500, "An internal error occurred.")},
    "athena": {"InternalServerException": ErrorForm(500, "An internal server error occurred.")},
    "glue": {"InternalServiceException": ErrorForm(500, "An internal service error occurred.")},
}
"""By service the errors that are failures of the service; the first is the default."""

SERVICES = tuple(FAILURES)
"""The services whose calls can fail, by botocore's names."""

EXPIRED: Mapping[str, ErrorForm] = {
    "kinesis": ErrorForm(400, "The provided iterator exceeds the maximum age allowed."),
    "dynamodbstreams": ErrorForm(400, "The provided iterator exceeds the maximum age allowed."),
}


def form_of(service: str, code: str) -> ErrorForm:
    """The status and the message of a service's error."""
    for errors in (THROTTLES, FAILURES):
        found = errors.get(service, {}).get(code)
        if found is not None:
            return found
    raise LookupError(f"{service} has no error {code}")


@cache
def has_operation(service: str, operation: str) -> bool:
    """Return whether a service has an operation; a process of the sandbox has every name."""
    if service not in SERVICES:
        return True
    session: Any = import_module("botocore.session").Session()
    return operation in session.get_service_model(service).operation_names
