"""The lake's views: their queries in Athena's SQL, derived from the schema, and Athena's form of a view in Glue.

Every view is correct under duplicates, disorder and replay: `sequence` orders the changes of a key independently of
their arrival, and of copies of one change (the same key and sequence) one is used.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from string import Template

from transform.schema import ENVELOPE, IMAGES, Column, DailyMetrics, LakeTable, Lines

PARTITION = "arrival_hour"
"""The change log's partition key: the hour in which an object's oldest change reached Firehose, UTC."""

_PRESTO_TYPES = {"string": "varchar", "int": "integer", "timestamp": "timestamp(3)"}
"""The types whose names differ between Athena and Glue."""

_LATEST = Template(
    "SELECT $columns FROM ("
    'SELECT $columns, "op", row_number() OVER (PARTITION BY $keys ORDER BY "sequence" DESC) AS recency '
    "FROM $source"
    ") WHERE recency = 1 AND \"op\" <> 'REMOVE'"
)

_HISTORY = Template(
    "SELECT $columns, $version, valid_from, valid_to, $partition FROM ("
    'SELECT $columns, "op", $version, $partition, "changed_at" AS valid_from, '
    'lead("changed_at") OVER (PARTITION BY $keys ORDER BY "sequence") AS valid_to FROM ('
    'SELECT $columns, "op", $version, $partition, "changed_at", '
    'row_number() OVER (PARTITION BY $keys, "sequence" ORDER BY $partition) AS copy FROM $change_log'
    ") WHERE copy = 1) WHERE \"op\" <> 'REMOVE'"
)

_LINES = Template(
    "SELECT $keys, line, $columns FROM ($latest) CROSS JOIN "
    "UNNEST(CAST(json_extract(\"$image\", '$path') AS array(json))) WITH ORDINALITY AS lines (value, line)"
)

_METRICS = Template(
    "SELECT CAST($time AS date) AS day, $by, count(*) AS $counted, $sums FROM $view GROUP BY CAST($time AS date), $by"
)

_ENVELOPE = {column.name: column for column in ENVELOPE}
_AFTER = IMAGES[1].name


@dataclass(frozen=True)
class LakeView:
    """A view: its name, its purpose, its columns (their types are Glue's) and its query over the view's database."""

    name: str
    purpose: str
    columns: tuple[Column, ...]
    sql: str

    def encoded(self, database: str) -> str:
        """The view in Athena's form for the Glue table's ViewOriginalText."""
        definition = {
            "originalSql": self.sql,
            "catalog": "awsdatacatalog",
            "schema": database,
            "columns": [{"name": column.name, "type": presto_type(column)} for column in self.columns],
        }
        text = base64.b64encode(json.dumps(definition).encode()).decode()
        return f"/* Presto View: {text} */"


def views(table: LakeTable) -> tuple[LakeView, ...]:
    """Every view of a table: current state and history, and, where the schema describes them, lines and metrics."""
    return (
        current_state(table),
        history(table),
        *((lines(table, table.lines),) if table.lines else ()),
        *((daily_metrics(table, table.metrics),) if table.metrics else ()),
    )


def columns(table: LakeTable) -> tuple[Column, ...]:
    """The current state's columns: the table's, then the time and the sequence of each row's change."""
    return (*table.columns, _ENVELOPE["sequence"], _ENVELOPE["changed_at"])


def current_state(table: LakeTable, state: str = "") -> LakeView:
    """The last change of each key, without deleted keys. `state` is another query of the same rows."""
    return LakeView(
        table.view,
        f"The {table.entity} table's current state: the last change of each key, without deleted keys",
        columns(table),
        state or latest(table, names(columns(table)), quoted(table.change_log)),
    )


def latest(table: LakeTable, selected: str, source: str) -> str:
    """The query for the last row of each key of a relation with the change log's columns, without deleted keys."""
    return _LATEST.substitute(columns=selected, keys=names(table.key_columns), source=source)


def history(table: LakeTable, source: str = "") -> LakeView:
    """Return the query for each version of each item, with the times at which it began and ended.

    A version ends with the key's next change; a deletion ends one and begins none. The state as of a moment is
    `valid_from <= moment AND (valid_to IS NULL OR valid_to > moment)`. `source` replaces the change log. For the
    versions since an hour, the part of the log from that hour on is enough, because a change arrives after it is made
    and a later change ends a version. For the versions before an hour, the part up to it is not enough: a replay writes
    an old change to a late partition.
    """
    sequence, changed_at = _ENVELOPE["sequence"], _ENVELOPE["changed_at"]
    return LakeView(
        f"{table.entity}_history",
        f"Each version of each {table.entity}, with the time from which and until which it was there",
        (
            *table.columns,
            sequence,
            Column("valid_from", changed_at.type, changed_at.attribute, "when this version was written, UTC"),
            Column("valid_to", changed_at.type, changed_at.attribute, "when it was replaced or deleted; null: never"),
            Column(PARTITION, "string", (PARTITION,), "the hour in which it first reached Firehose, UTC"),
        ),
        _HISTORY.substitute(
            columns=names(table.columns),
            version=quoted(sequence.name),
            keys=names(table.key_columns),
            partition=quoted(PARTITION),
            change_log=source or quoted(table.change_log),
        ),
    )


def lines(table: LakeTable, described: Lines, state: str = "") -> LakeView:
    """One row for each line of each item of the current state, in order; `line` counts from 1.

    Values are read from the last image, in DynamoDB JSON, whose numbers are texts: decimals stay exact. A value that
    does not match its type is null. `state` is another query of the keys and last images.
    """
    keys = names(table.key_columns)
    selected = f"{keys}, {quoted(_AFTER)}"
    return LakeView(
        f"{table.entity}_items",
        f"The lines of each {table.entity} of the current state, one row each",
        (*table.key_columns, Column("line", "bigint", ("line",), "the line's place, from 1"), *described.columns),
        _LINES.substitute(
            keys=keys,
            columns=", ".join(f"{_line_value(column)} AS {quoted(column.name)}" for column in described.columns),
            latest=state or latest(table, selected, quoted(table.change_log)),
            image=_AFTER,
            path=_json_path((*_through_maps(described.attribute), "L")),
        ),
    )


def daily_metrics(table: LakeTable, described: DailyMetrics) -> LakeView:
    """Return the query for the number of items and the sums of their numbers, by day and by the schema's columns."""
    by_name = {column.name: column for column in table.columns}
    by = tuple(by_name[name] for name in described.by)
    sums = tuple(_sum(by_name[name]) for name in described.sums)
    time = quoted(described.time)
    counted = Column(f"{table.entity}_count", "bigint", ("count",), f"how many there are of this day's {table.view}")
    return LakeView(
        f"{table.entity}_metrics_daily",
        f"The current state's {table.view} by day of {described.time}: how many, and sums",
        (Column("day", "date", (described.time,), f"the day of {described.time}, UTC"), *by, counted, *sums),
        _METRICS.substitute(
            time=time,
            by=names(by),
            counted=quoted(counted.name),
            sums=", ".join(f"sum({quoted(column.name)}) AS {quoted(column.name)}" for column in sums),
            view=quoted(table.view),
        ),
    )


def _sum(column: Column) -> Column:
    """Return the column of a sum: Trino's sum of a decimal(p,s) is a decimal(38,s), of an integer a bigint."""
    type_ = f"decimal(38,{column.decimal[1]})" if column.type.startswith("decimal") else column.type
    return Column(column.name, "bigint" if type_ == "int" else type_, column.attribute, f"sum of {column.name}")


def _line_value(column: Column) -> str:
    descriptor = {"string": "S", "boolean": "BOOL"}.get(column.type, "N")
    text = f"json_extract_scalar(value, '{_json_path(('M', *_through_maps(column.attribute), descriptor))}')"
    return text if column.type == "string" else f"TRY_CAST({text} AS {presto_type(column)})"


def _through_maps(path: tuple[str, ...]) -> tuple[str, ...]:
    """A path of attributes in DynamoDB JSON, where a nested map is the member M of its attribute."""
    first, *rest = path
    return (first, *(step for name in rest for step in ("M", name)))


def _json_path(steps: tuple[str, ...]) -> str:
    return "$" + "".join(
        f".{step}" if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", step) else f'["{step}"]' for step in steps
    ).replace("'", "''")


def presto_type(column: Column) -> str:
    """Athena's name for a column's type."""
    return _PRESTO_TYPES.get(column.type, column.type)


def names(selected: tuple[Column, ...]) -> str:
    """The columns' quoted names, separated by commas."""
    return ", ".join(quoted(column.name) for column in selected)


def quoted(name: str) -> str:
    """A name as a quoted identifier."""
    return f'"{name}"'
