"""The current-state view: the last row of each key of the change log, in Athena's SQL.

Duplicates, reordering and replay do not change it: `sequence` orders the changes of a key independently of their
arrival, and the last one decides whether the key still exists.
"""

from __future__ import annotations

import base64
import json
from string import Template

from transform.schema import ENVELOPE, Column, LakeTable

_PRESTO_TYPES = {"string": "varchar", "int": "integer", "timestamp": "timestamp(3)"}
"""The types whose names differ between Athena and Glue."""

_QUERY = Template(
    "SELECT $columns FROM ("
    'SELECT $columns, "op", row_number() OVER (PARTITION BY $keys ORDER BY "sequence" DESC) AS recency '
    "FROM $change_log"
    ") WHERE recency = 1 AND \"op\" <> 'REMOVE'"
)

_ENVELOPE = {column.name: column for column in ENVELOPE}


def columns(table: LakeTable) -> tuple[Column, ...]:
    """The view's columns: the table's, then the time and the sequence of each row's change."""
    return (*table.columns, _ENVELOPE["sequence"], _ENVELOPE["changed_at"])


def sql(table: LakeTable) -> str:
    """The view's query, over the change log in the view's own database."""
    return _QUERY.substitute(
        columns=", ".join(quoted(column.name) for column in columns(table)),
        keys=", ".join(quoted(column.name) for column in table.key_columns),
        change_log=quoted(table.change_log),
    )


def encoded(table: LakeTable, database: str) -> str:
    """The view in Athena's form for the Glue table's ViewOriginalText."""
    definition = {
        "originalSql": sql(table),
        "catalog": "awsdatacatalog",
        "schema": database,
        "columns": [{"name": column.name, "type": presto_type(column)} for column in columns(table)],
    }
    text = base64.b64encode(json.dumps(definition).encode()).decode()
    return f"/* Presto View: {text} */"


def presto_type(column: Column) -> str:
    """Athena's name for a column's type."""
    return _PRESTO_TYPES.get(column.type, column.type)


def quoted(name: str) -> str:
    """A name as a quoted identifier."""
    return f'"{name}"'
