"""The admission of calls according to a table's capacity. By default every call is admitted.

The server installs a gate here while a fault concerns throughput; an operation calls it once it has determined what it
reads or writes, and before it changes anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from sandbox.dynamodb.errors import DynamoError, api_error
from sandbox.dynamodb.items import Key
from sandbox.dynamodb.table import ItemChange, StoredTable
from sandbox.dynamodb.usage import USAGE


class Throughput(NamedTuple):
    """Units per second."""

    read: float
    write: float


class Capacity(NamedTuple):
    """A table's throughput: the provisioned one, or an on-demand table's limit and warm throughput.

    A `limit` of 0 is no limit. `indexes` has the throughput of each global index.
    """

    arn: str
    provisioned: bool
    limit: Throughput
    warm: Throughput
    indexes: Mapping[str, Throughput]


class Gate(Protocol):
    """Refuses calls for which there is no capacity."""

    def writes(self, changes: Sequence[tuple[StoredTable, ItemChange]], factor: int = 1) -> list[DynamoError | None]:
        """For each write the error that refuses it, or None. `factor` is 2 in a transaction.

        An admitted write consumes its units.
        """
        ...

    def batched(self, operation: str, count: int) -> list[DynamoError | None]:
        """For each entry of a batch the error that refuses it, or None, regardless of what it reads or writes."""
        ...

    def read(
        self, table: StoredTable, units: float, partition: str | None, index: str | None = None
    ) -> DynamoError | None:
        """The error that refuses a read, or None; `partition` is None for a read of several partition keys."""
        ...


class Admission:
    """The gate of this process, and the operation in progress."""

    gate: Gate | None = None
    operation: str = ""

    def refuse_write(self, table: StoredTable, change: ItemChange) -> None:
        """Raise DynamoError if a write is refused."""
        if self.gate is not None and (error := self.gate.writes([(table, change)])[0]) is not None:
            count_throttled([(table, change)], [error])
            raise error

    def refuse_read(self, table: StoredTable, units: float, key: Key | None, index: str | None = None) -> None:
        """Raise DynamoError if a read is refused; `key` is None for a read of several partition keys."""
        if self.gate is None:
            return
        error = self.gate.read(table, units, None if key is None else key.hash, index)
        if error is not None:
            if key is not None:
                USAGE.throttled(table, key, index)
            raise error


ADMISSION = Admission()


def count_throttled(changes: Sequence[tuple[StoredTable, ItemChange]], refused: Sequence[DynamoError | None]) -> None:
    """Count the keys of refused writes, except those that an index has no capacity for.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/contributorinsights_HowItWorks.html
    """
    for (table, change), error in zip(changes, refused, strict=True):
        if error is not None and not _is_of_index(error):
            USAGE.throttled(table, change.key)


def _is_of_index(error: DynamoError) -> bool:
    reasons = error.details.get("throttlingReasons") or error.details.get("ThrottlingReasons") or ()
    return any(str(reason["reason"]).startswith("Index") for reason in reasons)


_LIMITS = {
    "ProvisionedThroughputExceededException": "ProvisionedThroughputExceeded",
    "ThrottlingException": "KeyRangeThroughputExceeded",
    "RequestLimitExceeded": "AccountLimitExceeded",
}
CANCELLATIONS = {
    "ProvisionedThroughputExceededException": "ProvisionedThroughputExceeded",
    "ThrottlingException": "ThrottlingError",
    "RequestLimitExceeded": "ThrottlingError",
}
"""The codes of a transaction's cancellation reasons, by the exceptions of other calls.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""


def throttled(code: str, message: str, arn: str, verb: str, limit: str = "", index: str | None = None) -> DynamoError:
    """The exception of a refused call, with the reason and the resource.

    `verb` is Read or Write; `limit` is the exceeded limit, by default the exception's usual one.
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ThrottlingReason.html; the member's first letter
    is lower-case in ThrottlingException, in botocore's model.
    """
    name = "throttlingReasons" if code == "ThrottlingException" else "ThrottlingReasons"
    resource = "Table" if index is None else "Index"
    reason = {
        "reason": f"{resource}{verb}{limit or _LIMITS[code]}",
        "resource": arn if index is None else f"{arn}/index/{index}",
    }
    return api_error(code, message, {name: [reason]} if arn else {})
