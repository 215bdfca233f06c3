"""Trino's syntax: a text becomes a tree of nodes, or StartQueryExecution's error with its place.

The parser follows Trino's grammar alone. A parser of several dialects takes other engines' syntax too, and turns
literals into casts and functions into another dialect's, so that the types that Trino gives them are lost.
"""

from __future__ import annotations

from functools import lru_cache

from sandbox.athena.syntax import nodes
from sandbox.athena.syntax.lexer import position
from sandbox.athena.syntax.queries import QueryParser

_SHORT = 16_384
"""The characters of a text whose tree is kept: the trees of all views of a stack take some megabytes."""


def parse_query(text: str) -> nodes.Query:
    """The tree of a query; raises ApiError (MALFORMED_QUERY), or QueryError for what the sandbox's Athena lacks.

    A tree never changes, so those of short texts are kept: a statement is parsed when it is accepted and when it is
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
