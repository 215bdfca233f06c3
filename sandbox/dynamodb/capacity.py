"""The capacity units that reads and writes consume.

A write costs a unit for each 1 KB of the item before or after it, whichever is larger, and the same for each index that
it changes. A read costs a unit for each 4 KB, half of that if it is eventually consistent. In a transaction both cost
twice as much.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.dynamodb.schema import Index, TableSchema
from sandbox.dynamodb.table import ItemChange, StoredTable
from sandbox.dynamodb.values import Attributes, measure_item

_WRITE_UNIT_BYTES = 1024
_READ_UNIT_BYTES = 4096


def write_units(size_bytes: int) -> int:
    """The units of one write of a size."""
    return max(1, -(-size_bytes // _WRITE_UNIT_BYTES))


def read_units(size_bytes: int, *, consistent: bool) -> float:
    """The units of one read of a size."""
    return max(1, -(-size_bytes // _READ_UNIT_BYTES)) * (1.0 if consistent else 0.5)


class Consumed:
    """The units that the calls of one request consumed of one table and its indexes."""

    def __init__(self, schema: TableSchema) -> None:
        self.schema = schema
        self.table = 0.0
        self.indexes: dict[str, float] = {}

    @property
    def total(self) -> float:
        """All units."""
        return self.table + sum(self.indexes.values())

    def add(self, units: float, index: Index | None = None) -> None:
        """Add units consumed of the table, or of an index."""
        if index is None:
            self.table += units
        else:
            self.indexes[index.name] = self.indexes.get(index.name, 0.0) + units

    def add_all(self, other: Consumed) -> None:
        """Add the units that a different request consumed of the same table."""
        self.table += other.table
        for name, units in other.indexes.items():
            self.indexes[name] = self.indexes.get(name, 0.0) + units

    def add_write(self, table: StoredTable, change: ItemChange, factor: int = 1) -> None:
        """Add the units of a write, `factor` times: 2 in a transaction."""
        sizes = [item.size_bytes for item in (change.old, change.new) if item is not None]
        self.add(float(write_units(max(sizes, default=0)) * factor))
        if not table.schema.indexes:
            return
        before = change.old.attributes if change.old is not None else None
        after = change.new.attributes if change.new is not None else None
        for index in table.schema.indexes.values():
            units = _index_units(index, before, after)
            if units:
                self.add(float(units * factor), index)

    def shown(self, mode: str, kind: str | None = None) -> dict[str, Any]:
        """The member ConsumedCapacity; `kind` names the units of a transaction, Read or Write."""
        answer: dict[str, Any] = {"TableName": self.schema.name, **_units(self.total, kind)}
        if mode != "INDEXES":
            return answer
        answer["Table"] = _units(self.table, kind)
        for index_kind in ("Local", "Global"):
            shown = {
                name: _units(units, kind)
                for name, units in self.indexes.items()
                if self.schema.indexes[name].kind == index_kind
            }
            if shown:
                answer[f"{index_kind}SecondaryIndexes"] = shown
        return answer


def is_wanted(mode: str | None) -> bool:
    """Return whether a request asks for the consumed capacity."""
    return mode in ("TOTAL", "INDEXES")


def _units(units: float, kind: str | None) -> dict[str, float]:
    return {"CapacityUnits": units} if kind is None else {"CapacityUnits": units, f"{kind}CapacityUnits": units}


def _index_units(index: Index, before: Attributes | None, after: Attributes | None) -> int:
    """The units of updating an index after a change."""
    old = index.entry(before) if before is not None and index.holds(before) else None
    new = index.entry(after) if after is not None and index.holds(after) else None
    if old is None or new is None:
        return sum(write_units(measure_item(entry)) for entry in (old, new) if entry is not None)
    if old == new:
        return 0
    if _moves(index, old, new):
        return write_units(measure_item(old)) + write_units(measure_item(new))
    return write_units(max(measure_item(old), measure_item(new)))


def _moves(index: Index, old: Attributes, new: Attributes) -> bool:
    return any(old[name] != new[name] for name in index.key.names)


def shown_by_table(consumed: Iterable[Consumed], mode: str | None, kind: str | None = None) -> dict[str, Any]:
    """The member ConsumedCapacity of a request to several tables, empty if it is not asked for."""
    if mode is None or not is_wanted(mode):
        return {}
    return {"ConsumedCapacity": [each.shown(mode, kind) for each in consumed]}
