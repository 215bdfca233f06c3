"""The current table: an Iceberg table that holds the last change of each key, so that a query need not read the log.

A merge brings in what the table may lack. Its statements, in this order, each of which may be the last one:

1. `unmerged` without a bound, if the table does not exist: the view `..._unmerged` is then the whole log. 2. `create`:
CREATE TABLE IF NOT EXISTS. 3. `merge`: MERGE of the last row of each key of `..._unmerged`, guarded by `sequence`. One
Iceberg commit. 4. `unmerged` with the time at which the merge began. 5. `state_views`: the views become the table plus
`..._unmerged`.

Why the views are correct after each of them. Let U be the rows of `..._unmerged`, T the table, L the log. A view is
correct if each row of L is in U, or T has a row of its key whose sequence is not lower: the view takes the highest
sequence of both. With U = L that holds for any T. A merge only raises a key's sequence in T, so it still holds for
every U. Statement 4 removes from U the partitions that are older than the merge's start less `OVERLAP`. Firehose names
a partition by the arrival of an object's oldest record, writes the object within its buffer's 15 minutes, and retries
for up to 24 hours (https://docs.aws.amazon.com/firehose/latest/dev/retry.html), so those partitions receive no later
object, and the merge has read the existing ones. A merge that begins earlier and ends later only moves the bound back.
A deleted key stays in T as a tombstone with its sequence, so a late insert does not restore it. A replay or a backfill
writes to the partition of the current hour, and a compaction writes existing rows.

So that a query reads less than a day's changes, a view reads only the `fresh` part of U: the objects whose name has an
arrival time after the merge's start less `margin`, and those whose names have no time. Objects that were visible at the
merge's start are in the table. An object that Firehose writes later than `margin` after its arrival, after retries, is
in the views after the next merge, which reads all of U.
https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html

In both joins of a view the few fresh changes are on the right: Trino builds a join's table from its right side, and
their keys filter the scan of T that the RIGHT JOIN makes. So do their sequences, which are part of its condition: a row
of T can only match if it has the sequence of a fresh change or a later one, and files without such rows are not read.
https://trino.io/docs/current/admin/dynamic-filtering.html
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from string import Template

from components.view import PARTITION, LakeView, current_state, lines, names, presto_type, quoted, views
from components.view import columns as state_columns
from transform.schema import ENVELOPE, IMAGES, Column, LakeTable

REBUILD = "rebuild"
"""The member of the input of an execution of the scheduled merge that rebuilds the table."""
OVERLAP = timedelta(hours=26)
"""Firehose's 24 hours of retries, its buffer of up to 15 minutes, and the hour that a partition has."""
MARGIN = timedelta(minutes=5)
"""The maximum delay until an object is visible, beyond the delivery stream's buffering."""

DELIVERED_NAME = r"-(\d{4}(-\d\d){5})-[^/]+$"
"""The end of the name that Firehose gives an object, with its time: the lake's own objects have none.

https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html
"""
_NAMED_AT = f"regexp_extract({quoted('$path')}, '{DELIVERED_NAME}', 1)"

_MERGE = Template(
    "MERGE INTO $table AS t USING (SELECT $columns FROM ("
    'SELECT $columns, row_number() OVER (PARTITION BY $keys ORDER BY "sequence" DESC) AS recency FROM $unmerged'
    ") WHERE recency = 1) AS s ON $same_key "
    'WHEN MATCHED AND s."sequence" > t."sequence" THEN UPDATE SET $updates '
    "WHEN NOT MATCHED THEN INSERT ($columns) VALUES ($values)"
)

_STATE = Template(
    "WITH recent AS (SELECT * FROM ("
    'SELECT $read, row_number() OVER (PARTITION BY $keys ORDER BY "sequence" DESC) AS recency '
    "FROM $unmerged WHERE fresh) WHERE recency = 1) "
    'SELECT $merged FROM $table AS t LEFT JOIN recent AS r ON $same_key AND r."sequence" > t."sequence" '
    'WHERE t."op" <> \'REMOVE\' AND r."sequence" IS NULL '
    'UNION ALL SELECT $unmerged_columns FROM $table AS t RIGHT JOIN recent AS r ON $same_key AND t."sequence" >= '
    'r."sequence" WHERE r."op" <> \'REMOVE\' AND t."sequence" IS NULL'
)

_ENVELOPE = tuple(column for column in ENVELOPE if column.name in ("op", "sequence", "changed_at"))
_AFTER = IMAGES[1]


def name(table: LakeTable) -> str:
    """The current table's name."""
    return f"{table.view}_current"


def unmerged_name(table: LakeTable) -> str:
    """The name of the view of the changes that the current table may lack."""
    return f"{table.change_log}_unmerged"


def columns(table: LakeTable) -> tuple[Column, ...]:
    """The current table's columns: the table's, those of the change, and the last image."""
    return (*table.columns, *_ENVELOPE, _AFTER)


def create(table: LakeTable, location: str) -> str:
    """The statement that creates the current table at an S3 location.

    https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html
    """
    described = ", ".join(f"`{column.name}` {column.type}" for column in columns(table))
    return (
        f"CREATE TABLE IF NOT EXISTS `{name(table)}` ({described}) LOCATION '{location}' "
        "TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet')"
    )


def merge(table: LakeTable) -> str:
    """The statement that brings the unmerged changes into the current table. It changes nothing when run again.

    https://docs.aws.amazon.com/athena/latest/ug/merge-into-statement.html
    """
    selected = columns(table)
    return _MERGE.substitute(
        table=quoted(name(table)),
        columns=names(selected),
        keys=names(table.key_columns),
        unmerged=quoted(unmerged_name(table)),
        same_key=_same_key(table, "s"),
        updates=", ".join(f"{quoted(column.name)} = s.{quoted(column.name)}" for column in selected),
        values=", ".join(f"s.{quoted(column.name)}" for column in selected),
    )


def tidying(table: LakeTable) -> tuple[str, ...]:
    """The statements that join the current table's small files, with what is deleted of them, and forget old snapshots.

    Athena writes a merge's updates beside the data, so that reads become dearer and files more. Each can be run again,
    and must be where it says that more runs are needed.

    https://docs.aws.amazon.com/athena/latest/ug/optimize-statement.html,
    https://docs.aws.amazon.com/athena/latest/ug/vacuum-statement.html
    """
    return f"OPTIMIZE {name(table)} REWRITE DATA USING BIN_PACK", f"VACUUM {name(table)}"


def unmerged(table: LakeTable, began: str = "", margin: timedelta = MARGIN) -> str:
    """The query of the changes that the current table may lack, of which `fresh` are those that the views read.

    `began` is the time at which the last merge began (ISO 8601); "": no merge has ended, all changes are both.
    """
    selected, log = f"{names(columns(table))}, {quoted(PARTITION)}", quoted(table.change_log)
    if not began:
        return f"SELECT {selected}, true AS fresh FROM {log}"  # noqa: S608 - the schema's names
    at = f"from_iso8601_timestamp('{began}')"
    hours, seconds = round(OVERLAP.total_seconds() / 3600), round(margin.total_seconds())
    since = f"date_format({at} - INTERVAL '{hours}' HOUR, '%Y-%m-%d-%H')"
    fresh = f"date_format({at} - INTERVAL '{seconds}' SECOND, '%Y-%m-%d-%H-%i-%s')"
    return (
        f"SELECT {selected}, coalesce({_NAMED_AT} >= {fresh}, true) AS fresh FROM {log} "  # noqa: S608 - its names
        f"WHERE {quoted(PARTITION)} >= {since}"
    )


def rebuilding(table: LakeTable) -> Iterator[tuple[str, str]]:
    """Return the steps before a new current table, with statements: views of the log, nothing merged, no table."""
    of_state = {one.name for one in state_views(table)}
    for one in views(table):
        if one.name in of_state:
            yield f"reading the log in {one.name}", replaced(one.name, one.sql)
    yield "declaring all changes unmerged", replaced(unmerged_name(table), unmerged(table))
    yield "dropping a table of other columns", f"DROP TABLE IF EXISTS `{name(table)}`"


def state_views(table: LakeTable) -> tuple[LakeView, ...]:
    """The views of the current state, over the current table and the fresh changes."""
    orders = current_state(table, _state(table, state_columns(table)))
    if table.lines is None:
        return (orders,)
    return (orders, lines(table, table.lines, _state(table, (*table.key_columns, _AFTER))))


def replaced(view_name: str, sql: str) -> str:
    """Return the statement that replaces a view's query, in one call of Glue."""
    return f"CREATE OR REPLACE VIEW {quoted(view_name)} AS {sql}"


def _state(table: LakeTable, selected: tuple[Column, ...]) -> str:
    """The query of the current state's columns. Each branch has the key's own columns, so that a key's query reads
    little.
    """
    read = tuple(dict.fromkeys((*table.key_columns, *selected, *(c for c in _ENVELOPE if c.name != "changed_at"))))
    return _STATE.substitute(
        read=names(read),
        keys=names(table.key_columns),
        unmerged=quoted(unmerged_name(table)),
        table=quoted(name(table)),
        same_key=_same_key(table, "r"),
        merged=", ".join(_as_in_the_log(column) for column in selected),
        unmerged_columns=", ".join(f"r.{quoted(column.name)}" for column in selected),
    )


def _as_in_the_log(column: Column) -> str:
    """A column of the current table with the log's type: Iceberg's timestamps have microseconds."""
    found = f"t.{quoted(column.name)}"
    if column.type != "timestamp":
        return found
    return f"CAST({found} AS {presto_type(column)}) AS {quoted(column.name)}"


def _same_key(table: LakeTable, other: str) -> str:
    return " AND ".join(f"t.{quoted(column.name)} = {other}.{quoted(column.name)}" for column in table.key_columns)
