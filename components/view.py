"""The current-state view: the change log folded to one row a key, as Athena's SQL.

Right under duplicates, disorder and replay: a change's sequence orders it among
the changes of its key whatever order or number of times it arrived in, and the
last one says whether the key still exists.
"""

from __future__ import annotations

import base64
import json
from string import Template

from transform.schema import ENVELOPE, Column, Table

_PRESTO_TYPES = {"string": "varchar", "int": "integer", "timestamp": "timestamp(3)"}
"""Where Athena's name for a type is not Glue's; the others are the same in both."""

_QUERY = Template(
    "SELECT $columns FROM ("
    'SELECT $columns, "op", row_number() OVER (PARTITION BY $keys ORDER BY "sequence" DESC) AS recency '
    "FROM $change_log"
    ") WHERE recency = 1 AND \"op\" <> 'REMOVE'"
)

_ENVELOPE = {column.name: column for column in ENVELOPE}


def columns(table: Table) -> tuple[Column, ...]:
    """The view's columns: the table's, then when and in which order each row came to be."""
    return (*table.columns, _ENVELOPE["sequence"], _ENVELOPE["changed_at"])


def sql(table: Table) -> str:
    """The view's query, over the change log in the view's own database."""
    return _QUERY.substitute(
        columns=", ".join(quoted(column.name) for column in columns(table)),
        keys=", ".join(quoted(column.name) for column in table.key_columns),
        change_log=quoted(table.change_log),
    )


def encoded(table: Table, database: str) -> str:
    """The view as Athena keeps it in the Glue table's ViewOriginalText."""
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
    """A name as an identifier, whatever words are reserved."""
    return f'"{name}"'
