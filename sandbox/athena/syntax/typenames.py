"""Types in SQL: CAST(x AS …)."""

from __future__ import annotations

from sandbox.athena.errors import StatementError, at
from sandbox.athena.syntax.lexer import TokenKind, position
from sandbox.athena.syntax.tokens import Tokens, folded
from sandbox.athena.types import (
    MAX_DECIMAL_PRECISION,
    UNKNOWN,
    Type,
    array_of,
    decimal_of,
    map_of,
    row_of,
    time_of,
    timestamp_of,
)

_SIMPLE = {
    name: Type(name)
    for name in (
        *("boolean", "tinyint", "smallint", "integer", "bigint", "real", "double"),
        *("varbinary", "date", "json", "uuid", "ipaddress", "hyperloglog", "tdigest"),
    )
}
_SIMPLE["int"] = Type("integer")
_MAX_SECONDS_PRECISION = 12
_MAX_CHARACTERS = 65536
_NOT_THERE = frozenset(
    {"p4hyperloglog", "setdigest", "qdigest", "geometry", "sphericalgeography"} | {"bingtile", "color"}
)
"""Trino's types that the sandbox's Athena refuses by name."""


def read_type(tokens: Tokens) -> Type:
    """Take a type."""
    type_ = _base(tokens)
    while tokens.accept("ARRAY"):
        if tokens.accept_operator("["):
            tokens.advance()
            tokens.expect_operator("]")
        type_ = array_of(type_)
    return type_


def _base(tokens: Tokens) -> Type:
    start = tokens.current
    if tokens.is_word("ROW") and tokens.ahead(1).value == "(":
        return _row(tokens)
    if tokens.accept("INTERVAL"):
        low = tokens.advance().value
        high = tokens.advance().value if tokens.accept("TO") else low
        if low in {"YEAR", "MONTH"} and high in {"YEAR", "MONTH"}:
            return Type("interval year to month")
        return Type("interval day to second")
    name = folded(tokens.name())
    if name in {"time", "timestamp"}:
        return _moment(tokens, name)
    if name == "double":
        tokens.accept("PRECISION")
    if name in {"array", "map"}:
        return _nested(tokens, name)
    numbers = _numbers(tokens)
    type_ = _named(name, numbers)
    if type_ is None and name == "decimal" and 0 < len(numbers) <= 2:
        tokens.postpone(_wrong_decimal(*numbers))
        return UNKNOWN
    if type_ is None:
        shown = f"{name}({', '.join(map(str, numbers))})" if numbers else name
        tokens.postpone(unknown_type(tokens, shown, start.offset, "TYPE_MISMATCH"))
        return UNKNOWN
    return type_


def unknown_type(tokens: Tokens, name: str, offset: int, error: str = "TYPE_NOT_FOUND") -> StatementError:
    """The error for a type that does not exist, or that only Trino has. In a CAST it is TYPE_MISMATCH."""
    place = position(tokens.text, offset)
    if name in _NOT_THERE:
        return StatementError("NOT_SUPPORTED", at(place, f"The sandbox's Athena has no type {name}"))
    return StatementError(error, at(place, f"Unknown type: {name}"))


def _named(name: str, numbers: tuple[int, ...]) -> Type | None:
    if name == "decimal" and len(numbers) <= 2:
        return _decimal(*(numbers or (MAX_DECIMAL_PRECISION,)))
    if name == "varchar" and len(numbers) <= 1:
        return Type("varchar", numbers if numbers != (2147483647,) else ())
    if name == "char" and len(numbers) <= 1:
        return Type("char", numbers or (1,)) if not numbers or numbers[0] <= _MAX_CHARACTERS else None
    return _SIMPLE.get(name) if not numbers else None


def _decimal(precision: int, scale: int = 0) -> Type | None:
    return decimal_of(precision, scale) if scale <= precision and 1 <= precision <= MAX_DECIMAL_PRECISION else None


def _wrong_decimal(precision: int, scale: int = 0) -> StatementError:
    message = f"DECIMAL scale must be in range [0, precision ({precision})]: {scale}"
    if not 1 <= precision <= MAX_DECIMAL_PRECISION:
        message = f"DECIMAL precision must be in range [1, 38]: {precision}"
    return StatementError("INVALID_FUNCTION_ARGUMENT", message)


def _numbers(tokens: Tokens) -> tuple[int, ...]:
    numbers: list[int] = []
    if tokens.accept_operator("("):
        while True:
            if tokens.current.kind != TokenKind.INTEGER:
                raise tokens.unexpected("<integer>")
            numbers.append(int(tokens.advance().value))
            if not tokens.accept_operator(","):
                break
        tokens.expect_operator(")")
    return tuple(numbers)


def _moment(tokens: Tokens, name: str) -> Type:
    offset = tokens.current.offset
    numbers = _numbers(tokens)
    zoned = tokens.accept("WITH", "TIME", "ZONE")
    if not zoned:
        tokens.accept("WITHOUT", "TIME", "ZONE")
    precision = numbers[0] if numbers else 3
    if precision > _MAX_SECONDS_PRECISION:
        shown = f"{name}({precision}){' with time zone' if zoned else ''}"
        tokens.postpone(unknown_type(tokens, shown, offset, "TYPE_MISMATCH"))
        return UNKNOWN
    if name == "timestamp":
        return timestamp_of(precision, zoned=zoned)
    return Type("time with time zone", numbers) if zoned else time_of(precision)


def _nested(tokens: Tokens, name: str) -> Type:
    close = ">" if tokens.accept_operator("<") else ")"
    if close == ")":
        tokens.expect_operator("(")
    first = read_type(tokens)
    type_ = array_of(first)
    if name == "map":
        tokens.expect_operator(",")
        type_ = map_of(first, read_type(tokens))
    tokens.expect_operator(close)
    return type_


def _row(tokens: Tokens) -> Type:
    tokens.expect("ROW")
    tokens.expect_operator("(")
    names, members = list[str](), list[Type]()
    while True:
        mark = tokens.mark()
        named = tokens.is_name()
        if named:
            token = tokens.advance()
            postfix = tokens.is_word("ARRAY") and tokens.ahead(1).value not in {"(", "<"}
            named = not (postfix or tokens.is_operator(",", ")", "(", "<") or _is_long(tokens))
            named = named or (token.kind == TokenKind.QUOTED)
        tokens.reset(mark)
        names.append(folded(tokens.name()) if named else "")
        members.append(read_type(tokens))
        if not tokens.accept_operator(","):
            break
    tokens.expect_operator(")")
    return row_of(*members, names=names)


def _is_long(tokens: Tokens) -> bool:
    """Return whether a type continues here (TIMESTAMP WITH …, DOUBLE PRECISION), so that its word is no name."""
    return tokens.is_word("WITH") or tokens.is_word("WITHOUT") or tokens.is_word("PRECISION")
