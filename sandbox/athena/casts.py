"""Conversion of a JSON value's text, or of a Parquet column, to a column's Glue type, in DuckDB's SQL.

Each conversion returns null for values that it cannot parse. Sources: Trino's OpenXJsonDeserializer and HiveFormatUtils
for JSON, HiveType coercions for Parquet.
"""

from __future__ import annotations

from sandbox.athena.types import INTEGERS, Type

MACROS = (
    # Athena's timestamps have milliseconds; finer ones are rounded, half up.
    """athena_ms(x) AS
        CASE WHEN epoch_us(x) % 1000 = 0 THEN x ELSE make_timestamp(((epoch_us(x) + 500) // 1000
            - CASE WHEN epoch_us(x) + 500 < 0 AND (epoch_us(x) + 500) % 1000 <> 0 THEN 1 ELSE 0 END) * 1000) END""",
    # Hive's form has a space between date and time; the T form is accepted only with an offset.
    r"""athena_read_timestamp(x) AS CASE
        WHEN x IS NULL THEN NULL
        WHEN regexp_full_match(x, '\d{4}-\d{1,2}-\d{1,2} \d{1,2}:\d{1,2}:\d{1,2}(\.\d{1,9})?')
            THEN athena_ms(TRY_CAST(x AS TIMESTAMP))
        WHEN regexp_full_match(x, '\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:?\d{2})')
            THEN athena_ms(TRY_CAST(x AS TIMESTAMPTZ) AT TIME ZONE 'UTC')
        WHEN regexp_full_match(x, '[+-]?\d{1,12}') THEN make_timestamp(TRY_CAST(x AS BIGINT) * 1000000)
        WHEN regexp_full_match(x, '[+-]?\d{13,15}') THEN make_timestamp(TRY_CAST(x AS BIGINT) * 1000)
        WHEN regexp_full_match(x, '[+-]?\d{1,12}\.\d+')
            THEN make_timestamp(TRY_CAST(trunc(TRY_CAST(x AS DECIMAL(38, 9)) * 1000) AS BIGINT) * 1000)
        END""",
    r"""athena_read_date(x) AS CASE
        WHEN regexp_full_match(x, '\d{4}-\d{1,2}-\d{1,2}( .*)?') THEN TRY_CAST(split_part(x, ' ', 1) AS DATE)
        WHEN regexp_full_match(x, '[+-]?\d{1,6}') THEN DATE '1970-01-01' + TRY_CAST(x AS INTEGER)
        END""",
)


def from_text(text: str, type_: Type) -> str:
    """Return SQL that converts the SQL expression `text`, the text of a JSON value, to `type_`."""
    name = type_.name
    if name == "varchar" or name == "char":
        return f"left({text}, {type_.arguments[0]})" if type_.arguments else text
    if name == "boolean":
        return f"(lower({text}) = 'true')"  # Boolean.parseBoolean: any other text is false
    if name in INTEGERS:
        return rf"CASE WHEN regexp_full_match({text}, '[+-]?\d+') THEN TRY_CAST({text} AS {type_.duckdb}) END"
    if name == "timestamp":
        return f"athena_read_timestamp({text})"
    if name == "date":
        return f"athena_read_date({text})"
    if name == "varbinary":
        return f"TRY(from_base64({text}))"
    if type_.fields:
        return f"TRY_CAST(TRY_CAST({text} AS JSON) AS {type_.duckdb})"
    return f"TRY_CAST({text} AS {type_.duckdb})"


def checked(text: str, value: str, field: int, type_: Type) -> str:
    """SQL for `value`, which fails if `text` is a value that cannot be parsed."""
    if type_.name in {"varchar", "char", "boolean"}:
        return value
    message = f"'HIVE_BAD_DATA: Error parsing field value ''' || {text} || ''' for field {field}: not a {type_.glue}'"
    failure = f"CAST(error({message}) AS {type_.duckdb})"
    return f"CASE WHEN {value} IS NULL AND {text} IS NOT NULL THEN {failure} ELSE {value} END"


def from_parquet(column: str, stored: Type, declared: Type) -> str | None:
    """SQL for a Parquet column as its declared type; None if the types are incompatible."""
    if declared.name == "timestamp" and declared.arguments == (6,):
        return f"{column}::TIMESTAMP" if stored.name == "timestamp" else None
    if declared.name == "timestamp":
        if stored.name == "timestamp":
            return f"athena_ms({column}::TIMESTAMP)"
        return f"athena_ms({column} AT TIME ZONE 'UTC')" if stored.name == "timestamp with time zone" else None
    if declared.name in {"varchar", "char"}:
        text = f"decode({column})" if stored.name == "varbinary" else column
        return from_text(text, declared) if stored.name in {"varchar", "char", "varbinary", "json", "uuid"} else None
    families = ({*INTEGERS, "decimal"}, {"real", "double"}, {"decimal"})
    same = stored.name == declared.name or any({stored.name, declared.name} <= family for family in families)
    if stored.name == declared.name == "decimal" and not declared.fields:
        return f"TRY_CAST({column} AS {declared.duckdb})"
    return f"CAST({column} AS {declared.duckdb})" if same or stored.name == "unknown" else None
