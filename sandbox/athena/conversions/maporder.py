"""The order of a map's entries in a result: that of Java's HashMap, which Trino creates for each map.

Sources: trino 435, io.trino.spi.type.MapType.getObjectValue; OpenJDK 17, java.util.HashMap, and hashCode of the keys'
classes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from decimal import Decimal

from sandbox.athena.native import Native
from sandbox.athena.types import INTEGERS, Type

_WORD = 1 << 32
_BUCKETS = 16
_KINDS = frozenset({*INTEGERS, "varchar", "boolean", "date", "double", "decimal"})


def ordered(entries: str, key: Type, depth: int) -> str:
    """SQL for the entries of a map, a list of structs, in the order of a result.

    Entries whose keys have an unsupported type keep their order.
    """
    if key.name not in _KINDS:
        return entries
    item = f"k{depth}"
    text = f"CAST(CAST({item}.key - DATE '1970-01-01' AS INTEGER) AS VARCHAR)" if key.name == "date" else (
        f"CAST({item}.key AS VARCHAR)"
    )  # fmt: skip
    precision = key.decimal[0] if key.name == "decimal" else 0
    keys = f"list_transform(m{depth}, lambda {item}: {text})"
    places = f"athena_shown_order({keys}, '{key.name}', {precision})"
    shown = f"list_transform({places}, lambda {item}: m{depth}[{item}])"
    return (
        f"list_transform([{entries}], lambda m{depth}: CASE WHEN len(m{depth}) < 2 THEN m{depth} ELSE {shown} END)[1]"
    )


def shown_order(keys: list[str], kind: str, precision: int) -> list[int]:
    """The positions of the entries, from 1, in a HashMap's order; `precision` is a decimal's."""
    return hashed_order([_of_decimal(key, precision) if kind == "decimal" else _HASHES[kind](key) for key in keys])


def hashed_order(codes: list[int]) -> list[int]:
    """The positions of keys, from 1, in a HashMap's order, by their hash codes; a bucket's keys keep their order."""
    buckets = _BUCKETS
    while len(codes) > buckets * 3 // 4:
        buckets *= 2
    hashed = [_spread(code) for code in codes]
    return [place + 1 for place in sorted(range(len(codes)), key=lambda place: hashed[place] % buckets)]


def _spread(code: int) -> int:
    code %= _WORD
    return code ^ code >> 16


def _of_text(key: str) -> int:
    code = 0
    units = key.encode("utf-16-be", "surrogatepass")
    for high, low in zip(units[::2], units[1::2], strict=True):
        code = (31 * code + (high << 8 | low)) % _WORD
    return code


def _of_long(key: str) -> int:
    word = int(key) % (1 << 64)
    return word ^ word >> 32


def _of_double(key: str) -> int:
    word = struct.unpack(">Q", struct.pack(">d", float(key)))[0]
    return word ^ word >> 32


def _of_decimal(key: str, precision: int) -> int:
    """Objects.hash(unscaled value, precision, scale) of io.trino.spi.type.SqlDecimal."""
    sign, digits, exponent = Decimal(key).as_tuple()
    unscaled = int("".join(map(str, digits)))
    code = 0
    for place in range((unscaled.bit_length() + 31) // 32 - 1, -1, -1):
        code = (31 * code + (unscaled >> 32 * place) % _WORD) % _WORD
    code = -code if sign else code
    return 31 * (31 * (31 + code) + precision) - int(exponent)


_HASHES: Mapping[str, Callable[[str], int]] = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "date"), int),
    "varchar": _of_text,
    "bigint": _of_long,
    "double": _of_double,
    "boolean": lambda key: 1231 if key == "true" else 1237,
}
NATIVES = (Native("athena_shown_order", shown_order, ("VARCHAR[]", "VARCHAR", "INTEGER"), "INTEGER[]"),)
