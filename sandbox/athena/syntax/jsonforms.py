"""JSON_ARRAY and JSON_OBJECT.

Source: trino 435, SqlBase.g4, primaryExpression, jsonObjectMember, jsonValueExpression.
"""

from __future__ import annotations

from collections.abc import Callable

from sandbox.athena.errors import ApiError
from sandbox.athena.syntax import nodes as n
from sandbox.athena.syntax.tokens import Tokens
from sandbox.athena.syntax.typenames import read_type
from sandbox.athena.types import Type

_ENCODINGS = ("UTF8", "UTF16", "UTF32")
Expression = Callable[[], n.Expression]


def read(tokens: Tokens, expression: Expression, offset: int) -> n.JsonBuilding:
    """Read the call that begins here; `expression` reads an expression of the same tokens."""
    name = tokens.advance().value.lower()
    is_object = name == "json_object"
    tokens.expect_operator("(")
    keys: list[n.Expression] = []
    items: list[n.JsonItem] = []
    absent, unique = not is_object, False
    if not tokens.is_operator(")") and not tokens.is_word("RETURNING"):
        while not items or tokens.accept_operator(","):
            if is_object:
                keys.append(_key(tokens, expression))
            items.append(n.JsonItem(expression(), _format(tokens)))
        absent = _absent(tokens, default=absent)
        unique = is_object and _unique(tokens)
    returning: Type | None = None
    encoding = ""
    if tokens.accept("RETURNING"):
        returning = read_type(tokens)
        encoding = _format(tokens)
    tokens.expect_operator(")")
    return n.JsonBuilding(name, tuple(keys), tuple(items), absent, unique, returning, encoding, offset=offset)


def _key(tokens: Tokens, expression: Expression) -> n.Expression:
    """Read a key and the separator before its value. KEY may also be the name of a column."""
    start = tokens.mark()
    if tokens.accept("KEY"):
        try:
            key = expression()
        except ApiError:
            key = None
        if key is not None and tokens.accept("VALUE"):
            return key
        tokens.reset(start)
    key = expression()
    if not tokens.accept("VALUE"):
        tokens.expect_operator(":")
    return key


def _format(tokens: Tokens) -> str:
    if not tokens.accept("FORMAT", "JSON"):
        return ""
    if not tokens.accept("ENCODING"):
        return "JSON"
    found = next((encoding for encoding in _ENCODINGS if tokens.accept(encoding)), None)
    if found is None:
        raise tokens.unexpected("'UTF16', 'UTF32', 'UTF8'")
    return found


def _absent(tokens: Tokens, *, default: bool) -> bool:
    if tokens.accept("NULL", "ON", "NULL"):
        return False
    return tokens.accept("ABSENT", "ON", "NULL") or default


def _unique(tokens: Tokens) -> bool:
    unique = tokens.accept("WITH", "UNIQUE")
    if unique or tokens.accept("WITHOUT", "UNIQUE"):
        tokens.accept("KEYS")
    return unique
