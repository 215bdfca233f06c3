"""Conditions on columns that a WHERE guards: on those whose expressions may fail for the rows that it leaves out.

DuckDB moves a condition on a subquery's columns into the subquery, and there evaluates it before the subquery's own
WHERE: `k > 1` around `SELECT 6 / a AS k … WHERE a <> 0` divides by zero. Trino evaluates the subquery's WHERE first:
trino 435, visitFilter of io.trino.sql.planner.optimizations.PredicatePushDown. DuckDB leaves a condition where it is if
it may fail as it is written, for which a conversion is enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from sandbox.athena.planning.scope import Field, Scope
from sandbox.athena.values import Value

_COLUMN = re.compile(r"\b(r\d+(?:v\d+)?)\.(?:c\d+(?:v\d+)?\b|\"(?:[^\"]|\"\")*\")")
_TEXTS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_CONSTANT = re.compile(r"\bCAST\((?:-?[\d.]+|NULL) AS \w+(?:\([\d, ]+\))?\)")
"""A cast of a constant, which fails for all rows or for none."""
_MAY_FAIL = re.compile(r"(?<=\w)\(|[-+*/%\[|]")
"""A call, a cast, an operator or a subscript; comparisons, tests for NULL, CASE and logic do not fail by themselves."""


class Guards:
    """Which of a query's columns, by their SQL, are `guarded`; its own columns are if it is `filtered`."""

    def __init__(self, guarded: Iterable[str], *, filtered: bool = False) -> None:
        self.guarded = frozenset(guarded)
        self._filtered = filtered

    @classmethod
    def of(cls, fields: Iterable[Field], *, filtered: bool = False) -> Guards:
        """The guards of a query that reads these fields."""
        return cls((f.sql for f in fields if f.guarded), filtered=filtered)

    @classmethod
    def seen(cls, scope: Scope) -> Guards:
        """The guards of all columns that a condition in a scope sees, those of enclosing queries included."""
        fields, outer = list(scope.fields), scope.parent
        while outer is not None:
            fields += outer.fields
            outer = outer.parent
        return cls.of(fields)

    def guard(self, sql: str) -> bool:
        """Whether a column that the query computes is guarded. DuckDB moves no condition below a window's function."""
        return " OVER (" not in sql and (self._read(sql) or (self._filtered and _may_fail(sql)))

    def kept(self, condition: Value) -> Value:
        """A condition that DuckDB leaves where it is if it reads guarded columns.

        One on two relations is a condition of their join, and DuckDB makes joins of subqueries: they stay as they are.
        """
        sql = condition.sql
        if not self._read(sql) or "SELECT" in sql or len(_relations(sql)) != 1:
            return condition
        return replace(condition, sql=f"CAST(CAST({sql} AS INTEGER) AS BOOLEAN)")

    def _read(self, sql: str) -> bool:
        return bool(self.guarded) and any(found[0] in self.guarded for found in _COLUMN.finditer(sql))


def selects_of_one(condition: str) -> bool:
    """Whether a join's condition, or one that it joins by AND, is on one relation, so that it is like a WHERE."""
    return any(len(_relations(part)) == 1 for part in condition.split(" AND "))


def _relations(sql: str) -> set[str]:
    return {found[1] for found in _COLUMN.finditer(sql)}


def _may_fail(sql: str) -> bool:
    sql, count = _TEXTS.sub("0", sql), 1
    while count:
        sql, count = _CONSTANT.subn("0", sql)
    return _MAY_FAIL.search(sql) is not None
