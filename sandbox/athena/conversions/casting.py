"""The pairs of types that can be cast, and the SQL of each pair.

Source: trino 435, the cast operators in core/trino-main/src/main/java/io/trino/type and operator/scalar.
"""

from __future__ import annotations

from sandbox.athena.conversions import json_values, moments, numbers, octets, texts
from sandbox.athena.types import INTEGERS, Type
from sandbox.athena.values import fail, null

_NUMBERS = {*INTEGERS, "decimal", "real", "double", "boolean"}
_MOMENTS = {"date", "time", "timestamp", "timestamp with time zone"}
_INTERVALS = {"interval day to second", "interval year to month"}
_TEXTS = {"varchar", "char"}
_OF_OCTETS = {
    "uuid": {"varbinary", "varchar"},
    "ipaddress": {"varbinary", "varchar"},
    "varbinary": {"varbinary", "uuid", "ipaddress", "hyperloglog", "tdigest"},
    "hyperloglog": {"varbinary"},
    "tdigest": {"varbinary"},
}
_JSON_SCALARS = {*INTEGERS, "decimal", "real", "double", "boolean", "varchar", "date", "timestamp", "unknown", "json"}


def castable(source: Type, target: Type) -> bool:
    """Return whether CAST accepts a pair of types."""
    a, b = source.name, target.name
    if source == target or a == "unknown":
        return b != "function"
    if "json" in {a, b}:
        return _json_castable(source if b == "json" else target, to_json=b == "json")
    if a == b and source.fields:
        pairs = zip(source.members, target.members, strict=False)
        return len(source.fields) == len(target.fields) and all(castable(x, y) for x, y in pairs)
    if a in _NUMBERS:
        return b in _NUMBERS or b == "varchar"
    if a in _TEXTS:
        return b in _NUMBERS | _TEXTS | _MOMENTS | {"varbinary", "uuid", "ipaddress"} if a == "varchar" else b in _TEXTS
    if a == "date":
        return b in {"varchar", "date", "timestamp", "timestamp with time zone"}
    if a == "time":
        return b in {"time", "timestamp", "timestamp with time zone", "varchar"}
    if a in _MOMENTS:
        return b in _MOMENTS | {"varchar"}
    if a in _INTERVALS:
        return b == "varchar"
    return b in _OF_OCTETS.get(a, ()) and not (b == "varchar" and target.arguments)


def _json_castable(type_: Type, *, to_json: bool) -> bool:
    if type_.name == "map":
        key = type_.key.name in {*INTEGERS, "varchar", "boolean", "double", "real", "decimal"}
        return key and _json_castable(type_.value, to_json=to_json)
    if type_.fields:
        return all(_json_castable(member, to_json=to_json) for member in type_.members)
    return type_.name in (_JSON_SCALARS if to_json else _JSON_SCALARS - {"date", "timestamp", "unknown"})


def cast_sql(sql: str, source: Type, target: Type, depth: int = 0) -> str:
    """The SQL of a value of one type as the second; the types must be `castable`. NULL stays NULL."""
    a, b = source.name, target.name
    if source == target:
        return sql
    if a == "unknown":
        return null(target)
    if b == "json":
        return json_values.from_value(sql, source, depth)
    if a == "json":
        return json_values.to_value(sql, target, cast_sql, depth)
    if a == b and source.fields:
        return _structure(sql, source, target, depth)
    if b in _TEXTS:
        return texts.to_text(sql, source, target)
    if b in _OF_OCTETS:
        return octets.convert(sql, source, target)
    if a in _TEXTS:
        text = sql if a == "varchar" else texts.to_text(sql, source, Type("varchar"))
        return moments.from_text(text, target) if b in _MOMENTS else numbers.from_text(text, target)
    if a in _NUMBERS:
        return numbers.convert(sql, source, target)
    return moments.convert(sql, source, target)


def _structure(sql: str, source: Type, target: Type, depth: int) -> str:
    if source.physical == target.physical and _same_inside(source, target):
        return sql
    item = f"e{depth}"
    if source.name == "array":
        inner = cast_sql(item, source.element, target.element, depth + 1)
        return f"list_transform({sql}, lambda {item}: {inner})"
    if source.name == "map":
        key = cast_sql(item, source.key, target.key, depth + 1)
        value = cast_sql(item, source.value, target.value, depth + 1)
        keys = f"list_transform(map_keys(m{depth}), lambda {item}: {key})"
        values = f"list_transform(map_values(m{depth}), lambda {item}: {value})"
        twice = fail("INVALID_CAST_ARGUMENT", "'duplicate keys'", target)
        checked = (
            f"CASE WHEN len(list_distinct(k{depth})) < len(k{depth}) THEN {twice} ELSE map(k{depth}, {values}) END"
        )
        made = f"CASE WHEN m{depth} IS NOT NULL THEN list_transform([{keys}], lambda k{depth}: {checked})[1] END"
        return f"list_transform([{sql}], lambda m{depth}: {made})[1]"
    members = [
        f"f{i} := {cast_sql(f'r{depth}.f{i}', a, b, depth + 1)}"
        for i, (a, b) in enumerate(zip(source.members, target.members, strict=True), 1)
    ]
    made = f"CASE WHEN r{depth} IS NOT NULL THEN struct_pack({', '.join(members)}) END"
    return f"list_transform([{sql}], lambda r{depth}: {made})[1]"


def _same_inside(source: Type, target: Type) -> bool:
    """Return whether values of the two types are the same, so that only names in the types differ."""
    if source.fields:
        return all(_same_inside(a, b) for a, b in zip(source.members, target.members, strict=True))
    if source.name == target.name == "varchar":
        return not target.arguments or (bool(source.arguments) and source.arguments <= target.arguments)
    return source == target


def spelled_json_sql(sql: str, target: Type) -> str:
    """The SQL of JSON whose numbers are as spelled, as an array, a map or a row."""
    return json_values.to_value(sql, target, cast_sql, 0, spelled=True)
