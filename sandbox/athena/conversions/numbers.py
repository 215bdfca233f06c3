"""Conversions between numbers and booleans, and from text.

Sources: trino 435, io.trino.type.DoubleOperators, DecimalCasts, VarcharOperators; Java's Double.parseDouble and
BigDecimal.
"""

from __future__ import annotations

import re

from sandbox.athena.types import INTEGERS, Type
from sandbox.athena.values import fail

MACROS = (
    # A decimal's digits as an integer.
    "athena_unscaled_text(x) AS CAST(replace(CAST(x AS VARCHAR), '.', '') AS HUGEINT)",
    # A double as the nearest real, which is infinite from the middle between the largest real and 2^128.
    """athena_narrowed(x) AS CASE WHEN abs(x) >= 3.4028235677973366e38::DOUBLE AND NOT isnan(x)
        THEN CAST(x * 'inf'::DOUBLE AS FLOAT) ELSE CAST(x AS FLOAT) END""",
)
_DECIMAL_DIGITS_OF_A_DOUBLE = 15
_SHORT_DECIMAL = 18
_NUMBER_TEXT = {
    "integer": r"[+-]?\d+",
    "decimal": r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?",
    "double": r"\s*[+-]?(NaN|Infinity|(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?[fFdD]?)\s*",
}
_SPOKEN = {"tinyint": "TINYINT", "smallint": "SMALLINT", "integer": "INT", "bigint": "BIGINT"}


def unscaled(sql: str, type_: Type) -> str:
    """A decimal's digits as a HUGEINT: 1.50 is 150."""
    precision, scale = type_.decimal
    if scale == 0:
        return f"CAST({sql} AS HUGEINT)"
    if precision + scale < 38:
        return f"CAST(CAST({sql} AS DECIMAL(38, {scale})) * CAST(1{'0' * scale} AS DECIMAL({scale + 1}, 0)) AS HUGEINT)"
    return f"athena_unscaled_text({sql})"


def is_number(text: str, target: Type) -> bool:
    """Return whether a text is a short number of the type, whose conversion cannot fail."""
    if target.name in {"integer", "bigint"}:
        return re.fullmatch(r"[+-]?\d{1,9}", text) is not None
    if target.name != "decimal":
        return False
    precision, scale = target.decimal
    found = re.fullmatch(r"[+-]?(\d+)(?:\.(\d*))?", text)
    return found is not None and len(found[1]) <= precision - scale and len(found[2] or "") <= scale


def from_text(text: str, target: Type) -> str:
    """Convert text to a number or a boolean; any other text fails with INVALID_CAST_ARGUMENT."""
    if target.name == "boolean":
        lower = f"lower({text})"
        refused = fail("INVALID_CAST_ARGUMENT", f"'Cannot cast ''' || {text} || ''' to BOOLEAN'", target)
        return (
            f"CASE WHEN {lower} IN ('t', 'true', '1') THEN true WHEN {lower} IN ('f', 'false', '0') THEN false"
            f" WHEN {text} IS NOT NULL THEN {refused} END"
        )
    if target.name in INTEGERS:
        kind, shown, converted = "integer", _SPOKEN[target.name], f"CAST({text} AS {target.physical})"
    elif target.name == "decimal":
        precision, scale = target.decimal
        kind, shown, converted = "decimal", f"DECIMAL({precision}, {scale})", f"CAST({text} AS {target.physical})"
    else:
        kind, shown = "double", target.name.upper()
        converted = f"CAST(rtrim(trim({text}), 'fFdD') AS {target.physical})"
        converted = (
            f"CASE WHEN {text} ILIKE '%infinity%' THEN CAST(trim({text}) AS {target.physical}) ELSE {converted} END"
        )
    message = f"'Cannot cast ''' || {text} || ''' to {shown}'"
    if kind == "decimal":
        message = f"'Cannot cast VARCHAR ''' || {text} || ''' to {shown}. Value is not a number.'"
    refused = fail("INVALID_CAST_ARGUMENT", message, target)
    matches = f"regexp_full_match({text}, '{_NUMBER_TEXT[kind]}')"
    return f"CASE WHEN {matches} THEN {converted} WHEN {text} IS NOT NULL THEN {refused} END"


def convert(sql: str, source: Type, target: Type) -> str:
    """Convert a number or boolean to a different type of number, or to a boolean."""
    a, b = source.name, target.name
    if a == "boolean":
        return f"CAST(CAST({sql} AS INTEGER) AS {target.physical})"
    if b == "boolean":
        return f"({sql} <> 0)"
    if a in {"double", "real"}:
        if b in INTEGERS:
            return f"CAST(round({sql}) AS {target.physical})"
        if b == "decimal":
            # BigDecimal.valueOf, by the digits of Double.toString: 5e22 is 49999999999999996000000.
            return f"CAST(athena_double({sql}, {53 if a == 'double' else 24}) AS {target.physical})"
        if b == "real":
            return f"athena_narrowed({sql})"
    if a == "decimal" and b in {"double", "real"}:
        return _to_double(sql, source, target)
    return f"CAST({sql} AS {target.physical})"


def _to_double(sql: str, source: Type, target: Type) -> str:
    """A decimal as a double: up to 18 digits divided by a power of ten, a longer one the nearest double."""
    precision, scale = source.decimal
    if precision <= _DECIMAL_DIGITS_OF_A_DOUBLE:
        return f"CAST({sql} AS {target.physical})"
    if precision <= _SHORT_DECIMAL:
        return f"CAST(CAST({unscaled(sql, source)} AS DOUBLE) / 1e{scale}::DOUBLE AS {target.physical})"
    return f"CAST(CAST({sql} AS VARCHAR) AS {target.physical})"
