"""JSON_ARRAY and JSON_OBJECT: every value as JSON text, for the functions of the table.

Source: trino 435, io.trino.sql.analyzer.ExpressionAnalyzer, visitJsonArray and visitJsonObject.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.athena import functions
from sandbox.athena import types as t
from sandbox.athena.conversions import cast, castable
from sandbox.athena.functions.function import Modifiers, TypedCall
from sandbox.athena.sql import literal
from sandbox.athena.syntax import nodes as n
from sandbox.athena.types import INTEGERS, Type
from sandbox.athena.values import Value

if TYPE_CHECKING:
    from sandbox.athena.planning.expressions import Binder

_CODECS = {"JSON": "utf-8", "UTF8": "utf-8", "UTF16": "utf-16-le", "UTF32": "utf-32-le"}
_SCALARS = frozenset({*INTEGERS, "boolean", "decimal", "double", "real"})
_TEXTS = frozenset({"varchar", "char"})


def built(binder: Binder, node: n.JsonBuilding) -> Value:
    """The value of JSON_ARRAY or JSON_OBJECT."""
    texts = _array([_text(binder, node, item) for item in node.items])
    nulls = _word("ABSENT" if node.absent else "NULL")
    if node.name == "json_array":
        arguments = (nulls, texts)
    else:
        keys = _array([_key(binder, key) for key in node.keys])
        arguments = (nulls, _word("WITH UNIQUE" if node.unique else "WITHOUT UNIQUE"), keys, texts)
    function = functions.BY_NAME[node.name][0]
    found = Value(t.VARCHAR, function.sql(TypedCall(node.name, arguments, t.VARCHAR, Modifiers())))
    returning = node.returning or t.VARCHAR
    if not _formats(returning, node.encoding):
        format_ = _format(node.encoding)
        message = f"Cannot output JSON value as {returning.athena} using formatting {format_}"
        raise binder.error("TYPE_MISMATCH", node, message)
    if returning.name == "varbinary":
        return Value(returning, f"athena_json_encode({found.sql}, '{_CODECS[node.encoding or 'JSON']}')")
    return cast(found, returning)


def _text(binder: Binder, node: n.JsonBuilding, item: n.JsonItem) -> str:
    """SQL for an item's JSON text. The result of a JSON function is already JSON, without FORMAT JSON."""
    value = binder.bind(item.value)
    nested = isinstance(item.value, n.JsonBuilding) or (
        isinstance(item.value, n.JsonCall) and item.value.name == "json_query"
    )
    if item.encoding or nested:
        if value.type.name == "unknown":
            return "CAST(NULL AS VARCHAR)"
        if not _formats(value.type, item.encoding):
            message = f"Cannot read input of type {value.type.athena} as JSON using formatting {_format(item.encoding)}"
            raise binder.error("TYPE_MISMATCH", item.value, message)
        sql = value.sql
        if value.type.name == "varbinary":
            sql = f"athena_json_decode({sql}, '{_CODECS[item.encoding or 'JSON']}')"
        return f"athena_json_item({sql})"
    if value.type.name in _SCALARS:
        return cast(value, t.JSON).sql
    if value.type.fields or not castable(value.type, t.VARCHAR):
        message = f"Unsupported type of value passed to {node.name.upper()} function: {value.type.athena}"
        raise binder.error("NOT_SUPPORTED", node, message)
    return f"athena_json_string({cast(value, t.VARCHAR).sql})"


def _key(binder: Binder, node: n.Expression) -> str:
    key = binder.bind(node)
    if key.type.name not in _TEXTS:
        message = f"Invalid type of JSON object key: {key.type.athena}"
        raise binder.error("INVALID_FUNCTION_ARGUMENT", node, message)
    return f"rtrim({key.sql}, ' ')" if key.type.name == "char" else key.sql


def _formats(type_: Type, encoding: str) -> bool:
    """Return whether JSON text can have a type: an encoding is only for bytes."""
    return type_.name == "varbinary" or (type_.name in _TEXTS and encoding in {"", "JSON"})


def _format(encoding: str) -> str:
    return "JSON" if encoding in {"", "JSON"} else f"JSON ENCODING {encoding}"


def _array(texts: list[str]) -> Value:
    return Value(t.array_of(t.VARCHAR), f"CAST([{', '.join(texts)}] AS VARCHAR[])")


def _word(text: str) -> Value:
    return Value(t.VARCHAR, literal(text), text)
