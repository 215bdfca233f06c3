"""JSON values: CAST(x AS json), and CAST(json AS …).

A JSON value is its canonical text, as Trino's json_parse returns it: keys in order, no space, numbers with a point or
an exponent as Java writes a double. Source: trino 435, io.trino.util.JsonUtil, JsonCast.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec

from sandbox.athena.conversions.texts import timestamp_text, to_text
from sandbox.athena.native import Native, TrinoError
from sandbox.athena.sql import literal
from sandbox.athena.types import INTEGERS, Type
from sandbox.athena.values import fail

Cast = Callable[[str, Type, Type, int], str]
_PLAIN_SCALE = 6
"""Decimals with more digits after the point may have an exponent."""
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_SURROGATES = re.compile(r"\\u(?:D[89AB]..\\uD[C-F]..|D[89A-F]..)|\\.")


def _paired(text: str) -> str:
    """Canonical text without escapes of characters beyond 16 bits: half of one is a question mark, as in Trino."""
    return _SURROGATES.sub(_character, text) if "\\uD" in text else text


def _character(escape: re.Match[str]) -> str:
    if len(escape[0]) == 2:
        return escape[0]
    return "?" if len(escape[0]) == 6 else str(json.loads(f'"{escape[0]}"'))


def _elements(text: str) -> list[str]:
    try:
        return [bytes(raw).decode() for raw in _ARRAY.decode(_paired(text))]
    except msgspec.DecodeError as error:
        raise TrinoError(
            "INVALID_CAST_ARGUMENT", f"Cannot cast to array: Expected a json array, but got {text}"
        ) from error


def _pairs(text: str) -> list[tuple[str, str]]:
    """The members of an object in the order of the text; those of one name all have the last one's value.

    Raises: msgspec.DecodeError: the text is no object.
    """
    members = [(key, bytes(raw).decode()) for key, raw in _OBJECT.decode(text).items()]
    # Text without escapes and spaces is as long as its members, unless one is repeated.
    if len(text) == 1 + sum(len(key) + len(value) + 4 for key, value in members):
        return members
    found: list[tuple[str, Any]] = json.loads(text, object_pairs_hook=list)
    if len(found) == len(members):
        return members
    values = dict(members)
    return [(key, values[key]) for key, _ in found]


def _members(text: str) -> list[list[str]]:
    try:
        pairs = _pairs(_paired(text))
    except msgspec.DecodeError as error:
        raise TrinoError(
            "INVALID_CAST_ARGUMENT", f"Cannot cast to map: Expected a json object, but got {text}"
        ) from error
    if len({key for key, _ in pairs}) < len(pairs):
        message = f"Cannot cast to map: Duplicate map keys are not allowed: {text}"
        raise TrinoError("INVALID_CAST_ARGUMENT", message)
    return [[key, value] for key, value in pairs]


def _fields(text: str, names: list[str]) -> list[str | None]:
    """The members of an object with some names in lower case, in the names' order; None for a missing one."""
    found: dict[str, str] = {}
    for key, value in _pairs(text):
        name = key.lower()
        if name in found and name in names:
            raise TrinoError("INVALID_CAST_ARGUMENT", f"Cannot cast to row: Duplicate field: {name} in {text}")
        found[name] = value
    return [found.get(name) for name in names]


def _decoded(text: str) -> str:
    return str(msgspec.json.decode(_paired(text))) if text.startswith('"') else text


def _encoded(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _sorted(entries: list[str]) -> list[str]:
    """Members of an object, each `"key":value`, in the order of their keys."""
    return sorted(entries, key=lambda entry: next(iter(_OBJECT.decode("{" + entry + "}"))))


NATIVES = (
    Native("athena_json_elements", _elements, ("VARCHAR",), "VARCHAR[]"),
    Native("athena_json_members", _members, ("VARCHAR",), "VARCHAR[][]"),
    Native("athena_json_fields", _fields, ("VARCHAR", "VARCHAR[]"), "VARCHAR[]"),
    Native("athena_json_decoded", _decoded, ("VARCHAR",), "VARCHAR"),
    Native("athena_json_encoded", _encoded, ("VARCHAR",), "VARCHAR"),
    Native("athena_json_sorted", _sorted, ("VARCHAR[]",), "VARCHAR[]"),
)


def from_value(sql: str, source: Type, depth: int) -> str:
    """SQL for a value as a JSON value."""
    name, item = source.name, f"j{depth}"
    if name in {"json", "unknown"}:
        return sql if name == "json" else "CAST(NULL AS VARCHAR)"
    if name == "decimal" and source.decimal[1] > _PLAIN_SCALE:
        plain = to_text(sql, source, Type("varchar"))
        return (
            f"CASE WHEN abs({sql}) < 0.000001 THEN athena_small_decimal({plain}, {source.decimal[1]}) ELSE {plain} END"
        )
    if name in {*INTEGERS, "boolean", "decimal"}:
        return to_text(sql, source, Type("varchar"))
    if name in {"double", "real"}:
        text = f"athena_double({sql}, {53 if source.name == 'double' else 24})"
        return f"CASE WHEN isfinite({sql}) THEN {text} ELSE '\"' || {text} || '\"' END"
    if name == "varchar":
        return f"athena_json_encoded({sql})"
    if name == "date":
        return f"('\"' || CAST({sql} AS VARCHAR) || '\"')"
    if name == "timestamp":
        return f"('\"' || {timestamp_text(sql, source.precision)} || '\"')"
    if name == "array":
        element = f"coalesce({from_value(item, source.element, depth + 1)}, 'null')"
        return f"('[' || array_to_string(list_transform({sql}, lambda {item}: {element}), ',') || ']')"
    if name == "map":
        key = f"athena_json_encoded(CAST({item}.key AS VARCHAR))"
        value = f"coalesce({from_value(f'{item}.value', source.value, depth + 1)}, 'null')"
        entries = f"list_transform(map_entries({sql}), lambda {item}: {key} || ':' || {value})"
        return f"('{{' || array_to_string(athena_json_sorted({entries}), ',') || '}}')"
    members = [
        f"{literal(_encoded(field) + ':')} || coalesce({from_value(f'{item}.f{i}', member, depth + 1)}, 'null')"
        for i, (field, member) in enumerate(source.fields, 1)
    ]
    written = " || ',' || ".join(members)
    return f"list_transform([{sql}], lambda {item}: CASE WHEN {item} IS NOT NULL THEN '{{' || {written} || '}}' END)[1]"


def to_value(sql: str, target: Type, cast: Cast, depth: int, *, spelled: bool = False) -> str:
    """SQL for a JSON value as a given type; JSON's null is NULL. `spelled` is whether its numbers are as spelled."""
    if target.name == "json":
        return f"athena_json_spelled_value({sql})" if spelled else sql
    item = f"j{depth}"
    if depth == 0 and _names_some(target):
        # Trino 435's JsonUtil.getFieldNameToIndex asks the first field only, and fails at one without a name.
        refused = fail("GENERIC_INTERNAL_ERROR", "'A row of JSON has names for all of its fields, or for none'", target)
        return f"list_transform([{sql}], lambda {item}: CASE WHEN {item} IS NOT NULL THEN {refused} END)[1]"
    present = f"CASE WHEN {item} <> 'null' THEN {_present(item, target, cast, depth, spelled=spelled)} END"
    return f"list_transform([{sql}], lambda {item}: {present})[1]"


def _names_some(target: Type) -> bool:
    """Whether a row of the type has a name for its first field and not for another."""
    names = [field for field, _ in target.fields] if target.name == "row" else [""]
    return (names[0] != "" and "" in names) or any(map(_names_some, target.members))


def _present(item: str, target: Type, cast: Cast, depth: int, *, spelled: bool) -> str:
    name = target.name
    if name == "array":
        element = f"x{depth}"
        inner = to_value(element, target.element, cast, depth + 1, spelled=spelled)
        return f"list_transform(athena_json_elements({item}), lambda {element}: {inner})"
    if name == "map":
        return _map(item, target, cast, depth, spelled=spelled)
    if name == "row":
        return _row(item, target, cast, depth, spelled=spelled)
    return _scalar(item, target, cast, depth)


def _map(item: str, target: Type, cast: Cast, depth: int, *, spelled: bool) -> str:
    pairs, pair = f"p{depth}", f"x{depth}"
    inner = to_value(f"{pair}[2]", target.value, cast, depth + 1, spelled=spelled)
    name = f"{pair}[1]"
    is_text = target.key.name == "varchar"
    key = _fitting(name, target.key, depth) if is_text else cast(name, Type("varchar"), target.key, depth + 1)
    keys = f"list_transform({pairs}, lambda {pair}: {key})"
    values = f"list_transform({pairs}, lambda {pair}: {inner})"
    made = f"map({keys}, {values})"
    if not is_text:
        # Different texts may be one key: 1 and 01.
        message = f"'Cannot cast to {target.athena}. Duplicate map keys are not allowed'"
        refused = fail("INVALID_CAST_ARGUMENT", message, target)
        made = f"CASE WHEN len(list_distinct({keys})) < len({pairs}) THEN {refused} ELSE {made} END"
    return f"list_transform([athena_json_members({item})], lambda {pairs}: {made})[1]"


def _row(item: str, target: Type, cast: Cast, depth: int, *, spelled: bool) -> str:
    """A row from an array by position, or from an object by names, whose case does not matter."""
    parts = f"p{depth}"
    packed = ", ".join(
        f"f{i} := {to_value(f'{parts}[{i}]', member, cast, depth + 1, spelled=spelled)}"
        for i, member in enumerate(target.members, 1)
    )
    names = ", ".join(literal(field.lower()) for field, _ in target.fields)
    named = f"athena_json_fields({item}, [{names}])"
    if not target.fields[0][0]:
        reason = "Cannot cast a JSON object to anonymous row type. Input must be a JSON array."
        message = f"Cannot cast to {target.athena}. {reason}"
        named = f"CAST({fail('INVALID_CAST_ARGUMENT', literal(message), target)} AS VARCHAR[])"
    refused = fail(
        "INVALID_CAST_ARGUMENT", f"'Cannot cast to row: Expected a json array or object: ' || {item}", target
    )
    message = literal(f"Cannot cast to {target.athena}: it has {len(target.members)} elements, not those of ")
    long = fail("INVALID_CAST_ARGUMENT", f"{message} || {item}", target)
    listed = f"CASE WHEN len(e{depth}) = {len(target.members)} THEN e{depth} ELSE CAST({long} AS VARCHAR[]) END"
    elements = f"list_transform([athena_json_elements({item})], lambda e{depth}: {listed})[1]"
    values = f"CASE WHEN {item}[1] = '[' THEN {elements} ELSE {named} END"
    return (
        f"CASE WHEN {item}[1] IN ('[', '{{') THEN list_transform([{values}],"
        f" lambda {parts}: struct_pack({packed}))[1] ELSE {refused} END"
    )


def _fitting(text: str, target: Type, depth: int) -> str:
    """A text as varchar(n), which fails if it is longer; a cast of a text would cut it."""
    if not target.arguments:
        return text
    message = f"'Value [' || v{depth} || '] does not fit in type {target.athena}'"
    long = fail("GENERIC_INTERNAL_ERROR", message, target)
    shown = f"CASE WHEN length(v{depth}) > {target.arguments[0]} THEN {long} ELSE v{depth} END"
    return f"list_transform([{text}], lambda v{depth}: {shown})[1]"


def _scalar(item: str, target: Type, cast: Cast, depth: int) -> str:
    name, varchar = target.name, Type("varchar")
    shown = target.athena
    refused = fail("INVALID_CAST_ARGUMENT", f"'Cannot cast ''' || {item} || ''' to {shown}'", target)
    is_text, is_number = f"{item} LIKE '\"%'", f"({item}[1] = '-' OR {item}[1] BETWEEN '0' AND '9')"
    text = f"athena_json_decoded({item})"
    if name == "varchar":
        has_point = f"(contains({item}, '.') OR contains({item}, 'E'))"
        double = cast(f"CAST({item} AS DOUBLE)", Type("double"), varchar, depth)
        written = f"CASE WHEN {is_text} THEN {text} WHEN {is_number} AND {has_point} THEN {double} ELSE {item} END"
        refused = fail("INVALID_CAST_ARGUMENT", f"'Cannot cast ''' || {item} || ''' to {shown}'", target)
        return f"CASE WHEN {item}[1] IN ('[', '{{') THEN {refused} ELSE {_fitting(written, target, depth)} END"
    if name == "boolean":
        number = f"(CAST({item} AS DOUBLE) <> 0)"
        inner = cast(text, varchar, target, depth)
        return (
            f"CASE WHEN {item} IN ('true', 'false') THEN {item} = 'true' WHEN {is_number} THEN {number}"
            f" WHEN {is_text} THEN {inner} ELSE {refused} END"
        )
    double = cast(f"CAST({item} AS DOUBLE)", Type("double"), target, depth)
    whole = cast(item, varchar, target, depth)
    number = f"CASE WHEN contains({item}, '.') OR contains({item}, 'E') THEN {double} ELSE {whole} END"
    if name == "decimal":
        number = whole
    inner = cast(text, varchar, target, depth)
    truth = cast(f"({item} = 'true')", Type("boolean"), target, depth)
    return (
        f"CASE WHEN {is_number} THEN {number} WHEN {is_text} THEN {inner}"
        f" WHEN {item} IN ('true', 'false') THEN {truth} ELSE {refused} END"
    )
