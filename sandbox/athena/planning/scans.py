"""Scans in place: a table of few objects is read where a statement names it, without a subquery of its columns.

DuckDB binds and optimizes each subquery's columns, which costs a short query more than its rows. A statement refers to
a scan's columns by their names, `r1."day"`; in place of a name comes the stored column, or the value that all rows of
the objects have. The condition that selects the objects belongs to the scan alone, so it is in WHERE, or, where an
outer join adds rows of NULLs to the scan, in that join's ON: either is the same as a condition before the join. On both
sides of a FULL JOIN there is no such place.

A timestamp that has no digits beyond milliseconds is not rounded to them, as an Iceberg table's is in place of a Hive
table's: DuckDB knows nothing of the values that a function gives.

It is done with the text of the planned statement, whose relations have unique names, when their objects are known.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sandbox.athena.conversions.moments import ROUNDED
from sandbox.athena.planning.texts import kept

OF_OBJECTS = '"$object"'
"""The name by which a planned statement refers to a scan's condition on its objects."""
_TOKEN = re.compile(
    r"'(?:[^']|'')*'"
    rf"|(?P<rounded>{ROUNDED}\()?\b(?P<row>r\d+(?:v\d+)?)\.(?P<column>\"(?:[^\"]|\"\")*\")"
    r"(?(rounded), (?P<unit>\d+)\)|(?P<more> AND )?)"
    r"|\"(?:[^\"]|\"\")*\""
    r"|\b(?P<scan>t\d+(?:v\d+)?) AS (?P<alias>r\d+(?:v\d+)?)\b"
)


@dataclass
class ScanUse:
    """One use of a scan in FROM: the alias of its relation, and whether its condition has a place in the statement.

    `has_nulls`: an outer join adds rows to it in which all its columns are NULL, those that are one value too.
    """

    scan: str
    has_place: bool = True
    has_nulls: bool = False


@dataclass(frozen=True)
class PlacedScan:
    """What a scan in place reads: a table, the condition on its objects without the column's table, and its columns.

    `columns` has the SQL of a stored column by its quoted name, `values` that of one which all rows have. Those of
    `milliseconds` are timestamps without a value between two milliseconds.
    """

    table: str
    condition: str
    columns: Mapping[str, str]
    milliseconds: Collection[str]
    values: Mapping[str, str]


def conditions(aliases: Sequence[str], condition: str = "") -> str:
    """The conditions of scans on their objects, and another condition; "" if there is neither."""
    parts = [f"{alias}.{OF_OBJECTS}" for alias in aliases]
    if condition:
        parts.append(f"({condition})" if parts else condition)
    return " AND ".join(parts)


def can_be_placed(sql: str, uses: Mapping[str, ScanUse], scan: str, values: Sequence[str]) -> bool:
    """Whether each use of a scan has a place for its condition, and none needs a NULL for one of its `values`."""
    return all(
        use.has_place and not (use.has_nulls and any(f"{alias}.{name}" in sql for name in values))
        for alias, use in uses.items()
        if use.scan == scan
    )


def in_place(sql: str, uses: Mapping[str, ScanUse], placed: Mapping[str, PlacedScan]) -> str:
    """A planned statement that reads the `placed` scans, by their relations' aliases, where it names them."""
    parts: list[str] = []
    for part in _parts(sql):
        if isinstance(part, str):
            parts.append(part)
        elif isinstance(part, _Named):
            found = placed.get(part.scan)
            parts.append(f"{part.scan if found is None else found.table} AS {part.alias}")
        else:
            use = uses.get(part.alias)
            parts.append(_column(part, None if use is None else placed.get(use.scan)))
    return "".join(parts)


def _column(part: _Column, scan: PlacedScan | None) -> str:
    if part.name == OF_OBJECTS:
        if scan is None:
            return "" if part.more else "true"
        return f"{part.alias}.{scan.condition}{part.more}"
    if scan is None:
        found = f"{part.alias}.{part.name}"
    else:
        stored = scan.columns.get(part.name)
        found = scan.values[part.name] if stored is None else f"{part.alias}.{stored}"
    if part.unit and (scan is None or part.name not in scan.milliseconds or 1000 % part.unit):
        found = f"{ROUNDED}({found}, {part.unit})"
    return f"{found}{part.more}"


@dataclass(frozen=True)
class _Named:
    """A scan where a statement names it."""

    scan: str
    alias: str


@dataclass(frozen=True)
class _Column:
    """A quoted column of a scan, or its condition, and AND if that follows.

    The column is rounded to a multiple of a `unit` of microseconds, unless that is 0.
    """

    alias: str
    name: str
    more: str
    unit: int


@kept
def _parts(sql: str) -> tuple[str | _Named | _Column, ...]:
    """A statement's text with its scans and their columns."""
    parts: list[str | _Named | _Column] = []
    end = 0
    for token in _TOKEN.finditer(sql):
        part = None
        if token["scan"] is not None:
            part = _Named(token["scan"], token["alias"])
        elif token["row"] is not None:
            part = _Column(token["row"], token["column"], token["more"] or "", int(token["unit"] or 0))
        if part is not None:
            parts += sql[end : token.start()], part
            end = token.end()
    return (*parts, sql[end:])
