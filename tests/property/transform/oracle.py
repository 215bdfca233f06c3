"""An independent reading of a change event: the standard library's json and boto3's TypeDeserializer.

boto3 reads numbers under a context that raises on more than 38 digits, which DynamoDB itself can hold in some
notations; here its context is wide enough for any number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, Inexact
from importlib import import_module
from typing import Any

from transform.schema import Column, LakeTable

WIDE = Context(prec=2000, Emin=-99999, Emax=99999, traps=[Inexact])


def deserializer() -> Any:
    """boto3's TypeDeserializer, with numbers of any length."""
    chosen = import_module("boto3.dynamodb.types").TypeDeserializer()
    read_number: Callable[[str], Decimal] = WIDE.create_decimal
    chosen._deserialize_n = read_number
    return chosen


_DESERIALIZER = deserializer()


def expected_columns(table: LakeTable, image: dict[str, Any]) -> dict[str, object]:
    """Return the expected value by column; decimals as Decimal, timestamps as (second, fraction)."""
    return {column.name: _column(table, column, image) for column in table.columns}


def row_columns(table: LakeTable, row: dict[str, Any]) -> dict[str, object]:
    """Return a row's typed columns in the same form."""
    return {column.name: _from_row(column, row[column.name]) for column in table.columns}


def _column(table: LakeTable, column: Column, image: dict[str, Any]) -> object:
    attributes: Any = image
    for name in column.attribute[:-1]:
        attributes = attributes.get(name, {}).get("M", {})
    attribute = attributes.get(column.attribute[-1], {})
    if table.descriptor(column) not in attribute:
        return None
    if table.descriptor(column) == "B":
        return attribute["B"]
    value = _DESERIALIZER.deserialize(attribute)
    match column.type:
        case "int" | "bigint":
            limit = 2 ** (31 if column.type == "int" else 63)
            return int(value) if value == value.to_integral_value(context=WIDE) and -limit <= value < limit else None
        case "double" | "string" | "boolean":
            return value
        case "timestamp":
            return _moment(value)
        case "date":
            return value if re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII) and _exists(value) else None
        case _:
            precision, scale = column.decimal
            scaled = value.scaleb(scale, context=WIDE)
            fits = scaled == scaled.to_integral_value(context=WIDE) and abs(scaled) < 10**precision
            return value if fits else None


def _exists(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y-%m-%d").astimezone(UTC)
    except (ValueError, OverflowError):
        return text.startswith("0001")
    return True


def _moment(text: str) -> tuple[datetime, Decimal] | None:
    match = re.fullmatch(
        r"(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d)(?::(\d\d))?(?:\.(\d+))?(?:Z|([+-])(\d\d):?(\d\d))?", text, re.ASCII
    )
    if match is None:
        return None
    day, hour, minute, second, fraction, sign, hours, minutes = match.groups()
    try:
        moment = datetime.strptime(f"{day} {hour}:{minute}:{second or '00'}", "%Y-%m-%d %H:%M:%S")
        if sign:
            if int(minutes) > 59:
                return None
            moment -= timedelta(hours=int(hours), minutes=int(minutes)) * (1 if sign == "+" else -1)
    except (ValueError, OverflowError):
        return None
    exact = Decimal(f"0.{fraction or 0}")
    return None if -int(exact.normalize(WIDE).as_tuple().exponent) > 9 else (moment, exact)


def _from_row(column: Column, value: Any) -> object:
    if value is None:
        return None
    match column.type:
        case "timestamp":
            assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,9})?", value, re.ASCII), value
            second, _, fraction = value.partition(".")
            return datetime.strptime(second, "%Y-%m-%d %H:%M:%S"), Decimal(f"0.{fraction or 0}")
        case "string" | "boolean" | "date":
            return value
        case "int" | "bigint":
            assert type(value) is int
            return value
        case "double":
            return value
        case _:
            assert re.fullmatch(r"-?\d+(\.\d+)?", value, re.ASCII), value
            return Decimal(value)


def load_row(line: bytes) -> dict[str, Any]:
    """Parse a row's JSON with doubles as Decimal; refuse repeated names."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({name for name, _ in pairs}) == len(pairs)
        return dict(pairs)

    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    return json.loads(line, parse_float=Decimal, object_pairs_hook=unique)
