"""Scans in place: a table of few objects is read where a statement names it, without a subquery of its columns.

DuckDB binds and optimizes each subquery's columns, which costs a short query more than its rows. A statement refers to
a scan's columns by their names, `r1."day"`; in place of a name comes the stored column, or the value that all rows of
the objects have. The condition that selects the objects belongs to the scan alone, so it is in WHERE, or, where an
outer join adds rows of NULLs to the scan, in that join's ON: either is the same as a condition before the join. On both
sides of a FULL JOIN there is no such place.

It is done with the text of the planned statement, whose relations have unique names, when their objects are known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

OF_OBJECTS = '"$object"'
"""The name by which a planned statement refers to a scan's condition on its objects."""
_TOKEN = re.compile(
    r"'(?:[^']|'')*'"
    r"|\b(?P<row>r\d+(?:v\d+)?)\.(?P<column>\"(?:[^\"]|\"\")*\")(?P<more> AND )?"
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

    `columns` has the SQL of a stored column by its quoted name, `values` that of one which all rows have.
    """

    table: str
    condition: str
    columns: Mapping[str, str]
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

    def replaced(token: re.Match[str]) -> str:
        alias, scan = token["row"], token["scan"]
        if scan is not None:
            found = placed.get(scan)
            return token[0] if found is None else f"{found.table} AS {token['alias']}"
        if alias is None:
            return token[0]
        use = uses.get(alias)
        found = None if use is None else placed.get(use.scan)
        more = token["more"] or ""
        if token["column"] == OF_OBJECTS:
            if found is None:
                return "" if more else "true"
            return f"{alias}.{found.condition}{more}"
        if found is None:
            return token[0]
        stored = found.columns.get(token["column"])
        return f"{found.values[token['column']] if stored is None else f'{alias}.{stored}'}{more}"

    return _TOKEN.sub(replaced, sql)
