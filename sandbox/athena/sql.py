"""Pieces of DuckDB's SQL put together: the one place where names and texts are quoted."""

from __future__ import annotations

from collections.abc import Iterable


def identifier(name: str) -> str:
    """A name, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: object) -> str:
    """A text, whatever characters it has."""
    return "'" + str(text).replace("'", "''") + "'"


def select(columns: Iterable[str], source: str) -> str:
    """SELECT of expressions from a source, both in SQL already."""
    return f"SELECT {', '.join(columns)} FROM {source}"  # noqa: S608 - whoever calls has quoted what is not ours
