"""Columns inferred from samples of objects, like Glue's JSON and Parquet classifiers."""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any, cast

import msgspec

from sandbox.athena.sql import literal, select
from sandbox.athena.types import Type, parse

if TYPE_CHECKING:
    import duckdb

_MAX_LINES = 1000
_INT32 = 2**31
_NUMBERS = ("integer", "bigint", "double")

Columns = Mapping[str, Type]
"""Column names in lower case, in the order of first occurrence, and their types."""


@dataclass(frozen=True)
class Sample:
    """The classification of one object: json or parquet, its compression, columns and approximate number of rows."""

    classification: str
    compression: str
    columns: Columns
    rows: int


def read(content: bytes) -> Sample | None:
    """Classify an object's bytes; None if they are neither JSON nor Parquet."""
    if content[:4] == b"PAR1" == content[-4:]:
        return _parquet(content)
    text, compression = _decompressed(content)
    return _json(text, compression) if text.lstrip()[:1] in {b"{", b"["} else None


def merge(samples: Iterable[Columns]) -> Columns:
    """The merged columns of objects: every name, with a type for all of its values."""
    merged: dict[str, Type] = {}
    for columns in samples:
        for name, type_ in columns.items():
            merged[name] = _common(merged[name], type_) if name in merged else type_
    return merged


def settled(columns: Columns) -> Columns:
    """The columns with the type string for those with only nulls."""
    return {name: _settle(type_) for name, type_ in columns.items()}


def similarity(a: Columns, b: Columns) -> float:
    """The similarity of two schemas, 0 to 1; from 0.7 on, Glue combines them to one table."""
    return len(a.keys() & b.keys()) / max(len(a.keys() | b.keys()), 1)


def _decompressed(content: bytes) -> tuple[bytes, str]:
    try:
        if content[:2] == b"\x1f\x8b":
            return gzip.decompress(content), "gzip"
        if content[:3] == b"BZh":
            return bz2.decompress(content), "bzip2"
    except (OSError, EOFError):
        return b"", "none"
    return content, "none"


def _json(text: bytes, compression: str) -> Sample | None:
    lines = [line for line in text.split(b"\n") if line.strip()]
    found: list[Columns] = []
    for line in lines[:_MAX_LINES]:
        try:
            value = msgspec.json.decode(line)
        except msgspec.DecodeError:
            return None
        if not isinstance(value, dict):
            return None
        found.append(_columns_of(cast("dict[str, Any]", value)))
    return Sample("json", compression, merge(found), len(lines))


def _parquet(content: bytes) -> Sample | None:
    import duckdb  # slow to import, and only a crawl needs it

    with NamedTemporaryFile(suffix=".parquet") as file:
        file.write(content)
        file.flush()
        source = f"read_parquet({literal(Path(file.name))})"
        try:
            with _duckdb().cursor() as cursor:
                described = cursor.execute(f"DESCRIBE FROM {source}").fetchall()
                counted = cursor.execute(select(["count(*)"], source)).fetchone()
        except duckdb.Error:
            return None
    columns = {str(row[0]).lower(): parse(str(row[1])) for row in described}
    return Sample("parquet", "none", columns, int(counted[0]) if counted else 0)


@cache
def _duckdb() -> duckdb.DuckDBPyConnection:
    import duckdb

    return duckdb.connect(config={"autoinstall_known_extensions": False, "threads": 1})


def _columns_of(value: dict[str, Any]) -> dict[str, Type]:
    return {name.lower(): _type_of(member) for name, member in value.items()}


def _type_of(value: object) -> Type:
    if value is None:
        return Type("unknown")
    if isinstance(value, bool):
        return Type("boolean")
    if isinstance(value, int):
        return Type("integer" if -_INT32 <= value < _INT32 else "bigint")
    if isinstance(value, float):
        return Type("double")
    if isinstance(value, list):
        element = Type("unknown")
        for member in cast("list[object]", value):
            element = _common(element, _type_of(member))
        return Type("array", fields=(("element", element),))
    if isinstance(value, dict):
        return Type("row", fields=tuple(_columns_of(cast("dict[str, Any]", value)).items()))
    return Type("varchar")


def _common(a: Type, b: Type) -> Type:
    """A common type of two types; string as a fallback."""
    if a == b or b.name == "unknown":
        return a
    if a.name == "unknown":
        return b
    if a.name in _NUMBERS and b.name in _NUMBERS:
        return max(a, b, key=lambda type_: _NUMBERS.index(type_.name))
    if a.name == b.name == "array":
        return Type("array", fields=(("element", _common(a.fields[0][1], b.fields[0][1])),))
    if a.name == b.name == "row":
        return Type("row", fields=tuple(merge([dict(a.fields), dict(b.fields)]).items()))
    return Type("varchar")


def _settle(type_: Type) -> Type:
    if type_.name == "unknown":
        return Type("varchar")
    if type_.fields:
        return Type(type_.name, fields=tuple((name, _settle(member)) for name, member in type_.fields))
    return type_
