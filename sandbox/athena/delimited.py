"""Conversion of lines of delimited text to lines of text values, one per column, by the rules of two SerDes.

LazySimpleSerDe: https://docs.aws.amazon.com/athena/latest/ug/lazy-simple-serde.html, and of Hive
serde/src/java/org/apache/hadoop/hive/serde2/lazy/LazySerDeParameters.java. A value that cannot be converted is null.
OpenCSVSerde: https://docs.aws.amazon.com/athena/latest/ug/csv-serde.html. A value that cannot be converted is an error;
dates are days and timestamps milliseconds since 1970.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec

from sandbox.athena.catalogue import TypedColumn
from sandbox.athena.errors import StatementError
from sandbox.athena.types import Type

_SKIP = "skip.header.line.count"
_EPOCH = date(1970, 1, 1)
_QUOTED = '"'


class DelimitedReader:
    """Converts lines of a table's objects to rows of raw JSON strings or nulls; `lines` is as LineReader's."""

    ignore_malformed = True

    def __init__(self, columns: Sequence[TypedColumn], parameters: Mapping[str, str]) -> None:
        options = {name.lower(): value for name, value in parameters.items()}
        self._columns = columns
        self._skip = int(options.get(_SKIP) or 0)
        fields = "".join(f',"c{i}":%b' for i in range(len(columns)))
        self._template = f'{{"object":%d{fields}}}\n'.encode()
        self._options = options

    def lines(self, text: bytes, number: int, source: str) -> list[bytes]:
        """The rows of one object; missing fields of a line are nulls, superfluous ones are dropped."""
        del source
        lines = text.decode(errors="replace").split("\n")
        if lines and not lines[-1]:
            lines.pop()
        return [self._row(line.removesuffix("\r"), number) for line in lines[self._skip :]]

    def _row(self, line: str, number: int) -> bytes:
        found = self._fields(line)
        values = [found[i] if i < len(found) else None for i in range(len(self._columns))]
        written = [msgspec.json.encode(self._value(v, i)) for i, v in enumerate(values)]
        return self._template % (number, *written)

    def _fields(self, line: str) -> list[str | None]:
        raise NotImplementedError

    def _value(self, value: str | None, field: int) -> str | None:
        raise NotImplementedError


class LazySimpleReader(DelimitedReader):
    """LazySimpleSerDe."""

    def __init__(self, columns: Sequence[TypedColumn], parameters: Mapping[str, str]) -> None:
        super().__init__(columns, parameters)
        options = self._options
        self._field = options.get("field.delim") or options.get("serialization.format") or "\x01"
        if self._field == "1":
            self._field = "\x01"
        self._items = options.get("collection.delim") or options.get("colelction.delim") or "\x02"
        self._keys = options.get("mapkey.delim") or "\x03"
        self._null = options.get("serialization.null.format", r"\N")
        self._escape = options.get("escape.delim") or ""

    def _fields(self, line: str) -> list[str | None]:
        return [None if part == self._null else part for part in self._split(line, self._field)]

    def _split(self, text: str, delimiter: str) -> list[str]:
        if not self._escape or self._escape not in text:
            return text.split(delimiter)
        escape, between = re.escape(self._escape), re.escape(delimiter)
        parts = re.findall(rf"((?:{escape}.|(?!{between}).)*)(?:{between}|$)", text, re.DOTALL)
        last = len(parts) - 1 if text and not text.endswith(delimiter) else len(parts)
        return [re.sub(rf"{escape}(.)", r"\1", part) for part in parts[:last]]

    def _value(self, value: str | None, field: int) -> str | None:
        type_ = self._columns[field].type
        if value is None or not type_.fields:
            return value if value is None or value or type_.name in {"varchar", "char"} else None
        return msgspec.json.encode(self._nested(value, type_)).decode()

    def _nested(self, text: str, type_: Type) -> object:
        """An array, map or row of simple values as JSON; deeper ones have delimiters that Athena does not read."""
        parts = self._split(text, self._items) if text else []
        if type_.name == "array":
            return [self._item(part) for part in parts]
        if type_.name == "map":
            pairs = [part.partition(self._keys) for part in parts]
            return {key: self._item(value) for key, _, value in pairs}
        return {name: self._item(part) for (name, _), part in zip(type_.fields, parts, strict=False)}

    def _item(self, text: str) -> str | None:
        return None if text == self._null else text


class OpenCsvReader(DelimitedReader):
    """OpenCSVSerde."""

    ignore_malformed = False

    def __init__(self, columns: Sequence[TypedColumn], parameters: Mapping[str, str]) -> None:
        super().__init__(columns, parameters)
        options = self._options
        self._separator = options.get("separatorchar") or ","
        self._quote = options.get("quotechar") or _QUOTED
        self._escape = options.get("escapechar") or "\\"

    def _fields(self, line: str) -> list[str | None]:
        escape = None if self._escape == self._quote else self._escape
        reader = csv.reader([line], delimiter=self._separator, quotechar=self._quote, escapechar=escape)
        empty: list[str] = []
        return [*next(reader, empty)]

    def _value(self, value: str | None, field: int) -> str | None:
        type_ = self._columns[field].type
        if value is None or type_.name in {"varchar", "char", "boolean"}:
            return value
        if type_.name not in {"date", "timestamp"}:
            return value
        try:
            if type_.name == "date":
                return (_EPOCH + timedelta(days=int(value))).isoformat()
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(value))
        except (ValueError, OverflowError):
            message = f"Error parsing field value '{value}' for field {field}: For input string: \"{value}\""
            raise StatementError("HIVE_BAD_DATA", message) from None
        return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"
