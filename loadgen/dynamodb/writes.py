"""The values that pass between the workload, the engine and the writers.

A *write* is one change to one item. A *call* is one request that carries one write, or up to 25 in a batch; or a read,
or a transaction of several writes, which count as a write. A *reply* is the result of one sending of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from enum import Enum
from typing import Literal

from msgspec import Struct

from loadgen.dynamodb.item import Item
from loadgen.schedule.mix import Op

Target = Literal["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "GetItem", "Query", "TransactWriteItems"]


class Proof(Struct, frozen=True, gc=False):
    """The evidence in an item that a conditional write was applied: an attribute with a value.

    When a write may have been applied and its repetition then fails on its condition, the returned item distinguishes
    the two cases.
    """

    attribute: str
    type: str
    value: str

    def holds(self, item: Item) -> bool:
        """Return whether `item` (DynamoDB JSON) shows that the write was applied."""
        return item.get(self.attribute, {}).get(self.type) == self.value


class Sending(Struct, kw_only=True, gc=False):
    """What is known of a request's sendings.

    `attempts` is the number of this sending; `sent_ns` and `answered_ns` are the monotonic times at which the last
    sending left and its response arrived, recorded by the writer. `uncertain` is set once a sending may have been
    applied without a response that confirms it.
    """

    attempts: int = 1
    sent_ns: int = 0
    answered_ns: int = 0
    uncertain: bool = False


class Call(Sending, gc=False):
    """One request: its target, and its JSON body in pieces."""

    target: str
    pieces: Sequence[bytes]

    @property
    def body(self) -> bytes:
        """Return the joined pieces."""
        return b"".join(self.pieces)

    @property
    def carried(self) -> Sequence[Write]:
        """The writes that it carries: none if it is not of the plan."""
        return ()


class Write(Call, gc=False):
    """One change to one item, or a read of one, which takes no write units. It is the call that carries it alone.

    `key` is the item's key values as text, joined by "/"; `pieces` are joined when the whole request is: `opening` of
    the table, the object's other members, and `CLOSING`; a transaction has other pieces. `units` are the write units
    that DynamoDB is expected to charge; `subject` is the workload's object, which it receives again when the write is
    finished; `substitute` means that this write replaces a planned one that was not possible.
    """

    op: Op
    table: str
    key: str
    version: int
    units: int
    subject: object = None
    proof: Proof | None = None
    substitute: bool = False
    planned_ns: int = 0

    @property
    def carried(self) -> Sequence[Write]:
        """The write itself."""
        return (self,)


class Transaction(Write, gc=False):
    """Several changes that are applied together or not at all: `changes` are its writes."""

    changes: tuple[Write, ...] = ()


class WriteBatch(Call, gc=False):
    """A BatchWriteItem call with several writes."""

    writes: list[Write]

    @property
    def carried(self) -> Sequence[Write]:
        """The writes of the batch."""
        return self.writes


class Outcome(Enum):
    """What a reply means for the call; `retryable` and `ambiguous` determine the next step.

    Ambiguous: the write may have been applied. Retryable: sending again may help.
    """

    OK = ("ok", False, False)
    THROTTLED = ("throttled", True, False)
    SERVER_ERROR = ("server_error", True, True)
    TIMEOUT = ("timeout", True, True)
    RESET = ("reset", True, True)
    CORRUPT = ("corrupt", True, True)
    UNREACHABLE = ("unreachable", True, False)
    CREDENTIALS = ("credentials", True, False)
    CONDITION = ("condition", False, False)
    INVALID = ("invalid", False, False)

    def __init__(self, label: str, retryable: bool, ambiguous: bool) -> None:
        self.label = label
        self.retryable = retryable
        self.ambiguous = ambiguous


class Reply(Struct, gc=False, frozen=True):
    """The result of one sending: `code` is the service's exception or the error's name, `body` the response's JSON."""

    outcome: Outcome
    code: str = ""
    message: str = ""
    body: bytes = b""


OK = Reply(Outcome.OK)


class WriteResult(Enum):
    """The final state of a write, after its last sending."""

    APPLIED = "applied"
    NOT_APPLIED = "not applied"
    UNKNOWN = "unknown"


def opening(table: str) -> bytes:
    """Return the first of a write's pieces."""
    return b'{"TableName":"%b",' % table.encode()


CLOSING = b"}"
"""The last of a write's pieces."""


def transaction(changes: tuple[Write, ...], token: str, *, substitute: bool = False) -> Transaction:
    """Return the TransactWriteItems operation for up to 100 changes, no two of the same key.

    A repetition with the same `token` (1 to 36 characters, unique to this operation) within ten minutes changes
    nothing. A transaction takes twice the write units.
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
    """
    pieces = [b'{"ClientRequestToken":"%b","TransactItems":[' % token.encode()]
    for number, write in enumerate(changes):
        pieces.append(b'%b{"%b":{' % (b"," if number else b"", _ACTIONS[write.target]))
        pieces.append(write.pieces[0][1:])
        pieces += write.pieces[1:]
        pieces.append(b"}")
    pieces.append(b"]}")
    key = " ".join(write.key for write in changes)
    units = 2 * sum(write.units for write in changes)
    return Transaction(
        "TransactWriteItems",
        pieces,
        "transact",
        changes[0].table,
        key,
        0,
        units,
        substitute=substitute,
        changes=changes,
    )


def batch(writes: list[Write]) -> WriteBatch:
    """Return the BatchWriteItem call for up to 25 puts and deletes, no two of the same key."""
    tables: defaultdict[str, list[bytes]] = defaultdict(list)
    for write in writes:
        pieces = tables[write.table]
        pieces.append(_REQUESTS[write.target])
        pieces += write.pieces[1:-1]
    body = [b'{"RequestItems":{']
    for table, pieces in tables.items():
        body.append(b'"%b":[' % table.encode())
        pieces[0] = pieces[0].removeprefix(_END)
        body += pieces
        body.append(_LAST)
    body[-1] = b"}}]}}"
    return WriteBatch("BatchWriteItem", body, writes)


# Each request in a batch begins with the end of the previous one.
_END = b"}},"
_LAST = b"}}],"
_ACTIONS = {"PutItem": b"Put", "UpdateItem": b"Update", "DeleteItem": b"Delete"}
_REQUESTS = {"PutItem": _END + b'{"PutRequest":{', "DeleteItem": _END + b'{"DeleteRequest":{'}
