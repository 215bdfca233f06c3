"""A change written as one row of the change log: a JSON object and a newline.

The row has every column of `LakeTable.change_log_columns`, in order, each once:

| column | JSON |
|---|---|
| `event_id` | string: the event's eventID |
| `op` | string: INSERT, MODIFY or REMOVE |
| `sequence` | string of 53 digits whose order as text is that of the changes to a key; `transform.events` makes it |
| `changed_at` | string `YYYY-MM-DD HH:MM:SS[.fraction]`, UTC, with the source's fractional digits |
| string | string; a key of type N or B has that value's text |
| boolean | true or false |
| int, bigint | number without fraction or exponent |
| decimal(p,s) | **string** in plain notation (`"-12.50"`), exact; never rounded |
| double | number, the source's text unchanged |
| date | string `YYYY-MM-DD` |
| timestamp | string `YYYY-MM-DD HH:MM:SS[.fraction]`, UTC, up to 9 fractional digits |
| `before`, `after` | string: the image's JSON text, byte for byte |

A value that is missing, NULL or outside the column's type: null.

Why decimals are strings: both readers of OpenX JSON parse quoted and bare numbers from their text. In the SerDe that
Firehose names (https://github.com/rcongiu/Hive-JSON-Serde) `JSONObject.stringToValue` leaves a bare number as its text;
in Trino, which Athena runs, `DecimalDecoder` makes a BigDecimal of the text of either. But other readers of JSON
(DuckDB, jq, Spark's inference) convert a bare number to a double. Timestamps have the only form that the OpenX SerDe,
Firehose's conversion (https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion.html), Athena and Hive
all accept.

The order of changes to a key is the order of `sequence`, never that of arrival.
"""

from __future__ import annotations

from typing import cast

from msgspec import defstruct
from msgspec.json import Decoder, encode

from transform.events import Change, UnreadableError
from transform.schema import LakeTable
from transform.values import Reader, UnfitError, Value, reader

_Map = dict[str, object]
_decode_image = Decoder(_Map).decode


class RowWriter:
    """Writes the changes of one table as rows, one value at a time: the specification of `transform.fast_path`."""

    def __init__(self, table: LakeTable) -> None:
        keys = {column.name for column in table.key_columns}
        self._columns = tuple(
            (column, table.descriptor(column), reader(column), column.name in keys) for column in table.columns
        )
        self._row = defstruct("Row", [(column.name, object) for column in table.change_log_columns], gc=False)

    def line(self, change: Change, mismatches: dict[str, int]) -> bytes:
        """Return the change's row. Raises: ValueError, RecursionError: its image is invalid or has no key.

        Adds to `mismatches`, by column, the values that do not match their column.
        """
        values = self._values(_decode_image(change.image), mismatches)
        row = self._row(
            change.event_id, change.op, change.sequence, change.changed_at, *values, change.before, change.after
        )
        return encode(row) + b"\n"

    def _values(self, image: _Map, mismatches: dict[str, int]) -> list[Value]:
        values: list[Value] = []
        for column, descriptor, read, is_key in self._columns:
            try:
                value = _read(image, column.attribute, descriptor, read)
            except UnfitError:
                value = None
                mismatches[column.name] = mismatches.get(column.name, 0) + 1
            if value is None and is_key:
                raise UnreadableError("key")
            values.append(value)
        return values


def _read(image: _Map, path: tuple[str, ...], descriptor: str, read: Reader) -> Value:
    """Return the value at a path through nested maps; None where missing or NULL. Raises: UnfitError: another type."""
    for name in path[:-1]:
        members = _content(image.get(name), "M")
        if members is None:
            return None
        image = _map(members)
    content = _content(image.get(path[-1]), descriptor)
    return None if content is None else read(content)


def _content(attribute: object, descriptor: str) -> object:
    """Return the value of the expected type; None for a missing attribute and for NULL."""
    if attribute is None:
        return None
    typed = _map(attribute)
    if descriptor in typed:
        return typed[descriptor]
    if not typed or "NULL" in typed:
        return None
    raise UnfitError


def _map(value: object) -> _Map:
    if isinstance(value, dict):
        return cast("_Map", value)
    raise UnfitError
