"""Trino's implicit conversions between types, and the common type of two.

Source: trino 435, core/trino-main/src/main/java/io/trino/type/TypeCoercion.java.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sandbox.athena.types import (
    INTEGERS,
    MAX_DECIMAL_PRECISION,
    Type,
    array_of,
    decimal_of,
    map_of,
    timestamp_of,
    varchar_of,
)

_MAX_CHAR = 65536
_WIDER: Mapping[str, tuple[str, ...]] = {
    "tinyint": ("smallint", "integer", "bigint", "real", "double"),
    "smallint": ("integer", "bigint", "real", "double"),
    "integer": ("bigint", "real", "double"),
    "bigint": ("real", "double"),
    "decimal": ("real", "double"),
    "real": ("double",),
}


def can_coerce(source: Type, target: Type) -> bool:
    """Return whether a value of one type is accepted as the second one."""
    return common_type(source, target) == target


def common_type(left: Type, right: Type) -> Type | None:
    """The type that both convert to implicitly; None if they have no such type."""
    if left == right or right.name == "unknown":
        return left
    if left.name == "unknown":
        return right
    if left.name == right.name:
        return _of_one_name(left, right)
    if left.name in _WIDER or right.name in _WIDER:
        return _number(left, right)
    if {left.name, right.name} == {"varchar", "char"}:
        lengths = [type_.arguments[0] if type_.arguments else _MAX_CHAR for type_ in (left, right)]
        return Type("char", (min(max(lengths), _MAX_CHAR),))
    return _moment(left, right)


def common_type_of(types: Iterable[Type]) -> Type | None:
    """The type that all convert to; None if they have no such type. Of no types, unknown."""
    common: Type | None = Type("unknown")
    for type_ in types:
        common = None if common is None else common_type(common, type_)
    return common


def as_decimal(type_: Type) -> tuple[int, int] | None:
    """Precision and scale of a decimal or of an integer in decimal arithmetic."""
    if type_.name in INTEGERS:
        return INTEGERS[type_.name], 0
    return type_.decimal if type_.name == "decimal" else None


def _number(left: Type, right: Type) -> Type | None:
    if right.name in _WIDER.get(left.name, ()):
        return right
    if left.name in _WIDER.get(right.name, ()):
        return left
    a, b = as_decimal(left), as_decimal(right)
    return None if a is None or b is None else _decimal(a, b)


def _decimal(a: tuple[int, int], b: tuple[int, int]) -> Type:
    scale = max(a[1], b[1])
    return decimal_of(min(MAX_DECIMAL_PRECISION, max(a[0] - a[1], b[0] - b[1]) + scale), scale)


def _of_one_name(left: Type, right: Type) -> Type | None:
    name = left.name
    if name == "decimal":
        return _decimal(left.decimal, right.decimal)
    if name == "varchar":
        unbounded = not left.arguments or not right.arguments
        return varchar_of(None if unbounded else max(left.arguments[0], right.arguments[0]))
    if name == "char":
        return Type("char", max(left.arguments, right.arguments))
    if name.startswith("time"):
        return left if left.precision >= right.precision else right
    if name == "array":
        element = common_type(left.element, right.element)
        return None if element is None else array_of(element)
    if name == "map":
        key, value = common_type(left.key, right.key), common_type(left.value, right.value)
        return None if key is None or value is None else map_of(key, value)
    if name == "row" and len(left.fields) == len(right.fields):
        members = [common_type(a, b) for a, b in zip(left.members, right.members, strict=True)]
        names = [a if a == b else "" for (a, _), (b, _) in zip(left.fields, right.fields, strict=True)]
        fields = tuple((n, m) for n, m in zip(names, members, strict=True) if m is not None)
        return Type("row", fields=fields) if len(fields) == len(members) else None
    return None


def _moment(left: Type, right: Type) -> Type | None:
    names = {left.name, right.name}
    if names == {"time", "time with time zone"}:
        return Type("time with time zone", max(left.arguments or (3,), right.arguments or (3,)))
    if not names <= {"date", "timestamp", "timestamp with time zone"}:
        return None
    precision = max(0 if type_.name == "date" else type_.precision for type_ in (left, right))
    return timestamp_of(precision, zoned="timestamp with time zone" in names)
