"""The rows of the change log from the lines of a DynamoDB export, in Athena's SQL.

A full export's line is `{"Item":{…}}`, an incremental one's has `Metadata`, `Keys`, `OldImage` and `NewImage`
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html). `lake.backfill` specifies
the order of the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lake.athena import quote
from lake.exports import Kind
from lake.fingerprints import hash_sql, texts_sql
from lake.image_columns import columns_sql, literal
from transform.events import SEQUENCE_DIGITS
from transform.schema import ENVELOPE, IMAGES, LakeTable

_EVENT_ID, _OP, _SEQUENCE, _CHANGED_AT = (column.name for column in ENVELOPE)
_BEFORE, _AFTER = (column.name for column in IMAGES)
_SECONDS_DIGITS = 12
_NATIVE = "1"
_MICROS = "CAST(json_extract_scalar(line, '$.Metadata.WriteTimestampMicros.N') AS bigint)"
_ITEM_AT, _AROUND = len('{"Item":') + 1, len('{"Item":}')
_IMAGE = (
    f"""CASE WHEN line LIKE '{{"Item":{{%' THEN substr(line, {_ITEM_AT}, length(line) - {_AROUND}) """
    "ELSE json_format(json_extract(line, '$.Item')) END"
)
ITEM = "dynamodb_json"
"""The column of an item's image in `items_sql`."""


def line_table_sql(name: str, location: str) -> str:
    """Return the statement that makes a table of an export's lines, with a delimiter that JSON cannot contain.

    https://docs.aws.amazon.com/athena/latest/ug/lazy-simple-serde.html
    """
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS `{name}` (line string) ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\001' "
        f"STORED AS TEXTFILE LOCATION {literal(location)}"
    )


def rows_sql(table: LakeTable, lines: str, kind: Kind, moment: datetime, files: Sequence[str]) -> str:
    """Return the query of the change log's rows from these files of a table of lines.

    `moment` is that of a full export, to the second.
    """
    changes = _states(lines, moment) if kind == "full" else _writes(lines)
    where = f'"$path" IN ({", ".join(map(literal, files))})'
    kept = f"{_OP}, {_SEQUENCE}, {_CHANGED_AT}, {quote(_BEFORE)}, {quote(_AFTER)}"
    typed = columns_sql(table, f"({changes} WHERE {where})", "image", kept)
    names = [quote(column.name) for column in table.change_log_columns]
    names[0] = f"{_id(table)} AS {quote(_EVENT_ID)}"
    return f"SELECT {', '.join(names)} FROM ({typed})"


def items_sql(table: LakeTable, lines: str) -> str:
    """Return the query of a full export's items from a table of lines: the table's columns, and the image as ITEM."""
    return columns_sql(table, f"(SELECT {_IMAGE} AS {ITEM} FROM {quote(lines)})", ITEM, ITEM)


def sequence_of(moment: datetime) -> str:
    """Return the `sequence` of a state at a moment, which sorts before every change of that second."""
    return f"{int(moment.timestamp()):0{_SECONDS_DIGITS}d}".ljust(SEQUENCE_DIGITS, "0")


def _states(lines: str, moment: datetime) -> str:
    return (
        f"SELECT 'INSERT' AS {_OP}, '{sequence_of(moment)}' AS {_SEQUENCE}, "
        f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}' AS {_CHANGED_AT}, CAST(NULL AS varchar) AS {quote(_BEFORE)}, "
        f"{_IMAGE} AS {quote(_AFTER)}, {_IMAGE} AS image FROM {quote(lines)}"
    )


def _writes(lines: str) -> str:
    old, new, keys = (f"json_format(json_extract(line, '$.{name}'))" for name in ("OldImage", "NewImage", "Keys"))
    has_old, has_new = (f"json_extract(line, '$.{name}') IS NOT NULL" for name in ("OldImage", "NewImage"))
    within = SEQUENCE_DIGITS - _SECONDS_DIGITS - 1
    sequence = (
        f"lpad(CAST({_MICROS} / 1000000 AS varchar), {_SECONDS_DIGITS}, '0') || '{_NATIVE}' || "
        f"lpad(CAST({_MICROS} % 1000000 AS varchar), {within}, '0')"
    )
    return (
        f"SELECT CASE WHEN NOT ({has_new}) THEN 'REMOVE' WHEN {has_old} THEN 'MODIFY' ELSE 'INSERT' END AS {_OP}, "
        f"{sequence} AS {_SEQUENCE}, "
        f"date_add('millisecond', {_MICROS} / 1000, TIMESTAMP '1970-01-01 00:00:00.000') AS {_CHANGED_AT}, "
        f"{old} AS {quote(_BEFORE)}, {new} AS {quote(_AFTER)}, coalesce({new}, {old}, {keys}) AS image "
        f"FROM {quote(lines)}"
    )


def _id(table: LakeTable) -> str:
    """Return the SQL of an id that is derived from the key and the sequence."""
    text = f"concat({texts_sql(table, table.key_columns)}, '|', {_SEQUENCE})"
    return f"'backfill-' || lower({hash_sql(text)})"
