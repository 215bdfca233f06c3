"""The meaning of DynamoDB's responses, the same for every writer."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from loadgen.dynamodb.item import Item
from loadgen.dynamodb.writes import Call, Outcome, Reply

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
# Another write of the same item is in progress (a transaction, another replica): nothing was applied.
_CONFLICTS = frozenset({"TransactionConflictException", "ReplicatedWriteConflictException"})
_CANCELED = "TransactionCanceledException"
# The same transaction is already in progress: it may still be applied.
_IN_PROGRESS = "TransactionInProgressException"
# Reasons why a transaction was cancelled; the first that matches decides.
_REASONS = {
    "ValidationError": Outcome.INVALID,
    "ItemCollectionSizeLimitExceeded": Outcome.INVALID,
    "ConditionalCheckFailed": Outcome.CONDITION,
    "ProvisionedThroughputExceeded": Outcome.THROTTLED,
    "ThrottlingError": Outcome.THROTTLED,
    "TransactionConflict": Outcome.THROTTLED,
}

# One request in a batch's response: {"PutRequest": {"Item": {...}}} or {"DeleteRequest": {"Key": {...}}}.
_Request = dict[str, dict[str, Item]]


class _BatchReply(Struct, rename="pascal"):
    unprocessed_items: dict[str, list[_Request]] = {}


class _ThrottlingReason(Struct):
    reason: str = ""


class _Throttle(Struct):
    """ThrottlingException has the member in lower case, ProvisionedThroughputExceededException in upper case."""

    lower: list[_ThrottlingReason] = msgspec.field(name="throttlingReasons", default_factory=list[_ThrottlingReason])
    upper: list[_ThrottlingReason] = msgspec.field(name="ThrottlingReasons", default_factory=list[_ThrottlingReason])


class _CancellationReason(Struct):
    code: str = msgspec.field(name="Code", default="None")


class _Cancellation(Struct):
    reasons: list[_CancellationReason] = msgspec.field(
        name="CancellationReasons", default_factory=list[_CancellationReason]
    )


class _Consumed(Struct, rename="pascal", frozen=True):
    capacity_units: float = 0.0


class _ReadReply(Struct, rename="pascal"):
    """The members of a reply with the amount that GetItem and Query have read."""

    item: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    count: int = 0
    consumed_capacity: _Consumed = _Consumed()


class _ConditionReply(Struct, rename="pascal"):
    item: Item = {}


def classify(status: int, code: str, body: bytes = b"") -> Outcome:
    """Return the outcome of a response with this HTTP status, exception (without its namespace) and JSON.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html#API_TransactWriteItems_Errors
    """
    if status == 200:
        return Outcome.OK
    if code == "ConditionalCheckFailedException":
        return Outcome.CONDITION
    if code in _THROTTLING or code in _CONFLICTS or status == 429:
        return Outcome.THROTTLED
    if code == _CANCELED:
        codes = cancellation_codes(body)
        return next((outcome for reason, outcome in _REASONS.items() if reason in codes), Outcome.INVALID)
    if code in _CREDENTIALS:
        return Outcome.CREDENTIALS
    if code == _IN_PROGRESS:
        return Outcome.SERVER_ERROR
    if status >= 500 or code in _SERVER:
        return Outcome.SERVER_ERROR
    return Outcome.INVALID


def cancellation_codes(body: bytes) -> list[str]:
    """Return why a transaction was cancelled: the codes of its failed writes, in their order."""
    try:
        found = msgspec.json.decode(body, type=_Cancellation)
    except msgspec.MsgspecError:
        return []
    return [reason.code for reason in found.reasons if reason.code != "None"]


def read_of(reply: Reply) -> tuple[int, int]:
    """Return the number of items that a read found and its read units, from its reply."""
    if not reply.body:
        return 0, 0
    found = msgspec.json.decode(reply.body, type=_ReadReply)
    items = found.count if found.item is msgspec.UNSET else 1
    return items, math.ceil(found.consumed_capacity.capacity_units)


def unprocessed(body: bytes, keys: Mapping[str, tuple[str, ...]]) -> set[tuple[str, str]]:
    """Return the table and key of each unprocessed write in a batch's response; `keys` has the key attributes."""
    answer = msgspec.json.decode(body, type=_BatchReply)
    return {
        (table, _key(request, keys[table]))
        for table, requests in answer.unprocessed_items.items()
        for request in requests
    }


def proven(call: Call, reply: Reply) -> bool:
    """Return whether the item that failed a call's condition shows that an earlier sending was applied."""
    proof = call.carried[0].proof
    if proof is None or not reply.body:
        return False
    return proof.holds(msgspec.json.decode(reply.body, type=_ConditionReply).item)


def throttle_class(reply: Reply) -> str:
    """Return a throttle's exception and the limit that DynamoDB names: the table's, or a key range's.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/throttling-diagnosing-workflow.html
    """
    name = reply.code or reply.outcome.label
    try:
        found = msgspec.json.decode(reply.body, type=_Throttle)
    except msgspec.MsgspecError:
        return name
    reasons = {each.reason for each in (*found.lower, *found.upper) if each.reason}
    if reply.code == _CANCELED:
        reasons |= set(cancellation_codes(reply.body))
    return f"{name} ({', '.join(sorted(reasons))})" if reasons else name


def _key(request: _Request, names: tuple[str, ...]) -> str:
    ((_, content),) = request.items()
    ((_, item),) = content.items()
    return "/".join(str(next(iter(item[name].values()))) for name in names)
