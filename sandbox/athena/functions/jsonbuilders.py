"""JSON_ARRAY and JSON_OBJECT: https://trino.io/docs/435/functions/json.html.

The planner passes the clauses as words, the keys as texts and the values as JSON texts: json_array(nulls, values),
json_object(nulls, unique, keys, values).
"""

from __future__ import annotations

from sandbox.athena.conversions.maporder import shown_order
from sandbox.athena.functions import jsontext
from sandbox.athena.functions.building import INVALID
from sandbox.athena.functions.function import entry
from sandbox.athena.functions.native import Native, TrinoError
from sandbox.athena.functions.sqljson import document, written


def _array(nulls: str, values: list[str | None]) -> str:
    kept = (value for value in values if value is not None or nulls == "NULL")
    return f"[{','.join(value or 'null' for value in kept)}]"


def _object(nulls: str, unique: str, keys: list[str | None], values: list[str | None]) -> str:
    """The object with its members in the order of Java's HashMap (io.trino.operator.scalar.json.JsonObjectFunction)."""
    members: dict[str, str] = {}
    for key, value in zip(keys, values, strict=True):
        if key is None:
            raise TrinoError(INVALID, "null value passed for JSON object key to JSON_OBJECT function")
        if value is None and nulls == "ABSENT":
            continue
        if key in members:
            if unique == "WITH UNIQUE":
                raise TrinoError(INVALID, "duplicate key passed to JSON_OBJECT function")
            raise TrinoError("NOT_SUPPORTED", "cannot construct a JSON object with duplicate key")
        members[key] = "null" if value is None else value
    listed = list(members)
    ordered = (listed[place - 1] for place in shown_order(listed, "varchar", 0))
    return "{" + ",".join(f"{jsontext.quoted(key)}:{members[key]}" for key in ordered) + "}"


def _item(text: str) -> str:
    return written(document(text))


def _encode(text: str, codec: str) -> bytes:
    return text.encode(codec)


def _decode(octets: bytes, codec: str) -> str:
    try:
        return octets.decode(codec)
    except UnicodeDecodeError as error:
        raise TrinoError("JSON_INPUT_CONVERSION_ERROR", "conversion to JSON failed: ") from error


FUNCTIONS = (
    entry(
        "json_array(varchar, array(varchar)) -> varchar",
        "athena_json_array",
        "json_array(1, 'a', NULL, '[2]' FORMAT JSON)",
        '[1,"a",[2]]',
    ),
    entry(
        "json_object(varchar, varchar, array(varchar), array(varchar)) -> varchar",
        "athena_json_object",
        "json_object('a' : 1.50, KEY 'b' VALUE NULL)",
        '{"a":1.50,"b":null}',
    ),
)
MACROS: tuple[str, ...] = ()
NATIVES = (
    Native("athena_json_array", _array, ("VARCHAR", "VARCHAR[]"), "VARCHAR"),
    Native("athena_json_object", _object, ("VARCHAR", "VARCHAR", "VARCHAR[]", "VARCHAR[]"), "VARCHAR"),
    Native("athena_json_item", _item, ("VARCHAR",), "VARCHAR"),
    Native("athena_json_string", jsontext.quoted, ("VARCHAR",), "VARCHAR"),
    Native("athena_json_encode", _encode, ("VARCHAR", "VARCHAR"), "BLOB"),
    Native("athena_json_decode", _decode, ("BLOB", "VARCHAR"), "VARCHAR"),
)
