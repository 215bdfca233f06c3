"""Trino's hashes of values, and the order of keys in map_agg, multimap_agg, map_union and histogram.

Without grouping, Trino writes the table of their hashes from its first slot to its last. It aggregates twice, the
second time the partial results in the order of the first; with DISTINCT, an order or a window, once. Sources: trino
435, io.trino.operator.aggregation.AbstractMapAggregationState, the hash codes of io.trino.spi.type.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence

from sandbox.athena.functions.binaries import xxhash64
from sandbox.athena.functions.function import TypedCall
from sandbox.athena.functions.native import Native
from sandbox.athena.types import INTEGERS, Type

LONG = 1 << 64
"""The number of values of 64 bits."""
_P1, _P2 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F
_CAPACITY = 16
_VECTOR = 8
_SHORT_DECIMAL = 18
_MICROSECONDS = 6


def in_table_order(call: TypedCall, entries: str, key: Type) -> str:
    """SQL for the entries of a map, structs whose `k` is the key, in the order of Trino's hash table, if it has one.

    Entries whose keys have an unsupported type, and those of groups, stay in the order of their first occurrence.
    """
    around, found = call.modifiers, hashed("e_.k", key)
    if found is None or (around.grouped and not around.over):
        return entries
    once = bool(around.distinct or around.order_by or around.over)
    text, kind = found
    places = f"athena_table_order(list_transform(es_, lambda e_: {text}), '{kind}', {once})"
    shown = f"CASE WHEN len(es_) < 2 THEN es_ ELSE list_transform({places}, lambda p_: es_[p_]) END"
    return f"list_transform([{entries}], lambda es_: {shown})[1]"


def hashed(sql: str, type_: Type) -> tuple[str, str] | None:
    """SQL for a value's number as text, and the kind of its hash; None for an unsupported type."""
    text = _KEYS.get(type_.name)
    if text is None or (type_.name == "timestamp" and type_.precision > _MICROSECONDS):
        return None
    is_long = type_.name == "decimal" and type_.decimal[0] > _SHORT_DECIMAL
    return text.format(sql), "long decimal" if is_long else type_.name


def hash_code(text: str, kind: str) -> int:
    """The hash code of a value of 64 bits, by its text and its kind."""
    return _hash(text, kind, _mixed)


def xx_hash(text: str, kind: str) -> int:
    """The XXH64 of a value of 64 bits, by its text and its kind."""
    return _hash(text, kind, _xx)


def table_order(keys: list[str], kind: str, once: bool) -> list[int]:
    """The positions of distinct keys, from 1, in the table's order."""
    hashes = [_hash(key, kind, _mixed) for key in keys]
    order = _slots(range(len(hashes)), hashes)
    return [place + 1 for place in (order if once else _slots(order, hashes))]


def _slots(order: Sequence[int], hashes: Sequence[int]) -> list[int]:
    """The order of keys in a table, inserted in an order; a table that is 15/16 full is doubled."""
    table: list[int | None] = [None] * _CAPACITY
    for size, key in enumerate(order, 1):
        _put(table, key, hashes[key])
        if size >= len(table) // 16 * 15:
            old = [slot for slot in table if slot is not None]
            table = [None] * (2 * len(table))
            for moved in old:
                _put(table, moved, hashes[moved])
    return [slot for slot in table if slot is not None]


def _put(table: list[int | None], key: int, code: int) -> None:
    mask = len(table) - 1
    bucket, step = code >> 7 & mask, 1
    while True:
        for i in range(bucket, bucket + _VECTOR):
            if table[i & mask] is None:
                table[i & mask] = key
                return
        bucket = bucket + step & mask
        step += _VECTOR


def _hash(text: str, kind: str, of_number: Callable[[int], int]) -> int:
    of_text = _ONE_HASH.get(kind)
    return of_text(text) if of_text is not None else of_number(_number(text, kind))


def _mixed(word: int) -> int:
    """AbstractLongType.hash."""
    word = word * _P2 % LONG
    return (word << 31 | word >> 33) * _P1 % LONG


def _xx(word: int) -> int:
    return int.from_bytes(xxhash64(word.to_bytes(8, "little")), "big")


def _number(text: str, kind: str) -> int:
    """The 64 bits of a value."""
    if kind == "double":
        return struct.unpack(">Q", struct.pack(">d", _one_form(float(text))))[0]
    if kind == "real":
        return struct.unpack(">i", struct.pack(">f", _one_form(float(text))))[0] % LONG
    return int(text) % LONG


def _one_form(number: float) -> float:
    """0 for -0, and one NaN for all, as Java's doubleToLongBits has it."""
    return math.nan if math.isnan(number) else number or 0.0


def _of_long_decimal(text: str) -> int:
    number = int(text) % (1 << 128)
    return _xx(number % LONG) ^ _xx(number >> 64)


def _of_text(text: str) -> int:
    return int.from_bytes(xxhash64(text.encode()), "big")


def _of_boolean(text: str) -> int:
    return _xx(text == "true")


_ONE_HASH: Mapping[str, Callable[[str], int]] = {
    "long decimal": _of_long_decimal,
    "varchar": _of_text,
    "json": _of_text,
    "boolean": _of_boolean,
}
"""The types that only have one hash: XXH64."""
_KEYS: Mapping[str, str] = {
    **dict.fromkeys((*INTEGERS, "double", "real", "varchar", "json", "boolean"), "CAST({0} AS VARCHAR)"),
    "date": "CAST({0} - DATE '1970-01-01' AS VARCHAR)",
    "timestamp": "CAST(epoch_us({0}) AS VARCHAR)",
    "decimal": "replace(CAST({0} AS VARCHAR), '.', '')",
}
"""A key's number as text, by its type."""
NATIVES = (Native("athena_table_order", table_order, ("VARCHAR[]", "VARCHAR", "BOOLEAN"), "INTEGER[]"),)
