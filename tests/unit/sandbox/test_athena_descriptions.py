"""Glue's descriptions of the tables that a statement reads."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sandbox.athena.descriptions import Place, TableDescriptions, Together


class Glue(TableDescriptions):
    """Tables of the database `db` by name; `calls` has the names of each call."""

    def __init__(self, *names: str) -> None:
        self.names = set(names)
        self.calls: list[set[str]] = []

    def get(self, database: str, name: str) -> dict[str, Any] | None:
        return self.several(database, {name}).get(name)

    def several(self, database: str, names: Collection[str]) -> dict[str, dict[str, Any]]:
        self.calls.append(set(names))
        return {name: {"Name": name} for name in self.names & set(names) if database == "db"}


def uses(database: str, name: str) -> Collection[Place]:
    return [("db", "log"), ("db", "gone"), ("other", "far")] if (database, name) == ("db", "view") else []


def test_a_view_and_what_it_was_used_with_are_one_call() -> None:
    glue = Glue("view", "log", "far")
    together = Together(glue, uses)
    assert [together.get("db", name) for name in ("view", "log", "gone")] == [{"Name": "view"}, {"Name": "log"}, None]
    assert glue.calls == [{"view", "log", "gone"}]


def test_a_table_that_was_not_used_with_the_view_and_one_of_another_database_are_asked_for() -> None:
    glue = Glue("view", "new")
    together = Together(glue, uses)
    together.get("db", "view")
    assert together.get("db", "new") == {"Name": "new"}
    assert together.get("other", "far") is None
    assert glue.calls[1:] == [{"new"}, {"far"}]


def test_a_statement_sees_one_description_of_a_table_and_the_next_statement_its_change() -> None:
    glue = Glue("t")
    first = Together(glue, uses)
    assert first.get("db", "t") is not None
    glue.names.clear()
    assert first.get("db", "t") is not None
    assert Together(glue, uses).get("db", "t") is None
