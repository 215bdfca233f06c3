"""Fragments of DuckDB's SQL: the only place that quotes names and texts."""

from __future__ import annotations

from collections.abc import Iterable


def identifier(name: str) -> str:
    """A quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: object) -> str:
    """A quoted string literal."""
    return "'" + str(text).replace("'", "''") + "'"


def select(columns: Iterable[str], source: str) -> str:
    """SELECT of expressions from a source, both already in SQL."""
    return f"SELECT {', '.join(columns)} FROM {source}"  # noqa: S608 - callers quote external values
