"""Operands, bound to a request's names and values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sandbox.dynamodb.expressions.documents import ResolvedPath, overlap, value_at
from sandbox.dynamodb.expressions.syntax import shown
from sandbox.dynamodb.expressions.tokens import ExpressionError
from sandbox.dynamodb.values import Attributes, Value, kind_of

Values = Mapping[str, Value]
"""The values of a request's placeholders."""
Get = Callable[[Attributes, Values], "Value | None"]


class Bound(NamedTuple):
    """A bound operand: a function that returns its value in an item.

    `kind` is its type in every item, None if that depends on the item; `path` is its path in the item, `value` its
    value if it is a constant.
    """

    get: Get
    kind: str | None = None
    path: ResolvedPath | None = None
    value: Value | None = None


def at_path(path: ResolvedPath) -> Bound:
    """The operand at a path of the item."""
    name = str(path[0])

    def get(item: Attributes, values: Values) -> Value | None:  # noqa: ARG001 - all operands are called alike
        return item.get(name) if len(path) == 1 else value_at(item, path)

    return Bound(get, path=path)


def constant(value: Value) -> Bound:
    """The operand with the same value for every item."""

    def get(item: Attributes, values: Values) -> Value:  # noqa: ARG001 - all operands are called alike
        return value

    return Bound(get, kind_of(value), value=value)


def at_placeholder(name: str, value: Value) -> Bound:
    """The operand of a placeholder, which has the type of the given value."""

    def get(item: Attributes, values: Values) -> Value:  # noqa: ARG001 - all operands are called alike
        return values[name]

    return Bound(get, kind_of(value), value=value)


def nothing(item: Attributes, values: Values) -> None:
    """The value of a missing operand."""


def wrong_kind(function: str, kind: str) -> ExpressionError:
    """The error for an operand of a type that a function or operator does not accept."""
    return ExpressionError(
        f"Incorrect operand type for operator or function; operator or function: {function}, operand type: {kind}"
    )


def misused(function: str) -> ExpressionError:
    """The error for a function in a place where another of its kind may be."""
    return ExpressionError(f"The function is not allowed to be used this way in an expression; function: {function}")


def expect_path(function: str, operand: Bound) -> ResolvedPath:
    """Return an operand's path; raises ExpressionError for an operand without one."""
    if operand.path is None:
        raise ExpressionError(f"Operator or function requires a document path; operator or function: {function}")
    return operand.path


def expect_count(function: str, count: int, wanted: int) -> None:
    """Raise ExpressionError if a function has a different number of operands."""
    if count != wanted:
        raise ExpressionError(
            "Incorrect number of operands for operator or function; "
            f"operator or function: {function}, number of operands: {count}"
        )


def refuse_overlap(paths: list[ResolvedPath]) -> None:
    """Raise ExpressionError if two of an expression's paths overlap, or use one attribute as a list and as a map."""
    found = overlap(paths)
    if found is not None:
        how, one, two = found
        raise ExpressionError(
            f"Two document paths {how} with each other; must remove or rewrite one of these paths; "
            f"path one: {shown(one)}, path two: {shown(two)}"
        )
