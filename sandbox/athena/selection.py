"""The partitions and objects that satisfy a scan's conditions, which DuckDB evaluates without the rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from threading import Lock

import duckdb

from sandbox.athena.catalogue import TypedColumn
from sandbox.athena.files import DEFAULT_PARTITION
from sandbox.athena.partitions import Found, Values
from sandbox.athena.planning import PATH, Read
from sandbox.athena.sql import identifier, literal, select
from sandbox.athena.store import Slice
from sandbox.athena.types import VARCHAR
from sandbox.athena.virtual import Row

_MAX_CONDITIONS = 64
_MAX_OBJECTS = 10_000
"""The most objects of a scan for which the answers are kept."""
_Key = tuple[str, Values]
_Answers = Mapping[_Key, bool]


class ObjectSelection:
    """Selects objects by conditions on their paths. Thread-safe.

    An answer depends on nothing but the condition, the path and the partition, so that those of a scan's last objects
    are kept: the next query evaluates the condition for new objects.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[object, _Answers] = OrderedDict()
        self._lock = Lock()

    def needed(self, cursor: duckdb.DuckDBPyConnection, read: Read, slices: Sequence[Slice]) -> Sequence[Slice]:
        """The slices without the objects that a scan's conditions exclude."""
        if not read.path_predicates:
            return slices
        columns = read.table.partition_columns
        condition = (read.path_predicates, columns)
        answers = self._answers(cursor, condition, {_key(found) for piece in slices for _, found in piece.objects})
        return [replace(p, objects=tuple(each for each in p.objects if answers[_key(each[1])])) for p in slices]

    def _answers(
        self,
        cursor: duckdb.DuckDBPyConnection,
        condition: tuple[tuple[str, ...], tuple[TypedColumn, ...]],
        keys: set[_Key],
    ) -> _Answers:
        with self._lock:
            known = self._kept.get(condition, {})
        answers = {key: known[key] for key in keys & known.keys()}
        new = list(keys - known.keys())
        if new:
            predicates, columns = condition
            named = [(column.name, column) for column in columns]
            rows = [(*values, path) for path, values in new]
            satisfied = _satisfying(cursor, [*named, (PATH, TypedColumn(PATH, VARCHAR))], rows, predicates)
            if satisfied is None:
                return dict.fromkeys(keys, True)
            answers |= {key: i in satisfied for i, key in enumerate(new)}
        if len(answers) <= _MAX_OBJECTS:
            with self._lock:
                self._kept[condition] = answers
                self._kept.move_to_end(condition)
                if len(self._kept) > _MAX_CONDITIONS:
                    self._kept.popitem(last=False)
        return answers


def needed_partitions(cursor: duckdb.DuckDBPyConnection, read: Read) -> Callable[[list[Values]], list[Values]]:
    """A function that returns those of the given partitions that a scan's conditions do not exclude."""
    columns = read.table.partition_columns
    texts = [
        (place, read.constraints[column.name])
        for place, column in enumerate(columns)
        if column.type == VARCHAR and column.name in read.constraints
    ]

    def prune(given: list[Values]) -> list[Values]:
        partitions = [values for values in given if all(each.allows(values[place]) for place, each in texts)]
        if not read.predicates or not partitions:
            return partitions
        satisfied = _satisfying(cursor, [(c.name, c) for c in columns], partitions, read.predicates)
        return partitions if satisfied is None else [values for i, values in enumerate(partitions) if i in satisfied]

    return prune


def _satisfying(
    cursor: duckdb.DuckDBPyConnection,
    columns: Sequence[tuple[str, TypedColumn]],
    rows: Sequence[Row],
    predicates: Iterable[str],
) -> set[int] | None:
    """The places of the rows that satisfy all predicates; None if evaluation fails, so that nothing is excluded.

    Another condition may exclude what it fails for: Trino keeps such a partition too (trino 435, isCandidate of
    io.trino.sql.planner.LayoutConstraintEvaluator).
    """
    rows_sql, arrays = unnested(columns, rows)
    where = " AND ".join(f"({predicate})" for predicate in predicates)
    sql = select(["i"], f"(SELECT unnest(?::INTEGER[]) AS i, {rows_sql}) WHERE {where}")
    try:
        return {i for (i,) in cursor.execute(sql, [list(range(len(rows))), *arrays]).fetchall()}
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        return None


def partition_value(text: str, column: TypedColumn) -> str:
    """SQL for a value of a column from SQL for its text; that of an array, map or row is a JSON text."""
    return _parsed(f"nullif({text}, '{DEFAULT_PARTITION}')", column)


def _parsed(text: str, column: TypedColumn) -> str:
    as_json = "::JSON" if column.type.fields else ""
    return f"TRY_CAST({text}{as_json} AS {column.type.duckdb})"


def unnested(keys: Iterable[tuple[str, TypedColumn]], partitions: Sequence[Row]) -> tuple[str, list[list[str | None]]]:
    """SQL that selects rows of values from parameters, cast to the columns' types, and the parameters."""
    named = list(keys)
    sql = ", ".join(
        f"{partition_value('unnest(?::VARCHAR[])', column)} AS {identifier(name)}" for name, column in named
    )
    return sql, [[values[i] for values in partitions] for i in range(len(named))]


def constant(text: str, column: TypedColumn) -> str:
    """SQL for a value of a column from its text."""
    if text == DEFAULT_PARTITION:
        return f"CAST(NULL AS {column.type.duckdb})"
    return _parsed(literal(text), column)


def _key(found: Found) -> _Key:
    return found.item.path, found.values
