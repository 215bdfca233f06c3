"""The change log's columns from an image in DynamoDB JSON, in Athena's SQL: the same as `transform.rows` in Lambda.

A number is DynamoDB's plain spelling (digits without leading or trailing zeros), and `json_extract_scalar` leaves the
text as it is, so nothing becomes a float. A value that the column cannot hold exactly is NULL, as in the transform. A
timestamp has milliseconds, the precision that Athena writes and reads
(https://docs.aws.amazon.com/athena/latest/ug/data-types.html); the image has the other digits.
"""

from __future__ import annotations

from lake.athena import quote
from transform.schema import Column, LakeTable

_YEAR = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
"""A year from 0001: Trino also reads 0000, which the transform's Python lacks."""
_MOMENT = (
    f"^{_YEAR}-[0-9]{{2}}-[0-9]{{2}}"
    "[T ](?:[01][0-9]|2[0-3]):[0-9]{2}(?::[0-9]{2}(?:\\.[0-9]{1,9}0*)?)?"
    "(?:Z|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9])?\\z"
)
_USUAL_MOMENT = "^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z\\z"
"""The spelling of most moments, which a cast reads at a fraction of the cost."""
_DAY = f"^{_YEAR}-[0-9]{{2}}-[0-9]{{2}}\\z"
_INTEGER = "^-?[0-9]+\\z"
_TYPES = {"int": "integer", "string": "varchar"}


def columns_sql(table: LakeTable, source: str, image: str, kept: str) -> str:
    """Return the query of the columns of `table`, and of those that are `kept`, of a relation with images' texts.

    A column's text is extracted below its tests and conversions, which use it several times.
    """
    texts = ", ".join(
        f"json_extract_scalar({image}, {literal(_path(table, column))}) AS {_text(column)}" for column in table.columns
    )
    columns = ", ".join(f"{_column(column)} AS {quote(column.name)}" for column in table.columns)
    return f"SELECT {kept}, {columns} FROM (SELECT {kept}, {texts} FROM {source})"


def _text(column: Column) -> str:
    return quote(f"text of {column.name}")


def _column(column: Column) -> str:
    text = _text(column)
    match column.type:
        case "string":
            return text
        case "boolean" | "double":
            return f"TRY_CAST({text} AS {column.type})"
        case "date":
            return _where(text, _DAY, f"TRY_CAST({text} AS date)")
        case "timestamp":
            milliseconds = f"regexp_replace(replace({text}, ' ', 'T'), '(\\.[0-9]{{3}})[0-9]+', '$1')"
            moment = f"from_iso8601_timestamp({milliseconds}) AT TIME ZONE 'UTC'"
            usual = f"TRY_CAST(replace(trim(TRAILING 'Z' FROM {text}), 'T', ' ') AS timestamp(3))"
            return _where(text, _USUAL_MOMENT, usual, _where(text, _MOMENT, f"TRY(CAST({moment} AS timestamp(3)))"))
        case "int" | "bigint":
            return _where(text, _INTEGER, f"TRY_CAST({text} AS {_TYPES.get(column.type, column.type)})")
        case _:
            precision, scale = column.decimal
            fits = (
                f"^-?[0-9]{{1,{max(precision - scale, 1)}}}" + (f"(?:\\.[0-9]{{1,{scale}}})?" if scale else "") + "\\z"
            )
            return _where(text, fits, f"TRY_CAST({text} AS {column.type})")


def _where(text: str, pattern: str, value: str, other: str = "NULL") -> str:
    return f"CASE WHEN regexp_like({text}, {literal(pattern)}) THEN {value} ELSE {other} END"


def _path(table: LakeTable, column: Column) -> str:
    names = [part for name in column.attribute for part in (name, "M")][:-1]
    return "$" + "".join(f'["{name}"]' for name in (*names, table.descriptor(column)))


def literal(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
