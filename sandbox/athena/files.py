"""Writes the rows of a relation as the files of a table or of UNLOAD, one directory for each partition.

https://docs.aws.amazon.com/athena/latest/ug/ctas-bucketing-partitioning.html, create-table-as.html (CTAS table
properties), unload.html
"""

from __future__ import annotations

import bz2
import gzip
import secrets
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path
from typing import Literal

import duckdb
import msgspec
from msgspec import Raw

from sandbox.athena.catalogue import TypedColumn
from sandbox.athena.conversions.texts import result_text
from sandbox.athena.errors import StatementError
from sandbox.athena.formats import PARQUET, TEXTFILE, Format
from sandbox.athena.sql import identifier, literal, select
from sandbox.athena.types import INTEGERS

MAX_PARTITIONS = 100
"""https://docs.aws.amazon.com/athena/latest/ug/ctas-insert-into.html"""
DEFAULT_PARTITION = "__HIVE_DEFAULT_PARTITION__"
_ROWS_AT_ONCE = 200
"""The number of rows in memory at the same time; each may have some hundred kilobytes."""
_PARQUET_CODECS = {"NONE": "uncompressed", "SNAPPY": "snappy", "GZIP": "gzip", "ZSTD": "zstd", "LZ4": "lz4_raw"}
_TEXT_CODECS: Mapping[str, tuple[str, Callable[[Path, Literal["wb"]], BufferedIOBase]]] = {
    "NONE": ("", open),
    "GZIP": (".gz", gzip.open),
    "BZIP2": (".bz2", bz2.open),
}
_TEXTS = frozenset({"varchar", "char", "timestamp", "varbinary"})
"""Types whose values are texts in JSON; for others, DuckDB writes the JSON."""
_OBJECTS = frozenset({"row", "map"})
_encode = msgspec.json.encode
_members = msgspec.json.Decoder(dict[str, Raw]).decode
_UNSTORED = frozenset(
    {
        *("time", "time with time zone", "timestamp with time zone", "json", "uuid", "unknown"),
        *("ipaddress", "hyperloglog", "tdigest", "interval day to second", "interval year to month"),
    }
)
"""Types that Hive lacks. HiveTypeTranslator of Trino 435."""


@dataclass(frozen=True)
class Layout:
    """The form of written rows: the format, the compression (by default GZIP), partitions and buckets.

    `columns` are all columns in the relation's order; `partitions` and `buckets` are names of them.
    """

    columns: tuple[TypedColumn, ...]
    format: Format = PARQUET
    compression: str = "GZIP"
    partitions: tuple[str, ...] = ()
    buckets: tuple[str, ...] = ()
    bucket_count: int = 0
    delimiter: str = "\x01"

    @property
    def stored(self) -> tuple[TypedColumn, ...]:
        """The columns in the files: those that are not in the directories' names."""
        return tuple(column for column in self.columns if column.name not in self.partitions)

    def check(self) -> None:
        """Raise StatementError for a compression that the format lacks, and for a type that Hive lacks."""
        codecs = _PARQUET_CODECS if self.format is PARQUET else _TEXT_CODECS
        if self.compression.upper() not in codecs:
            message = (
                f"compression {self.compression} of {self.format.name}: the sandbox's Athena writes {', '.join(codecs)}"
            )
            raise StatementError("NOT_SUPPORTED", message)
        for column in self.columns:
            if column.type.name in _UNSTORED:
                raise StatementError("NOT_SUPPORTED", f"Unsupported Hive type: {column.type.athena}")
            if self.format is TEXTFILE and column.type.fields:
                raise StatementError("NOT_SUPPORTED", f"TEXTFILE with a column of type {column.type.athena}")


@dataclass
class WrittenFiles:
    """The written files: each file's location, each partition's values, and the number of rows."""

    paths: list[str] = field(default_factory=list[str])
    partitions: list[tuple[str, ...]] = field(default_factory=list["tuple[str, ...]"])
    rows: int = 0


@dataclass(frozen=True)
class RelationWriter:
    """Writes relations of one cursor. `place` returns a partition's location, `upload` copies a file to a location."""

    cursor: duckdb.DuckDBPyConnection
    layout: Layout
    place: Callable[[tuple[str, ...]], str]
    upload: Callable[[Path, str], None]
    directory: Path

    def write(self, relation: str) -> WrittenFiles:
        """Write all rows of a relation whose columns are the layout's, by name and type."""
        self.layout.check()
        written = WrittenFiles()
        for values, rows in self._partitions(relation):
            written.partitions.append(values)
            chosen = " AND ".join(
                f"{self._partition_text(name)} = {literal(value)}"
                for name, value in zip(self.layout.partitions, values, strict=True)
            )
            for bucket, where in self._buckets(chosen):
                self._file(relation, where, values, bucket, written)
            written.rows += rows
        return written

    def _partitions(self, relation: str) -> list[tuple[tuple[str, ...], int]]:
        """The values of each partition, and its number of rows."""
        names = self.layout.partitions
        if not names:
            (rows,) = self.cursor.execute(select(["count(*)"], relation)).fetchone() or (0,)
            return [((), int(rows))] if rows else []
        texts = [self._partition_text(name) for name in names]
        found = self.cursor.execute(
            select([*texts, "count(*)"], f"{relation} GROUP BY ALL ORDER BY ALL LIMIT {MAX_PARTITIONS + 1}")
        ).fetchall()
        if len(found) > MAX_PARTITIONS:
            message = f"Exceeded limit of {MAX_PARTITIONS} open writers for partitions/buckets"
            raise StatementError("HIVE_TOO_MANY_OPEN_PARTITIONS", message)
        return [(tuple(map(str, row[:-1])), int(row[-1])) for row in found]

    def _partition_text(self, name: str) -> str:
        column = next(column for column in self.layout.columns if column.name == name)
        return f"coalesce({result_text(identifier(name), column.type)}, {literal(DEFAULT_PARTITION)})"

    def _buckets(self, where: str) -> Iterable[tuple[int | None, str]]:
        if not self.layout.buckets:
            return [(None, where)]
        hashes = [self._hash(name) for name in self.layout.buckets]
        combined = hashes[0]
        for other in hashes[1:]:
            combined = f"((31 * {combined} + {other}) & 4294967295)"
        bucket = f"(({combined} & 2147483647) % {self.layout.bucket_count})"
        prefix = f"{where} AND " if where else ""
        return [(i, f"{prefix}{bucket} = {i}") for i in range(self.layout.bucket_count)]

    def _hash(self, name: str) -> str:
        """Hive's hash of a value, which determines a row's file: ObjectInspectorUtils.hashCode of Hive."""
        column = next(column for column in self.layout.columns if column.name == name)
        value, kind = identifier(name), column.type.name
        if kind == "bigint":
            return f"coalesce((xor({value}, {value} >> 32) & 4294967295), 0)"
        if kind in INTEGERS:
            return f"coalesce(CAST({value} AS BIGINT) & 4294967295, 0)"
        if kind == "date":
            return f"coalesce(CAST({value} - DATE '1970-01-01' AS BIGINT) & 4294967295, 0)"
        if kind == "boolean":
            return f"coalesce(CAST({value} AS BIGINT), 0)"
        if kind == "varchar":
            codes = f"list_transform(regexp_extract_all(hex(encode({value})), '..'), lambda x: ('0x' || x)::BIGINT)"
            signed = "(CASE WHEN b > 127 THEN b - 256 ELSE b END)"
            reduced = f"list_reduce(list_prepend(0::BIGINT, {codes}), lambda h, b: (31 * h + {signed}) & 4294967295)"
            return f"coalesce({reduced}, 0)"
        raise StatementError("NOT_SUPPORTED", f"bucketed_by a column of type {column.type.athena}")

    def _file(
        self, relation: str, where: str, values: tuple[str, ...], bucket: int | None, written: WrittenFiles
    ) -> None:
        source = f"{relation} WHERE {where}" if where else relation
        path = self.directory / uuid.uuid4().hex
        suffix = self._parquet(source, path) if self.layout.format is PARQUET else self._lines(source, path)
        place = f"{self.place(values).rstrip('/')}/{_name(len(written.paths), bucket)}{suffix}"
        try:
            self.upload(path, place)
        finally:
            path.unlink()
        written.paths.append(place)

    def _parquet(self, source: str, path: Path) -> str:
        codec = _PARQUET_CODECS[self.layout.compression.upper()]
        columns = [identifier(column.name) for column in self.layout.stored]
        self.cursor.execute(
            f"COPY ({select(columns, source)}) TO {literal(path)} (FORMAT parquet, COMPRESSION {literal(codec)})"
        )
        return ""

    def _lines(self, source: str, path: Path) -> str:
        suffix, opened = _TEXT_CODECS[self.layout.compression.upper()]
        is_text = self.layout.format is TEXTFILE
        selected = [self._delimited()] if is_text else [_json_value(column) for column in self.layout.stored]
        line = _delimited_line if is_text else _JsonLine(self.layout.stored)
        found = self.cursor.execute(select(selected, source))
        with opened(path, "wb") as out:
            while rows := found.fetchmany(_ROWS_AT_ONCE):
                out.writelines(map(line, rows))
        return suffix

    def _delimited(self) -> str:
        texts = [rf"coalesce({result_text(identifier(c.name), c.type)}, '\N')" for c in self.layout.stored]
        return f" || {literal(self.layout.delimiter)} || ".join(texts)


_Row = tuple[str | None, ...]


def _delimited_line(row: _Row) -> bytes:
    return f"{row[0]}\n".encode()


class _JsonLine:
    """Writes a row as an object, without DuckDB's trees of JSON; a null has no member."""

    def __init__(self, columns: Sequence[TypedColumn]) -> None:
        self._members = [(_encode(column.name) + b":", _written(column)) for column in columns]

    def __call__(self, row: _Row) -> bytes:
        cells = zip(self._members, row, strict=True)
        return b"{%b}\n" % b",".join(name + written(value) for (name, written), value in cells if value is not None)


def _written(column: TypedColumn) -> Callable[[str], bytes]:
    if column.type.name in _TEXTS:
        return _encode
    return _without_nulls if column.type.name in _OBJECTS else str.encode


def _without_nulls(value: str | Raw) -> bytes:
    """The JSON of an object without null members, at any depth of objects; numbers keep their digits."""
    try:
        members = _members(value)
    except msgspec.MsgspecError:  # NaN and Infinity, as DuckDB writes them
        return value.encode() if isinstance(value, str) else bytes(value)
    kept = ((name, bytes(member)) for name, member in members.items())
    return b"{%b}" % b",".join(
        _encode(name) + b":" + (_without_nulls(Raw(text)) if text[:1] == b"{" else text)
        for name, text in kept
        if text != b"null"
    )


def _json_value(column: TypedColumn) -> str:
    """A column's text, or its JSON; a time's text is Hive's."""
    name = identifier(column.name)
    match column.type.name:
        case "varchar" | "char":
            return name
        case "timestamp":
            return result_text(name, column.type)
        case "varbinary":
            return f"base64({name})"
        case _:
            return f"to_json({name})::VARCHAR"


def _name(number: int, bucket: int | None) -> str:
    """A file's name as in Trino's Hive connector; a bucket's begins with its number."""
    query = f"{time.strftime('%Y%m%d_%H%M%S', time.gmtime())}_{number:05d}_{secrets.token_hex(3)[:5]}"
    return f"{query}_{uuid.uuid4()}" if bucket is None else f"{query}_bucket-{bucket:05d}"


def described(columns: Sequence[TypedColumn]) -> list[dict[str, str]]:
    """Columns in Glue's form."""
    return [{"Name": column.name, "Type": column.type.glue} for column in columns]
