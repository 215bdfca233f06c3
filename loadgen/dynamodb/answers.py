"""What DynamoDB's answers mean, the same for every writer."""

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
# Another write of the same item is under way (a transaction, another replica): nothing was applied.
_CONFLICTS = frozenset({"TransactionConflictException", "ReplicatedWriteConflictException"})
_CANCELED = "TransactionCanceledException"
# The same transaction is under way already: it may yet be applied.
_IN_PROGRESS = "TransactionInProgressException"
# Why a transaction was cancelled, the reason that decides first.
_REASONS = {
    "ValidationError": Outcome.INVALID,
    "ItemCollectionSizeLimitExceeded": Outcome.INVALID,
    "ConditionalCheckFailed": Outcome.CONDITION,
    "ProvisionedThroughputExceeded": Outcome.THROTTLED,
    "ThrottlingError": Outcome.THROTTLED,
    "TransactionConflict": Outcome.THROTTLED,
}

# What a batch's answer has of one request: {"PutRequest": {"Item": {...}}} or {"DeleteRequest": {"Key": {...}}}.
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
    """How much GetItem and Query have read, by their reply."""

    item: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    count: int = 0
    consumed_capacity: _Consumed = _Consumed()


class _ConditionReply(Struct, rename="pascal"):
    item: Item = {}


def classify(status: int, code: str, body: bytes = b"") -> Outcome:
    """The outcome of an answer with this HTTP status, exception (without its namespace) and JSON.

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
    """Why a transaction was cancelled: the codes of its writes, in their order, without those that are fine."""
    try:
        found = msgspec.json.decode(body, type=_Cancellation)
    except msgspec.MsgspecError:
        return []
    return [reason.code for reason in found.reasons if reason.code != "None"]


def read_of(reply: Reply) -> tuple[int, int]:
    """How many items a read has found, and the read units that it took, by what its reply says."""
    if not reply.body:
        return 0, 0
    found = msgspec.json.decode(reply.body, type=_ReadReply)
    items = found.count if found.item is msgspec.UNSET else 1
    return items, math.ceil(found.consumed_capacity.capacity_units)


def unprocessed(body: bytes, keys: Mapping[str, tuple[str, ...]]) -> set[tuple[str, str]]:
    """The table and key of each write that the answer to a batch gives back; `keys` are the tables' key attributes."""
    answer = msgspec.json.decode(body, type=_BatchReply)
    return {
        (table, _key(request, keys[table]))
        for table, requests in answer.unprocessed_items.items()
        for request in requests
    }


def proven(call: Call, reply: Reply) -> bool:
    """Whether the item that failed the condition of a call shows that an earlier sending of it was applied."""
    proof = call.writes[0].proof
    if proof is None or not reply.body:
        return False
    return proof.holds(msgspec.json.decode(reply.body, type=_ConditionReply).item)


def throttle_class(reply: Reply) -> str:
    """The exception of a throttle, with the limit that DynamoDB names: the table's, or that of a range of keys.

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
