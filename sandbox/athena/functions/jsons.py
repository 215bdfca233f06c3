"""Functions of JSON: https://trino.io/docs/435/functions/json.html.

They are Python functions: DuckDB's own reader changes the digits of numbers with a point and refuses broken text, and
each call of it holds the memory of its largest batch of rows, up to 16 MiB for each thread.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from sandbox.athena.functions import jsonarrays, jsonscalars, jsontext, spelledjson
from sandbox.athena.functions.building import invalid
from sandbox.athena.functions.function import TypedCall, entry
from sandbox.athena.functions.native import Native, TrinoError
from sandbox.athena.sql import literal
from sandbox.athena.values import null

_PATH_ERROR = "Invalid JSON path: "


def _checked_path(call: TypedCall, body: Callable[[TypedCall], str]) -> str:
    """The body, or the failure of a literal that is not a path."""
    path = call.arguments[1].constant
    if path is None:
        return null(call.type)
    if isinstance(path, str):
        try:
            jsontext.path_steps(path)
        except TrinoError:
            return invalid(literal(f"{_PATH_ERROR}'{path}'"), call.type)
    return body(call)


def _contains(call: TypedCall) -> str:
    kind = call.arguments[1].type.name
    return f"athena_json_array_contains({call[0]}, CAST({call[1]} AS VARCHAR), '{kind}')"


_JSON_OR_TEXT = ("varchar(x)", "json")


def _both(text: str) -> str:
    return "; ".join(text.format(type_) for type_ in _JSON_OR_TEXT)


FUNCTIONS = (
    entry(
        "json_extract_scalar(varchar(x), varchar(y)) -> varchar(x); json_extract_scalar(json, varchar(y)) -> varchar",
        lambda call: _checked_path(call, lambda c: f"athena_json_scalar_of({c[0]}, {c[1]})"),
        """json_extract_scalar('{"total": {"N": 1.10}}', '$.total.N')""",
        "1.10",
    ),
    entry(
        _both("json_extract({0}, varchar(y)) -> json"),
        lambda call: _checked_path(call, lambda c: f"athena_json_extract({c[0]}, {c[1]})"),
        """json_extract('{"a": {"z": 1, "b": [1.50, "x"]}}', '$.a')""",
        '{"z":1,"b":[1.5,"x"]}',
    ),
    entry(
        _both("json_size({0}, varchar(y)) -> bigint"),
        lambda call: _checked_path(call, lambda c: f"athena_json_size({c[0]}, {c[1]})"),
        """json_size('{"a": [1, 2]}', '$.a')""",
        "2",
    ),
    entry(
        "json_parse(varchar(x)) -> json",
        "athena_json_parse",
        """json_parse('{"b": 2, "a": 1.50}')""",
        '{"a":1.5,"b":2}',
    ),
    entry("json_format(json) -> varchar", "({0})", "json_format(JSON '[1, 2]')", "[1,2]"),
    entry(_both("json_array_length({0}) -> bigint"), "athena_json_array_length", "json_array_length('[1, 2]')", "2"),
    entry(
        _both("json_array_get({0}, bigint) -> json"),
        "athena_json_array_get",
        """json_array_get('["a", "b"]', -1)""",
        "b",
    ),
    entry(
        "; ".join(
            f"json_array_contains({text}, {value}) -> boolean"
            for text in _JSON_OR_TEXT
            for value in ("bigint", "boolean", "double", "varchar(y)")
        ),
        _contains,
        "json_array_contains('[1, 2.0]', 2)",
        "false",
    ),
    entry(_both("is_json_scalar({0}) -> boolean"), "athena_is_json_scalar", "is_json_scalar('[1]')", "false"),
)
MACROS: tuple[str, ...] = ()


def _strict(call: Callable[..., object]) -> Callable[..., object]:
    """Wrap a function whose result may be NULL: it returns NULL for a NULL argument."""

    @wraps(call)  # DuckDB counts the parameters
    def strict(*values: object) -> object:
        return None if None in values else call(*values)

    return strict


NATIVES = (
    Native("athena_json_scalar_of", _strict(jsonscalars.scalar_of), ("VARCHAR", "VARCHAR"), "VARCHAR", takes_null=True),
    Native("athena_json_scalars_of", jsonscalars.scalars_of, ("VARCHAR", "VARCHAR"), "VARCHAR[]"),
    Native("athena_json_extract", _strict(jsontext.extract), ("VARCHAR", "VARCHAR"), "VARCHAR", takes_null=True),
    Native("athena_json_size", _strict(jsontext.size), ("VARCHAR", "VARCHAR"), "BIGINT", takes_null=True),
    Native("athena_json_parse", jsontext.parse, ("VARCHAR",), "VARCHAR"),
    *spelledjson.NATIVES,
    Native("athena_json_array_length", _strict(jsonarrays.array_length), ("VARCHAR",), "BIGINT", takes_null=True),
    Native("athena_json_array_get", _strict(jsonarrays.array_get), ("VARCHAR", "BIGINT"), "VARCHAR", takes_null=True),
    Native(
        "athena_json_array_contains", _strict(jsonarrays.array_contains), ("VARCHAR",) * 3, "BOOLEAN", takes_null=True
    ),
    Native("athena_is_json_scalar", jsontext.is_scalar, ("VARCHAR",), "BOOLEAN"),
)
