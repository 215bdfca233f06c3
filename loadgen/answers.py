"""What DynamoDB's errors mean, the same for every writer.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

from __future__ import annotations

from loadgen.writes import Outcome

_THROTTLING = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "LimitExceededException",
        "Throttling",
    }
)
_CREDENTIALS = frozenset(
    {
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)
_SERVER = frozenset({"InternalServerError", "InternalFailure", "ServiceUnavailable", "ServiceUnavailableException"})
# Another write of the same item is under way (a transaction, another replica): nothing was applied.
_CONFLICTS = frozenset({"TransactionConflictException", "ReplicatedWriteConflictException"})


def classify(status: int, code: str) -> Outcome:
    """The outcome of an answer with this HTTP status and exception (without its namespace)."""
    if status == 200:
        return Outcome.OK
    if code == "ConditionalCheckFailedException":
        return Outcome.CONDITION
    if code in _THROTTLING or code in _CONFLICTS or status == 429:
        return Outcome.THROTTLED
    if code in _CREDENTIALS:
        return Outcome.CREDENTIALS
    if status >= 500 or code in _SERVER:
        return Outcome.SERVER_ERROR
    return Outcome.INVALID
