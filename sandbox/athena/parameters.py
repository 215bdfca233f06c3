"""The values for a query's question marks: expressions or texts, never pieces of the query.

What Athena takes is measured by aoyagikouhei/athena-local, docs/parameters.md: a value that is an expression without
column references is that expression; one that does not parse, or that names a column, is a text; values for a query
without question marks are ignored.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from sandbox.athena.errors import ApiError, QueryError
from sandbox.athena.sql import literal


def bind(sql: str, values: Sequence[str]) -> str:
    """The query with each ? replaced by its value; raises QueryError (INVALID_PARAMETER_USAGE) for another number.

    A query without ? is returned unchanged.
    """
    places = placeholders(sql)
    if not places:
        return sql
    if len(places) != len(values):
        message = f"line 1:1: Incorrect number of parameters: expected {len(places)} but found {len(values)}"
        raise QueryError("INVALID_PARAMETER_USAGE", message)
    starts = [0, *(place + 1 for place in places)]
    pieces = [sql[start:end] for start, end in zip(starts, [*places, len(sql)], strict=True)]
    return "".join(piece + text for piece, text in zip(pieces, [*map(_written, values), ""], strict=True))


def placeholders(sql: str) -> list[int]:
    """The offsets of a query's question marks."""
    try:
        tokens = _tokens(sql)
    except TokenError as error:
        raise ApiError(f"line 1:1: {error}", athena_code="MALFORMED_QUERY") from error
    return [token.start for token in tokens if token.token_type == TokenType.PLACEHOLDER]


def _written(value: str) -> str:
    """A value as it stands in the query: one token as it is, an expression in parentheses, anything else as a text."""
    if not _is_expression(value):
        return literal(value)
    tokens = _tokens(value)
    text = value[tokens[0].start : tokens[-1].end + 1]
    if len(tokens) == 1:
        return text
    return f"({text}\n)" if "--" in text else f"({text})"


def _is_expression(value: str) -> bool:
    """Whether a value is one expression that names no column."""
    try:
        statements = sqlglot.parse(f"SELECT {value}\n", dialect="trino")
        depth = _depth(_tokens(value))
    except (SqlglotError, RecursionError):
        return False
    if len(statements) != 1 or depth != 0:
        return False
    query = statements[0]
    if not isinstance(query, exp.Select) or len(query.expressions) != 1:
        return False
    (only,) = query.expressions
    clauses = {name for name, given in query.args.items() if given} - {"expressions", "kind"}
    return not clauses and not isinstance(only, (exp.Alias, exp.Star)) and only.find(exp.Column, exp.Star) is None


def _depth(tokens: Sequence[Token]) -> int:
    """How many parentheses are open at the end; -1 if one is closed that was not opened."""
    depth = 0
    for token in tokens:
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
        if depth < 0:
            return -1
    return depth


def _tokens(sql: str) -> list[Token]:
    return Dialect.get_or_raise("trino").tokenize(sql)
