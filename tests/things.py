"""The schema of things, for tests of the lake: a key of a text and a number, and the columns that a test needs."""

from __future__ import annotations

from transform.schema import Column, KeyAttribute, LakeTable

LINE = KeyAttribute("line", "N")


def things(*columns: Column, sort_key: KeyAttribute | None = LINE) -> LakeTable:
    """Return the table of things with these columns, which include those of its key."""
    return LakeTable(
        entity="thing",
        change_log="thing_changes",
        view="things",
        partition_key=KeyAttribute("id", "S"),
        sort_key=sort_key,
        columns=columns,
    )


def column_of(name: str, type_: str, *path: str) -> Column:
    """Return a column of the attribute of its name, or of another path."""
    return Column(name, type_, path or (name,), "")
