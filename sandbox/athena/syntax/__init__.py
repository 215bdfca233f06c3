"""Trino's syntax: a text becomes a tree of nodes, or StartQueryExecution's error with its position.

The parser only follows Trino's grammar. A parser of several dialects also accepts the syntax of other engines, and
turns literals into casts and functions into those of a different dialect, so that the types that Trino gives them are
lost.
"""

from __future__ import annotations

from functools import lru_cache

from sandbox.athena.syntax import nodes
from sandbox.athena.syntax.lexer import position
from sandbox.athena.syntax.queries import QueryParser

_SHORT = 16_384
"""The maximum length of a text whose tree is cached, in characters: a stack's views take some megabytes."""


def parse_query(text: str) -> nodes.Query:
    """The tree of a query; raises ApiError (MALFORMED_QUERY), or StatementError for syntax that the sandbox lacks.

    Trees are immutable, so those of short texts are cached: a statement is parsed when it is accepted and when it is
    planned, and a view's text with every query of it.
    """
    return _kept(text) if len(text) <= _SHORT else QueryParser(text).whole_query()


@lru_cache(maxsize=64)
def _kept(text: str) -> nodes.Query:
    return QueryParser(text).whole_query()


def parse_expression(text: str) -> nodes.Expression:
    """The tree of an expression, such as an execution parameter; raises as `parse_query` does."""
    return QueryParser(text).whole_expression()


__all__ = ["nodes", "parse_expression", "parse_query", "position"]
