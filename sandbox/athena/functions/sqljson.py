"""JSON_EXISTS, JSON_QUERY and JSON_VALUE: https://trino.io/docs/435/functions/json.html.

The planner passes the clauses as texts: json_exists(input, path, on error), json_query(input, path, wrapper, quotes, on
empty, on error), json_value(input, path, on empty, on error, type). For a DEFAULT the result is the character 1 and
EMPTY or ERROR, which the planner replaces by the default's value.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sandbox.athena.doubles import java_double, scientific
from sandbox.athena.errors import StatementError
from sandbox.athena.functions import jsontext
from sandbox.athena.functions.function import TypedCall, entry
from sandbox.athena.functions.jsonpath_steps import PathError, elements_of, members_of
from sandbox.athena.functions.jsonpaths import compiled
from sandbox.athena.functions.native import Native, TrinoError

_BIGINT = 2**63
_NO_ITEMS = "JSON path found no items"


def _checked(name: str) -> Callable[[TypedCall], str]:
    """The path must be a literal, which is read when the query is planned."""

    def sql(call: TypedCall) -> str:
        try:
            compiled(str(call.arguments[1].constant))
        except TrinoError as error:
            reason = str(error).removeprefix("athena failure ")
            failure, _, message = reason.partition(": ")
            raise StatementError(failure, message) from error
        return f"athena_{name}({', '.join(call[i] for i in range(len(call)))})"

    return sql


def document(text: str) -> Any:
    """Parse a document: numbers with a point or an exponent are doubles, and the last of equal members counts.

    Text after the first value is ignored, and an empty text is null.

    Raises:
        TrinoError: the text is not JSON.
    """
    try:
        return json.loads(jsontext.first_value(text))
    except jsontext.BrokenError as error:
        raise TrinoError("JSON_INPUT_CONVERSION_ERROR", "conversion to JSON failed: ") from error


def _found(text: str, path: str) -> list[Any]:
    try:
        return compiled(path)(document(text))
    except PathError as error:
        raise TrinoError("PATH_EVALUATION_ERROR", f"path evaluation failed: {error}") from error


def _failed(behaviour: str, error: TrinoError) -> str | None:
    if behaviour == "ERROR":
        raise error
    return {"DEFAULT": "\x01ERROR", "EMPTY": "[]", "EMPTY ARRAY": "[]", "EMPTY OBJECT": "{}"}.get(behaviour)


def _empty(behaviour: str, kind: str) -> str | None:
    if behaviour == "ERROR":
        raise TrinoError(f"JSON_{kind}_RESULT_ERROR", f"cannot extract SQL scalar from JSON: {_NO_ITEMS}")
    return {"DEFAULT": "\x01EMPTY", "EMPTY": "[]", "EMPTY ARRAY": "[]", "EMPTY OBJECT": "{}"}.get(behaviour)


def _exists(text: str | None, path: str, on_error: str) -> bool | None:
    if text is None:
        return None
    try:
        return bool(_found(text, path))
    except TrinoError:
        if on_error == "ERROR":
            raise
        return {"TRUE": True, "FALSE": False}.get(on_error)


def _query(text: str | None, path: str, wrapper: str, quotes: str, on_empty: str, on_error: str) -> str | None:
    if text is None:
        return None
    try:
        items = _found(text, path)
    except TrinoError as error:
        return _failed(on_error, error)
    if not items:
        return _empty(on_empty, "QUERY")
    conditional = "CONDITIONAL" in wrapper and "UNCONDITIONAL" not in wrapper
    wrapped = wrapper.startswith("WITH") and not wrapper.startswith("WITHOUT")
    if wrapped and not (conditional and len(items) == 1 and isinstance(items[0], (list, dict))):
        return written(items)
    if len(items) > 1:
        return _failed(on_error, TrinoError("JSON_QUERY_RESULT_ERROR", "JSON path found multiple items"))
    if quotes.startswith("OMIT") and isinstance(items[0], str):
        return items[0]
    return written(items[0])


def _value(text: str | None, path: str, on_empty: str, on_error: str, returning: str) -> str | None:
    if text is None:
        return None
    try:
        items = _found(text, path)
    except TrinoError as error:
        return _failed(on_error, error)
    if not items:
        return _empty(on_empty, "VALUE")
    item = items[0]
    too_big = isinstance(item, int) and not -_BIGINT <= item < _BIGINT
    is_missing = item is None and not text.strip()
    if len(items) > 1 or isinstance(item, (list, dict)) or too_big or is_missing:
        return _failed(on_error, TrinoError("JSON_VALUE_RESULT_ERROR", "cannot extract SQL scalar from JSON"))
    if isinstance(item, str):
        return item if item.isascii() else item.encode(errors="replace").decode()  # half a surrogate pair is ?
    if item is None:
        return None
    shown = _scientific(item) if isinstance(item, float) else str(item).lower()
    return shown if _fits(shown, returning) else _failed(on_error, _not_castable(returning))


def _fits(shown: str, returning: str) -> bool:
    """Whether a number or truth value is a text of the type. Only texts are cut to its length.

    By the answers of Trino 435: there is no cast of either to char, and ON ERROR does not catch that a truth value is
    too long.
    """
    kind, _, length = returning.rstrip(")").partition("(")
    if kind == "char":
        return False
    if kind != "varchar" or not length or len(shown) <= int(length):
        return True
    if shown in {"true", "false"}:
        raise TrinoError("GENERIC_INTERNAL_ERROR", f"Value [{shown}] does not fit in type {returning}")
    return False


def _not_castable(returning: str) -> TrinoError:
    reason = f"Cannot cast value to declared return type of function JSON_VALUE: {returning}"
    return TrinoError("JSON_VALUE_RESULT_ERROR", f"cannot extract SQL scalar from JSON: {reason}")


def _scientific(value: float) -> str:
    """CAST(double AS varchar)."""
    if value == 0:
        return "0E0" if str(value)[0] != "-" else "-0E0"
    return scientific(value)


def written(item: Any) -> str:
    """A JSON value's text."""
    members, elements = members_of(item), elements_of(item)
    if members is not None:
        return "{" + ",".join(f"{jsontext.quoted(key)}:{written(value)}" for key, value in members.items()) + "}"
    if elements is not None:
        return "[" + ",".join(map(written, elements)) + "]"
    if isinstance(item, str):
        return jsontext.quoted(item)
    if isinstance(item, float):
        return java_double(item)
    return "null" if item is None else str(item).lower()


_INPUT = """'{"a": {"N": 5}, "b": [1, 2]}'"""

FUNCTIONS = (
    entry(
        "json_exists(varchar, varchar, varchar) -> boolean",
        _checked("json_exists"),
        f"json_exists({_INPUT}, 'lax $.b[*] ? (@ > 1)')",
        "true",
    ),
    entry(
        "json_query(varchar, varchar, varchar, varchar, varchar, varchar) -> varchar",
        _checked("json_query"),
        f"json_query({_INPUT}, 'lax $.b[*]' WITH ARRAY WRAPPER)",
        "[1,2]",
    ),
    entry(
        "json_value(varchar, varchar, varchar, varchar, varchar) -> varchar",
        _checked("json_value"),
        f"json_value({_INPUT}, 'lax $.a.N' RETURNING integer)",
        "5",
    ),
)
MACROS: tuple[str, ...] = ()
NATIVES = (
    Native("athena_json_exists", _exists, ("VARCHAR",) * 3, "BOOLEAN", takes_null=True),
    Native("athena_json_query", _query, ("VARCHAR",) * 6, "VARCHAR", takes_null=True),
    Native("athena_json_value", _value, ("VARCHAR",) * 5, "VARCHAR", takes_null=True),
)
