"""Whether a table has capacity for a call now. By default every call is admitted.

The server puts a gate here while a fault concerns throughput; the operations ask it once they know what a call reads
or writes, and before anything is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from sandbox.dynamodb.errors import DynamoError, api_error
from sandbox.dynamodb.table import ItemChange, StoredTable


class Throughput(NamedTuple):
    """Units per second."""

    read: float
    write: float


class Capacity(NamedTuple):
    """A table's throughput: what is provisioned, or for an on-demand table its maximum (0 for none) and what it is
    warmed up for, and the same of each global index.
    """

    arn: str
    provisioned: bool
    limit: Throughput
    warm: Throughput
    indexes: Mapping[str, Throughput]


class Gate(Protocol):
    """What refuses calls for which there is no capacity."""

    def writes(self, changes: Sequence[tuple[StoredTable, ItemChange]], factor: int = 1) -> list[DynamoError | None]:
        """For each of several writes why it is refused, or None. `factor` is 2 in a transaction.

        An admitted one consumes its units.
        """
        ...

    def batched(self, operation: str, count: int) -> list[DynamoError | None]:
        """For each of the entries of a batch why it is refused, whatever it reads or writes."""
        ...

    def read(
        self, table: StoredTable, units: float, partition: str | None, index: str | None = None
    ) -> DynamoError | None:
        """Why a read is refused, or None; `partition` is None for one of several partition keys."""
        ...


class Admission:
    """The gate of this process, and the operation that is being answered."""

    gate: Gate | None = None
    operation: str = ""

    def refuse_write(self, table: StoredTable, change: ItemChange) -> None:
        """DynamoError when a write is refused."""
        if self.gate is not None and (error := self.gate.writes([(table, change)])[0]) is not None:
            raise error

    def refuse_read(self, table: StoredTable, units: float, partition: str | None, index: str | None = None) -> None:
        """DynamoError when a read is refused."""
        if self.gate is not None and (error := self.gate.read(table, units, partition, index)) is not None:
            raise error


ADMISSION = Admission()

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
"""The codes of the reasons for which a transaction is cancelled, by the exceptions of other calls.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""


def throttled(code: str, message: str, arn: str, verb: str, limit: str = "", index: str | None = None) -> DynamoError:
    """An exception of a refused call, with the reason and the resource.

    `verb` is Read or Write; `limit` is which limit is exceeded, by default what the exception usually is about.
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ThrottlingReason.html; the member's first letter
    is small in ThrottlingException, in botocore's model.
    """
    name = "throttlingReasons" if code == "ThrottlingException" else "ThrottlingReasons"
    resource = "Table" if index is None else "Index"
    reason = {
        "reason": f"{resource}{verb}{limit or _LIMITS[code]}",
        "resource": arn if index is None else f"{arn}/index/{index}",
    }
    return api_error(code, message, {name: [reason]} if arn else {})
