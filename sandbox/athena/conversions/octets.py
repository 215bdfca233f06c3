"""Conversions between bytes, UUIDs and IP addresses, and from text.

Sources: trino 435, io.trino.type.UuidOperators; OpenJDK 17, UUID.fromString, which accepts parts of other lengths,
whose letters Trino then counts.
"""

from __future__ import annotations

from sandbox.athena.conversions import addresses
from sandbox.athena.types import Type
from sandbox.athena.values import fail

_PARTS = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_LIKE_PARTS = "[0-9a-fA-F]{1,16}(-[0-9a-fA-F]{1,16}){4}"
_SKETCHES = {"hyperloglog", "tdigest"}
_ERROR = "INVALID_CAST_ARGUMENT"


def convert(sql: str, source: Type, target: Type) -> str:
    """Convert a value to bytes, a UUID or an address; other texts and lengths fail with INVALID_CAST_ARGUMENT."""
    if "ipaddress" in {source.name, target.name}:
        return addresses.convert(sql, source, target)
    if _SKETCHES & {source.name, target.name}:
        return sql
    if target.name == "varbinary":
        return f"unhex(replace(CAST({sql} AS VARCHAR), '-', ''))" if source.name == "uuid" else f"encode({sql})"
    if source.name == "varbinary":
        short = fail(_ERROR, f"'Invalid UUID binary length: ' || octet_length({sql})", target)
        return (
            f"CASE WHEN octet_length({sql}) = 16 THEN CAST(hex({sql}) AS UUID) WHEN {sql} IS NOT NULL THEN {short} END"
        )
    short = fail(_ERROR, f"'Invalid UUID string length: ' || strlen({sql})", target)
    refused = fail(_ERROR, f"'Cannot cast value to UUID: ' || {sql}", target)
    return (
        f"CASE WHEN regexp_full_match({sql}, '{_PARTS}') THEN CAST({sql} AS UUID)"
        f" WHEN regexp_full_match({sql}, '{_LIKE_PARTS}') THEN {short} WHEN {sql} IS NOT NULL THEN {refused} END"
    )
