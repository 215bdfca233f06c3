"""The one place that names a column.

The transform's decoder, the DynamoDB table's key, the Glue table, the Parquet conversion, the current-state view, the
domain events and the comparison that `lake verify` makes are all derived from `TABLE`. To use the pipeline for another
table, edit only this file.
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

KeyType = Literal["S", "N", "B"]
Descriptor = Literal["S", "N", "B", "BOOL"]

_SCALAR_TYPES = frozenset({"string", "boolean", "int", "bigint", "double", "date", "timestamp"})
_DESCRIPTORS: dict[str, Descriptor] = {"string": "S", "boolean": "BOOL", "date": "S", "timestamp": "S"}
_DECIMAL = re.compile(r"decimal\((\d{1,2}),(\d{1,2})\)")
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,127}")


class Column(Struct, frozen=True):
    """One typed column of the change log.

    `type` is a Glue (Hive) scalar type: string, boolean, int, bigint, double, date, timestamp or decimal(p,s).
    `attribute` is the position of its value in a DynamoDB image: an attribute's name, or a path of names through nested
    maps.
    """

    name: str
    type: str
    attribute: tuple[str, ...]
    comment: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"column name {self.name!r} is not lower case letters, digits and _")
        if self.type not in _SCALAR_TYPES:
            self.decimal  # noqa: B018 - raises when the type is neither scalar nor decimal
        if not self.attribute or not all(self.attribute):
            raise ValueError(f"column {self.name!r} names no attribute")
        if any(character in '"\\' or character < " " for character in "".join(self.attribute)):
            raise ValueError(
                f"column {self.name!r}: an attribute's name may have no quote, backslash or control character"
            )

    @property
    def decimal(self) -> tuple[int, int]:
        """Precision and scale of a decimal(p,s) column; raises ValueError for any other type.

        Athena's limit is a precision of 38 and a scale up to the precision.
        """
        match = _DECIMAL.fullmatch(self.type)
        if match is None:
            raise ValueError(f"column {self.name!r} has type {self.type!r}, which is not a supported Glue type")
        precision, scale = int(match[1]), int(match[2])
        if not 1 <= precision <= 38 or scale > precision:
            raise ValueError(f"column {self.name!r}: {self.type} needs 1 <= precision <= 38 and scale <= precision")
        return precision, scale


class KeyAttribute(Struct, frozen=True):
    """A key attribute of the DynamoDB table and its DynamoDB type (S, N or B)."""

    name: str
    type: KeyType


class DomainEvent(Struct, frozen=True):
    """A change with a business name, which the event fan-out publishes.

    `op` INSERT: an item is created whose string column `column` is `value`; MODIFY: the column changes to `value`. With
    `at_least`, the name of an integer column, only where that column reaches the stack's threshold.
    """

    name: str
    op: Literal["INSERT", "MODIFY"]
    column: str
    value: str
    at_least: str | None = None


class Lines(Struct, frozen=True):
    """A list of maps in each item, such as an order's lines: one row for each of its elements in a view.

    `attribute` is the list's position in an item's image. `columns` are read from an element; each has the type string,
    boolean, int, bigint, double or decimal(p,s), and its `attribute` begins at the element.
    """

    attribute: tuple[str, ...]
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        for column in self.columns:
            if column.type in ("date", "timestamp"):
                raise ValueError(f"line column {column.name!r}: a line has no {column.type}, only strings and numbers")


class DailyMetrics(Struct, frozen=True):
    """The daily metrics of a view.

    It counts items by the day of the timestamp or date column `time` and by the columns `by`, and sums the number
    columns `sums`.
    """

    time: str
    by: tuple[str, ...]
    sums: tuple[str, ...]


class LakeTable(Struct, frozen=True):
    """A DynamoDB table and its form in the lake.

    `entity` is the singular noun from which resources are named; `change_log` and `view` are the names of the Glue
    table and of the current-state view. Every key attribute must be the source of a column. All domain events must use
    the same column. `lines` and `metrics` describe two more views; None: the table has no such view.
    """

    entity: str
    change_log: str
    view: str
    partition_key: KeyAttribute
    sort_key: KeyAttribute | None
    columns: tuple[Column, ...]
    events: tuple[DomainEvent, ...] = ()
    lines: Lines | None = None
    metrics: DailyMetrics | None = None

    def __post_init__(self) -> None:
        names = [column.name for column in (*ENVELOPE, *self.columns, *IMAGES)]
        if len(names) != len(set(names)):
            raise ValueError(f"a column name of {self.entity!r} is repeated among {names}")
        if len(self.key_columns) != len(self.keys):
            raise ValueError(f"every key attribute of {self.entity!r} needs a column")
        readers: dict[tuple[str, ...], str] = {}
        for column in self.columns:
            for path, kind in self._reads(column):
                if readers.setdefault(path, kind) != kind:
                    raise ValueError(
                        f"column {column.name!r} reads {'.'.join(path)!r} as {kind}, another column as {readers[path]}"
                    )
        self._check_events()
        self._check_views()

    def _check_views(self) -> None:
        types = {column.name: column.type for column in self.columns}
        if self.lines:
            names = ["line", *(column.name for column in (*self.key_columns, *self.lines.columns))]
            if len(names) != len(set(names)):
                raise ValueError(f"a line's column name of {self.entity!r} is repeated among {names}")
        if self.metrics:
            if types.get(self.metrics.time) not in ("date", "timestamp"):
                raise ValueError(f"metrics: {self.metrics.time!r} is neither a date nor a timestamp column")
            for name in self.metrics.by:
                if name not in types:
                    raise ValueError(f"metrics: {self.entity!r} has no column {name!r}")
            for name in self.metrics.sums:
                if types.get(name, "") not in ("int", "bigint", "double") and not types.get(name, "").startswith(
                    "decimal"
                ):
                    raise ValueError(f"metrics: {name!r} is not a number column")

    def _check_events(self) -> None:
        types = {column.name: column.type for column in self.columns}
        for event in self.events:
            if types.get(event.column) != "string" or event.column != self.events[0].column:
                raise ValueError(f"event {event.name!r}: {event.column!r} is not the one string column of all events")
            if event.at_least and types.get(event.at_least) not in ("int", "bigint"):
                raise ValueError(f"event {event.name!r}: {event.at_least!r} is not an integer column")

    @property
    def keys(self) -> tuple[KeyAttribute, ...]:
        """Partition key, then the optional sort key."""
        return (self.partition_key,) if self.sort_key is None else (self.partition_key, self.sort_key)

    @property
    def key_columns(self) -> tuple[Column, ...]:
        """The columns of the key attributes, in key order."""
        by_attribute = {column.attribute: column for column in reversed(self.columns)}
        return tuple(by_attribute[key.name,] for key in self.keys if (key.name,) in by_attribute)

    def _reads(self, column: Column) -> list[tuple[tuple[str, ...], str]]:
        """Each attribute on a column's path and the DynamoDB type it is read as."""
        maps = [(column.attribute[:depth], "M") for depth in range(1, len(column.attribute))]
        return [*maps, (column.attribute, self.descriptor(column))]

    def descriptor(self, column: Column) -> Descriptor:
        """The DynamoDB type that a column reads: that of its Glue type, or the key's type for a key column."""
        for key in self.keys:
            if column.attribute == (key.name,) and column.type == "string":
                return key.type
        return _DESCRIPTORS.get(column.type, "N")

    @property
    def change_log_columns(self) -> tuple[Column, ...]:
        """All columns of a change-log row, in order: envelope, typed columns, images."""
        return (*ENVELOPE, *self.columns, *IMAGES)


ENVELOPE = (
    Column("event_id", "string", ("eventID",), "identity of the change; a repeat is a duplicate"),
    Column("op", "string", ("eventName",), "INSERT, MODIFY or REMOVE; a REMOVE is a tombstone with the old image"),
    Column("sequence", "string", ("SequenceNumber",), "53 digits; its order as text is the order of changes to a key"),
    Column("changed_at", "timestamp", ("ApproximateCreationDateTime",), "when the change was made, UTC"),
)
IMAGES = (
    Column("before", "string", ("OldImage",), "the item before the change, DynamoDB JSON as it came"),
    Column("after", "string", ("NewImage",), "the item after the change, DynamoDB JSON as it came"),
)


def _column(name: str, type_: str, comment: str, *path: str) -> Column:
    return Column(name, type_, path or (name,), comment)


TABLE = LakeTable(
    entity="order",
    change_log="order_changes",
    view="orders",
    partition_key=KeyAttribute("order_id", "S"),
    sort_key=None,
    columns=(
        _column("order_id", "string", "the order's key"),
        _column("version", "bigint", "counts the writes to this order, from 1"),
        _column("status", "string", "placed, paid, shipped, delivered, cancelled or returned"),
        _column("customer_id", "string", "who ordered"),
        _column("channel", "string", "web, mobile, store, marketplace or phone"),
        _column("region", "string", "sales region: AMER, EMEA, APAC or LATAM"),
        _column("country", "string", "ISO 3166-1 alpha-2"),
        _column("currency", "string", "ISO 4217"),
        _column("payment_method", "string", "card, paypal, invoice, transfer or voucher"),
        _column("item_count", "int", "units ordered, over all lines"),
        _column("subtotal", "decimal(18,2)", "sum of the lines"),
        _column("discount", "decimal(18,2)", "taken off the subtotal"),
        _column("tax", "decimal(18,2)", "on subtotal less discount"),
        _column("shipping_fee", "decimal(18,2)", "added to the total"),
        _column("total", "decimal(18,2)", "subtotal - discount + tax + shipping_fee"),
        _column("gift", "boolean", "to be wrapped"),
        _column("shipping_city", "string", "from the shipping address", "shipping_address", "city"),
        _column("ordered_at", "timestamp", "when the order was placed, UTC"),
        _column("updated_at", "timestamp", "when the order was last written, UTC"),
    ),
    events=(
        DomainEvent("order placed", "INSERT", "status", "placed"),
        DomainEvent("order paid", "MODIFY", "status", "paid"),
        DomainEvent("order cancelled", "MODIFY", "status", "cancelled"),
        DomainEvent("large order", "INSERT", "status", "placed", at_least="item_count"),
    ),
    lines=Lines(
        ("line_items",),
        (
            _column("sku", "string", "the product"),
            _column("name", "string", "the product's name"),
            _column("category", "string", "the product's category"),
            _column("quantity", "int", "units of this line"),
            _column("unit_price", "decimal(18,2)", "of one unit, in the order's currency"),
        ),
    ),
    metrics=DailyMetrics("ordered_at", by=("currency", "status"), sums=("item_count", "total")),
)
