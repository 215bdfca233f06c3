"""Equality of values that DuckDB holds in several forms: moments in different zones, maps in different orders."""

from __future__ import annotations

from sandbox.athena.types import Type, array_of, row_of, timestamp_of
from sandbox.athena.values import Value

_ZONED = "timestamp with time zone"
_VARIANTS = frozenset({_ZONED, "map"})


def has_variants(type_: Type) -> bool:
    """Return whether equal values of a type, or values inside them, may have several forms."""
    return type_.name in _VARIANTS or any(has_variants(member) for member in type_.members)


def equality_key(sql: str, type_: Type, depth: int = 0) -> str:
    """SQL that has the same value for all forms of a value, and the values' order if they have one."""
    if not has_variants(type_):
        return sql
    if type_.name == _ZONED:
        return f"CAST(struct_extract({sql}, 'instant') AS TIMESTAMP)"
    item = f"k{depth}_"
    if type_.name == "array":
        return f"list_transform({sql}, lambda {item}: {equality_key(item, type_.element, depth + 1)})"
    if type_.name == "map":
        if not any(has_variants(member) for member in type_.members):
            return f"list_sort(map_entries({sql}))"
        keys = {name: equality_key(f"{item}.{name}", member, depth + 1) for name, member in type_.fields}
        entry = ", ".join(f"'{name}': {key}" for name, key in keys.items())
        return f"list_sort(list_transform(map_entries({sql}), lambda {item}: {{{entry}}}))"
    keys_of = [equality_key(f"{item}.f{i}", member, depth + 1) for i, member in enumerate(type_.members, 1)]
    packed = ", ".join(f"f{i} := {key}" for i, key in enumerate(keys_of, 1))
    return f"list_transform([{sql}], lambda {item}: CASE WHEN {item} IS NOT NULL THEN struct_pack({packed}) END)[1]"


def is_keyed(type_: Type) -> bool:
    """Return whether the only variants of a type are moments in zones."""
    return type_.name != "map" and all(is_keyed(member) for member in type_.members)


def keyed(value: Value) -> Value:
    """A value as its key. The type has no maps."""
    return value if not has_variants(value.type) else Value(_key(value.type), equality_key(value.sql, value.type))


def _key(type_: Type) -> Type:
    if type_.name == _ZONED:
        return timestamp_of(type_.precision)
    if type_.name == "array":
        return array_of(_key(type_.element))
    names = [name for name, _ in type_.fields]
    return row_of(*(_key(member) for member in type_.members), names=names) if type_.fields else type_
