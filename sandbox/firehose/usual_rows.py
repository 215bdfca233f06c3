"""Rows in their usual form, which a typed decoder checks: the same values as `parquet` would convert one by one.

Usual is a record that is one JSON object with every column's member: a string, a whole number, true or false for
columns of these types; for decimals, times and dates a string that is nothing but its digits. Everything else is not
usual.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, defstruct

# Every day that there is, except February 29.
_MONTH_AND_DAY = "(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31"
_DAY = f"(?!0000)[0-9]{{4}}-(?:{_MONTH_AND_DAY})"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{3}(?:[0-9]{3})?)?"
_TYPES: dict[str, Any] = {
    "VARCHAR": str,
    "BOOLEAN": bool,
    "TINYINT": Annotated[int, Meta(ge=-(2**7), lt=2**7)],
    "SMALLINT": Annotated[int, Meta(ge=-(2**15), lt=2**15)],
    "INTEGER": Annotated[int, Meta(ge=-(2**31), lt=2**31)],
    "BIGINT": Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)],
    "DATE": Annotated[str, Meta(pattern=rf"\A{_DAY}\Z")],
    "TIMESTAMP": Annotated[str, Meta(pattern=rf"\A{_DAY}[ T]{_TIME}\Z")],
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")

Decode = Callable[[bytes], Struct]


def decoder(columns: Sequence[tuple[str, str]]) -> Decode | None:
    """What reads a usual record with these columns (names and DuckDB types); encoded, it is its row.

    Of a column of another type, only null is usual. The decoder raises msgspec.DecodeError for any other record; there
    is no decoder for columns whose names JSON would write with escapes.
    """
    fields = [(f"c{number}", _type(sql_type)) for number, (_, sql_type) in enumerate(columns)]
    names = {f"c{number}": name for number, (name, _) in enumerate(columns)}
    try:
        row = defstruct("Row", fields, rename=names, gc=False)
    except ValueError:
        return None
    return msgspec.json.Decoder(row).decode


def _type(sql_type: str) -> Any:
    kind: Any = _TYPES.get(sql_type) or _decimal(sql_type)
    return type(None) if kind is None else kind | None


def _decimal(sql_type: str) -> Any:
    match = _DECIMAL.fullmatch(sql_type)
    if match is None:
        return None
    precision, scale = int(match[1]), int(match[2])
    if precision == scale:
        return None
    fraction = rf"(?:\.[0-9]{{1,{scale}}})?" if scale else ""
    return Annotated[str, Meta(pattern=rf"\A-?[0-9]{{1,{precision - scale}}}{fraction}\Z")]
