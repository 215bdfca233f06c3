"""checksum: the sum of Trino's hashes of a column's values, whatever their order.

Sources: trino 435, io.trino.operator.aggregation.ChecksumAggregationFunction, and the XX_HASH_64 operators of
io.trino.spi.type, also of ArrayType, MapType and RowType.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from sandbox.athena.errors import StatementError
from sandbox.athena.functions.binaries import xxhash64
from sandbox.athena.functions.function import TypedCall
from sandbox.athena.functions.hashes import LONG, hash_code, hashed, xx_hash
from sandbox.athena.functions.native import Native
from sandbox.athena.types import Type

Kind: TypeAlias = "str | list[Kind]"
"""A type's name, or that of a structure with its members' kinds."""
_PRIME = 0x9E3779B185EBCA87
_OCTETS: Mapping[str, str] = {
    "varbinary": "hex({0})",
    "ipaddress": "hex({0})",
    "uuid": "replace(CAST({0} AS VARCHAR), '-', '')",
}
"""The types whose bytes are hashed: SQL for them in hexadecimal."""
_NUMBERS: Mapping[str, str] = {
    "time": "CAST(CAST(epoch_us({0}) AS HUGEINT) * 1000000 AS VARCHAR)",
    "interval day to second": "CAST({0} AS VARCHAR)",
    "interval year to month": "CAST({0} AS VARCHAR)",
    "timestamp with time zone": "CAST(epoch_ms(CAST(struct_extract({0}, 'instant') AS TIMESTAMP)) AS VARCHAR)",
}
"""Further types whose hash is that of a number of 64 bits: SQL for its text."""
_MILLISECONDS = 3


def checksum(call: TypedCall) -> str:
    """SQL for the checksum of a column.

    Raises:
        StatementError: the sandbox has no hash of the type.
    """
    text, kind = hashed_text(call[0], call.arguments[0].type)
    return f"athena_checksum({call.aggregate('list', text)}, '{kind}')"


def hashed_text(sql: str, type_: Type) -> tuple[str, str]:
    """SQL for the text of a value that `hash_of` hashes, and its kind.

    Raises:
        StatementError: the sandbox has no hash of the type.
    """
    text, kind = _written(sql, type_, 0)
    if not isinstance(kind, str):
        text = f"CASE WHEN {sql} IS NOT NULL THEN CAST(to_json({text}) AS VARCHAR) END"
    return text, json.dumps(kind)


def _written(sql: str, type_: Type, depth: int) -> tuple[str, Kind]:
    """SQL for a value's text, or for a list or struct of its members', and its kind."""
    item = f"h{depth}_"
    if type_.name == "array":
        text, kind = _written(item, type_.element, depth + 1)
        return f"list_transform({sql}, lambda {item}: {text})", ["array", kind]
    if type_.name == "map":
        members = [_written(f"{item}.{name}", member, depth + 1) for name, member in type_.fields]
        entry = f"{{'k': {members[0][0]}, 'v': {members[1][0]}}}"
        return f"list_transform(map_entries({sql}), lambda {item}: {entry})", ["map", *(kind for _, kind in members)]
    if type_.fields:
        members = [_written(f"{item}.f{i}", member, depth + 1) for i, member in enumerate(type_.members, 1)]
        packed = ", ".join(f"f{i} := {text}" for i, (text, _) in enumerate(members, 1))
        made = f"CASE WHEN {item} IS NOT NULL THEN struct_pack({packed}) END"
        return f"list_transform([{sql}], lambda {item}: {made})[1]", ["row", *(kind for _, kind in members)]
    return _leaf(sql, type_)


def _leaf(sql: str, type_: Type) -> tuple[str, str]:
    name = "varchar" if type_.name == "char" else type_.name
    if name == "unknown":
        return "CAST(NULL AS VARCHAR)", "varchar"
    found = hashed(sql, Type(name, type_.arguments))
    if found is not None:
        return found
    if name in _OCTETS:
        return _OCTETS[name].format(sql), "varbinary" if name == "varbinary" else "halves"
    if name in _NUMBERS and not (name == "timestamp with time zone" and type_.precision > _MILLISECONDS):
        return _NUMBERS[name].format(sql), "bigint"
    raise StatementError("NOT_SUPPORTED", f"The sandbox's Athena has no hash of {type_.athena}")


def checksum_of(values: list[str | None], kind: str) -> bytes:
    """The checksum of values, including NULLs, by their texts."""
    total = sum(1 if value is None else hash_of(value, kind) for value in values)
    return (total * _PRIME % LONG).to_bytes(8, "little")


def hash_of(text: str, kind: str) -> int:
    """The XXH64 of a value by its text."""
    read = _kind(kind)
    return _hash(text if isinstance(read, str) else json.loads(text), read)


@lru_cache
def _kind(text: str) -> Kind:
    return json.loads(text)


def _hash(value: Any, kind: Kind, of_number: Callable[[str, str], int] = xx_hash) -> int:
    """The hash of a text, or of a list or struct of JSON; 0 of NULL inside of one.

    Inside of a row, Trino takes hash codes in place of XXH64.
    """
    if value is None:
        return 0
    if isinstance(kind, str):
        return _of_text(value, kind, of_number)
    name, *inner = kind
    if name == "array":
        return _combined(0, [_hash(element, inner[0], of_number) for element in value])
    if name == "map":
        pairs = ([_hash(entry[key], part, of_number) for key, part in zip("kv", inner, strict=True)] for entry in value)
        return sum(key ^ found for key, found in pairs) % LONG
    return _combined(1, [_hash(member, part, hash_code) for member, part in zip(value.values(), inner, strict=True)])


def _combined(start: int, hashes: Sequence[int]) -> int:
    for one in hashes:
        start = (31 * start + one) % LONG
    return start


def _of_text(text: str, kind: str, of_number: Callable[[str, str], int]) -> int:
    if kind not in {"varbinary", "halves"}:
        return of_number(text, kind)
    octets = bytes.fromhex(text)
    pieces = (octets[:8], octets[8:]) if kind == "halves" else (octets,)
    found = 0
    for piece in pieces:
        found ^= int.from_bytes(xxhash64(piece), "big")
    return found


NATIVES = (Native("athena_checksum", checksum_of, ("VARCHAR[]", "VARCHAR"), "BLOB"),)
