"""JSON records to Parquet with the columns of a Glue table, exactly or not at all.

This module converts values to their column's type, one record at a time, so an invalid record fails alone; DuckDB
writes the file. The rules are those of Firehose's OpenX JSON SerDe: missing values become null, numbers and their texts
are equivalent, unknown fields are ignored.
https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion.html
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from pathlib import Path
from typing import Any, cast

import duckdb
import msgspec
from msgspec import Struct

from sandbox.firehose.usual_rows import UsualRecords

Coerce = Callable[[Any], str]
Row = bytes
"""A row to write: a JSON object of the columns with their values or the values' texts, in one line."""

_INTEGERS = {
    "tinyint": ("TINYINT", 7),
    "smallint": ("SMALLINT", 15),
    "int": ("INTEGER", 31),
    "integer": ("INTEGER", 31),
    "bigint": ("BIGINT", 63),
}
_FLOATS = {"float": "FLOAT", "real": "FLOAT", "double": "DOUBLE"}
_DECIMAL = re.compile(r"decimal(?:\(\s*(\d{1,2})\s*(?:,\s*(\d{1,2})\s*)?\))?")
_TEXT = re.compile(r"string|(?:var)?char\(\d+\)")
_TIMESTAMP = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})[ T](\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?Z?")
_USUAL_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{3}(?:\d{3,6})?)?Z?", re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_EXACT = Context(prec=80)
_FIRST_EPOCH_MS = 10**11
"""From this value on, epoch numbers are milliseconds: in seconds this is the year 5138."""

PARSE_ERROR = "DataFormatConversion.ParseError"
MALFORMED = "DataFormatConversion.MalformedData"


class RecordError(Exception):
    """A record that cannot be converted: `code` and `message` are those of the error document."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class SchemaError(Exception):
    """A table with an unsupported column; its text names the column and the reason."""


class ParquetColumn(Struct, frozen=True):
    """A column of the file: its name, its DuckDB type, and the conversion of a JSON value to text."""

    name: str
    sql_type: str
    coerce: Coerce


def column(name: str, glue_type: str) -> ParquetColumn:
    """The column for a Glue column; raises SchemaError for an unsupported type."""
    kind = glue_type.strip().lower()
    if kind in _INTEGERS:
        sql_type, bits = _INTEGERS[kind]
        return ParquetColumn(name, sql_type, _integer(bits))
    if kind in _FLOATS:
        return ParquetColumn(name, _FLOATS[kind], _floating)
    if _TEXT.fullmatch(kind):
        return ParquetColumn(name, "VARCHAR", _text)
    if match := _DECIMAL.fullmatch(kind):
        precision, scale = int(match[1] or 10), int(match[2] or 0)
        if not 1 <= precision <= 38 or scale > precision:
            raise SchemaError(f"column {name} has the impossible type {glue_type}")
        return ParquetColumn(name, f"DECIMAL({precision},{scale})", _decimal(precision, scale))
    simple: dict[str, tuple[str, Coerce]] = {
        "boolean": ("BOOLEAN", _boolean),
        "timestamp": ("TIMESTAMP", _timestamp),
        "date": ("DATE", _date),
    }
    if kind not in simple:
        raise SchemaError(f"column {name} has the unsupported type {glue_type}")
    return ParquetColumn(name, *simple[kind])


class Converter:
    """Records to Parquet files for one table. Not thread-safe."""

    def __init__(
        self,
        columns: Sequence[ParquetColumn],
        compression: str,
        *,
        case_insensitive: bool = True,
        key_mappings: Mapping[str, str] | None = None,
    ) -> None:
        self._columns = columns
        self._keys = [(key_mappings or {}).get(column.name, column.name) for column in columns]
        self._case_insensitive = case_insensitive
        # A usual record is written unchanged as a row, so the file's columns must have the record's names.
        is_usual = not key_mappings and len(set(self._keys)) == len(columns)
        self._usual = UsualRecords([(column.name, column.sql_type) for column in columns]) if is_usual else None
        self._database = duckdb.connect(":memory:", config={"threads": 1})
        self._texts = "{" + ", ".join(f"{_literal(column.name)}: 'VARCHAR'" for column in columns) + "}"
        self._casts = ", ".join(
            f"CAST({_identifier(column.name)} AS {column.sql_type}) AS {_identifier(column.name)}" for column in columns
        )
        self._options = f"FORMAT PARQUET, COMPRESSION {compression.lower()}"

    def rows(self, data: bytes) -> Sequence[Row]:
        """The rows of a record (one or several concatenated JSON documents), with values or their texts.

        Raises:
            RecordError: it is not JSON, or a value does not fit its column.
        """
        (rows,) = self.rows_of_each([data])
        if isinstance(rows, RecordError):
            raise rows
        return rows

    def rows_of_each(self, records: Sequence[bytes]) -> Iterator[Sequence[Row] | RecordError]:
        """The rows of each record, or the error that refuses it; the cost per record falls with their number."""
        usual = itertools.repeat(False) if self._usual is None else self._usual.among(records)
        for record, is_usual in zip(records, usual, strict=False):
            if is_usual and b"\n" not in (line := record.strip()):
                yield (line,)
                continue
            try:
                yield self.converted(record)
            except RecordError as error:
                yield error

    def converted(self, data: bytes) -> Sequence[Row]:
        """The rows of a record, each value converted separately.

        Raises:
            RecordError: it is not JSON, or a value does not fit its column.
        """
        return [_ENCODER.encode(self._row(document)) for document in _documents(data)]

    def write(self, rows: Sequence[Row], directory: Path) -> bytes:
        """Return a Parquet file of the rows; `directory` is for temporary files.

        Raises:
            duckdb.Error: the file could not be written.
        """
        try:
            return self._written(rows, directory)
        except duckdb.InvalidInputException:
            # DuckDB accepts no object with a repeated name; for the SerDe's parser the last one counts.
            return self._written([_ENCODER.encode(msgspec.json.decode(row)) for row in rows], directory)

    def _written(self, rows: Sequence[Row], directory: Path) -> bytes:
        source, target = directory / "rows.json", directory / "rows.parquet"
        source.write_bytes(b"\n".join(rows))
        options = f"format = 'newline_delimited', records = true, columns = {self._texts}"
        read = f"read_json({_literal(str(source))}, {options})"
        select = f"SELECT {self._casts} FROM {read}"  # noqa: S608 - every name and literal in it is quoted
        try:
            self._database.execute(f"COPY ({select}) TO {_literal(str(target))} ({self._options})")
            return target.read_bytes()
        finally:
            source.unlink()
            target.unlink(missing_ok=True)

    def close(self) -> None:
        """Release DuckDB's memory."""
        self._database.close()

    def _row(self, document: dict[str, Any]) -> dict[str, str]:
        lowered: dict[str, Any] | None = None
        row: dict[str, str] = {}
        for column_, key in zip(self._columns, self._keys, strict=True):
            value = document.get(key)
            if value is None and self._case_insensitive and key not in document:
                if lowered is None:
                    lowered = {name.lower(): field for name, field in document.items()}
                value = lowered.get(key.lower())
            if value is not None:
                try:
                    row[column_.name] = column_.coerce(value)
                except (ValueError, ArithmeticError) as error:
                    raise RecordError(
                        MALFORMED, f"Data does not match the schema. For column {column_.name}: {error}"
                    ) from error
        return row


def _documents(data: bytes) -> list[dict[str, Any]]:
    if not data.strip():
        raise RecordError(MALFORMED, "The record was empty or contained only whitespace.")
    try:
        decoded = [_DECODER.decode(data)]
    except msgspec.DecodeError:
        try:
            decoded = _DECODER.decode_lines(data)
        except msgspec.DecodeError as error:
            raise RecordError(PARSE_ERROR, f"Encountered malformed JSON. {error}") from error
    for document in decoded:
        if not isinstance(document, dict):
            raise RecordError(
                MALFORMED, "The input JSON contained no object at the top level. The top level must be an object."
            )
    return cast("list[dict[str, Any]]", decoded)


class _Number(str):
    """A number with a point or an exponent, as written: most need no arithmetic."""

    __slots__ = ()


_DECODER = msgspec.json.Decoder(float_hook=_Number)
_ENCODER = msgspec.json.Encoder(enc_hook=Decimal)


def _scalar(value: Any) -> str:
    if isinstance(value, (dict, list, bool)):
        raise ValueError(f"{_text(value)} is not a number")
    return str(value).strip()


def _integer(bits: int) -> Coerce:
    def coerce(value: Any) -> str:
        number = value if type(value) is int else int(_scalar(value))
        if not -(2**bits) <= number < 2**bits:
            raise ValueError(f"{number} is out of range")
        return str(number)

    return coerce


def _decimal(precision: int, scale: int) -> Coerce:
    """Exact, or rounded half up to the scale, as in Hive; raises for a value that exceeds the precision."""
    step = Decimal(1).scaleb(-scale)
    limit = Decimal(10) ** (precision - scale)
    whole, fraction = max(precision - scale, 1), f"(?:\\.[0-9]{{1,{scale}}})?" if scale else ""
    fits = re.compile(f"-?[0-9]{{1,{whole}}}{fraction}" if precision > scale else "(?!)", re.ASCII).fullmatch

    def coerce(value: Any) -> str:
        if type(value) is _Number and fits(value):
            return str(value)
        try:
            number = Decimal(_scalar(value))
            if not number.is_finite() or number.copy_abs() >= limit:
                raise ValueError(f"{value} is out of range")
            rounded = number.quantize(step, ROUND_HALF_UP, _EXACT)
        except InvalidOperation as error:
            raise ValueError(f'For input string: "{value}"') from error
        if rounded.copy_abs() >= limit:
            raise ValueError(f"{value} is out of range")
        return f"{rounded:f}"

    return coerce


def _floating(value: Any) -> str:
    return repr(float(_scalar(value)))


def _boolean(value: Any) -> str:
    text = ("true" if value else "false") if isinstance(value, bool) else _scalar(value).lower()
    if text not in {"true", "false"}:
        raise ValueError(f"{text!r} is not a boolean")
    return text


def _text(value: Any) -> str:
    if type(value) is _Number:
        return str(Decimal(value))
    if isinstance(value, str):
        return value
    return _ENCODER.encode(value).decode()


def _timestamp(value: Any) -> str:
    if type(value) is str and _USUAL_TIMESTAMP.fullmatch(value):
        with suppress(ValueError):
            # To the microsecond, as `isoformat` writes it.
            return datetime.fromisoformat(value[:26].rstrip("Z")).isoformat(" ")
    match = _TIMESTAMP.fullmatch(_scalar(value))
    if match is None:
        return _epoch(value)
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    moment = datetime(year, month, day, hour, minute, second, int((match[7] or "0")[:6].ljust(6, "0")))
    return moment.isoformat(" ")


def _epoch(value: Any) -> str:
    try:
        number = Decimal(_scalar(value))
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is not a timestamp") from error
    micros = int(number * (1000 if number.copy_abs() >= _FIRST_EPOCH_MS else 1_000_000))
    seconds, rest = divmod(micros, 1_000_000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest, tzinfo=None)
    return moment.isoformat(" ")


def _date(value: Any) -> str:
    match = _DATE.fullmatch(_scalar(value))
    if match is None:
        raise ValueError(f"{value!r} is not a date")
    return date(*(int(part) for part in match.groups())).isoformat()


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
