"""JSON_EXISTS, JSON_VALUE and JSON_QUERY; JSON_ARRAY and JSON_OBJECT.

Source: trino 435, SqlBase.g4: primaryExpression, jsonPathInvocation, jsonExistsErrorBehavior, jsonValueBehavior,
jsonQueryWrapperBehavior, jsonQueryBehavior, jsonObjectMember, jsonValueExpression.
"""

from __future__ import annotations

from collections.abc import Callable

from sandbox.athena.errors import ApiError
from sandbox.athena.syntax import nodes as n
from sandbox.athena.syntax.lexer import TokenKind
from sandbox.athena.syntax.tokens import Tokens
from sandbox.athena.syntax.typenames import read_type
from sandbox.athena.types import Type

_ENCODINGS = ("UTF8", "UTF16", "UTF32")
Expression = Callable[[], n.Expression]


def read_call(tokens: Tokens, expression: Expression, offset: int) -> n.JsonCall:
    """Read the JSON_EXISTS, JSON_VALUE or JSON_QUERY that begins here; `expression` reads one of the same tokens."""
    name = tokens.advance().value.lower()
    tokens.expect_operator("(")
    operand = _input(tokens, expression)
    tokens.expect_operator(",")
    if tokens.current.kind != TokenKind.STRING:
        raise tokens.unexpected("<string>")
    path = tokens.advance().value
    if tokens.accept("AS"):
        tokens.name()
    passing: list[tuple[str, n.Expression]] = []
    if tokens.accept("PASSING"):
        while not passing or tokens.accept_operator(","):
            value = _input(tokens, expression)
            tokens.expect("AS")
            passing.append((tokens.name().value, value))
    returning: Type | None = None
    clauses: list[str] = []
    if name != "json_exists" and tokens.accept("RETURNING"):
        returning = read_type(tokens)
        if name == "json_query":
            _refuse_encoding(tokens)
    if name == "json_query":
        clauses += [_wrapper(tokens), _quotes(tokens)]
    on_empty, default = ("NULL", None) if name == "json_exists" else _behaviour(tokens, name, "EMPTY", expression)
    on_error, other_default = _behaviour(tokens, name, "ERROR", expression)
    clauses += [on_error] if name == "json_exists" else [on_empty, on_error]
    tokens.expect_operator(")")
    return n.JsonCall(
        name, operand, path, tuple(passing), returning, tuple(clauses), default, other_default, offset=offset
    )


def _input(tokens: Tokens, expression: Expression) -> n.Expression:
    """expression [FORMAT JSON]"""
    value = expression()
    _refuse_encoding(tokens)
    return value


def _refuse_encoding(tokens: Tokens) -> None:
    """[FORMAT JSON]"""
    if _format(tokens) not in {"", "JSON"}:
        raise tokens.lacking("FORMAT JSON ENCODING")


def _wrapper(tokens: Tokens) -> str:
    """[WITHOUT [ARRAY] WRAPPER | WITH [CONDITIONAL | UNCONDITIONAL] [ARRAY] WRAPPER]"""
    if tokens.accept("WITHOUT"):
        found = "WITHOUT"
    elif tokens.accept("WITH"):
        condition = next((word for word in ("CONDITIONAL", "UNCONDITIONAL") if tokens.accept(word)), "")
        found = f"WITH {condition}".rstrip()
    else:
        return "WITHOUT"
    tokens.accept("ARRAY")
    tokens.expect("WRAPPER")
    return found


def _quotes(tokens: Tokens) -> str:
    """[KEEP | OMIT QUOTES [ON SCALAR STRING]]"""
    found = next((word for word in ("KEEP", "OMIT") if tokens.accept(word)), "")
    if found:
        tokens.expect("QUOTES")
        if tokens.is_word("ON") and tokens.ahead(1).value == "SCALAR":
            tokens.expect("ON", "SCALAR", "STRING")
    return found or "KEEP"


# What each call may say of an empty result and of an error, besides DEFAULT; without a clause it is the first.
_BEHAVIOURS = {
    "json_exists": ("FALSE", "TRUE", "UNKNOWN", "ERROR"),
    "json_value": ("NULL", "ERROR", "DEFAULT"),
    "json_query": ("NULL", "ERROR", "EMPTY ARRAY", "EMPTY OBJECT"),
}


def _behaviour(tokens: Tokens, name: str, event: str, expression: Expression) -> tuple[str, n.Expression | None]:
    """[behaviour ON EMPTY | behaviour ON ERROR]: the words, and the expression of DEFAULT."""
    mark = tokens.mark()
    found = next((words for words in _BEHAVIOURS[name] if tokens.accept(*words.split())), None)
    if found is None:
        return _BEHAVIOURS[name][0], None
    default = expression() if found == "DEFAULT" else None
    tokens.expect("ON")
    if event == "EMPTY" and tokens.is_word("ERROR"):
        tokens.reset(mark)
        return _BEHAVIOURS[name][0], None
    tokens.expect(event)
    return found, default


def read(tokens: Tokens, expression: Expression, offset: int) -> n.JsonBuilding:
    """Read the JSON_ARRAY or JSON_OBJECT that begins here; `expression` reads an expression of the same tokens."""
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
