"""The values for a query's question marks: expressions or texts, never fragments of the query.

What Athena accepts is measured by aoyagikouhei/athena-local, docs/parameters.md: a value that is an expression without
column references is that expression; one that does not parse, or that names a column, is a text; values for a query
without question marks are ignored.
"""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.athena.errors import ApiError, StatementError
from sandbox.athena.planning.rewriting import walked
from sandbox.athena.sql import literal
from sandbox.athena.syntax import nodes, parse_expression
from sandbox.athena.syntax.lexer import TokenKind, tokenize


def bind(sql: str, values: Sequence[str]) -> str:
    """The query with each ? replaced by its value.

    A query without ? is returned unchanged.

    Raises:
        StatementError: INVALID_PARAMETER_USAGE, if the number of values differs.
    """
    places = placeholders(sql)
    if not places:
        return sql
    if len(places) != len(values):
        message = f"line 1:1: Incorrect number of parameters: expected {len(places)} but found {len(values)}"
        raise StatementError("INVALID_PARAMETER_USAGE", message)
    starts = [0, *(place + 1 for place in places)]
    pieces = [sql[start:end] for start, end in zip(starts, [*places, len(sql)], strict=True)]
    return "".join(piece + text for piece, text in zip(pieces, [*map(_written, values), ""], strict=True))


def placeholders(sql: str) -> list[int]:
    """The offsets of a query's question marks."""
    return [token.offset for token in tokenize(sql) if token.kind == TokenKind.OPERATOR and token.value == "?"]


def _written(value: str) -> str:
    """A value as it is inserted: one token unchanged, an expression in parentheses, anything else as a text."""
    if not _is_expression(value):
        return literal(value)
    tokens = tokenize(value)
    last = tokens[-2]
    text = value[tokens[0].offset : last.offset + len(last.text)]
    if len(tokens) == 2:
        return text
    return f"({text}\n)" if "--" in text else f"({text})"


def _is_expression(value: str) -> bool:
    """Return whether a value is one expression that names no column."""
    try:
        expression = parse_expression(value)
    except (ApiError, StatementError, RecursionError):
        return False
    return not any(isinstance(part, (nodes.Name, nodes.Query, nodes.Parameter)) for part in walked(expression))
