"""Fragments of DuckDB's SQL that several families use."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from sandbox.athena.functions.function import TypedCall
from sandbox.athena.types import Type
from sandbox.athena.values import Value, fail, let, null

INVALID = "INVALID_FUNCTION_ARGUMENT"
_SHORT = 60
_SIMPLE = re.compile(r"""[\w."]+|-?[\d.]+|'[^']*'""")


def once(values: Sequence[str], body: Callable[[Sequence[str]], str]) -> str:
    """SQL for a body that uses values several times, each computed once.

    Short values are inserted directly: binding a value costs DuckDB one list for each row, and repeating a long one
    makes nested calls grow exponentially.
    """
    if all(len(value) <= _SHORT or _SIMPLE.fullmatch(value) for value in values):
        return body(values)
    members = ", ".join(f"'a{i}': {value}" for i, value in enumerate(values))
    return f"list_transform([{{{members}}}], lambda it: {body([f'it.a{i}' for i in range(len(values))])})[1]"


def arguments(call: TypedCall) -> list[str]:
    """The SQL of a call's arguments."""
    return [call[i] for i in range(len(call))]


def checked(call: TypedCall, body: Callable[[Sequence[str]], str]) -> str:
    """`once` for a call's arguments; if one is NULL, the result is NULL, and the body is not evaluated."""

    def guarded(values: Sequence[str]) -> str:
        nullable = [
            v for v, a in zip(values, call.arguments, strict=True) if a.constant is None or not is_constant(call, v)
        ]
        conditions = " OR ".join(f"{value} IS NULL" for value in nullable)
        return f"CASE WHEN {conditions} THEN {null(call.type)} ELSE {body(values)} END" if conditions else body(values)

    return once(arguments(call), guarded)


def in_python(name: str) -> Callable[[TypedCall], str]:
    """The SQL for a Python function whose result is a double and never NULL: DuckDB converts its NaN to NULL."""
    return lambda call: checked(call, lambda a: f"coalesce({name}({', '.join(a)}), 'nan'::DOUBLE)")


def is_constant(call: TypedCall, sql: str) -> bool:
    """Return whether an argument's SQL is that of a literal which is not NULL."""
    return any(a.sql == sql and isinstance(a.constant, (str, int, float, bool)) for a in call.arguments)


def invalid(message: str, type_: Type) -> str:
    """SQL that fails with INVALID_FUNCTION_ARGUMENT; `message` is SQL of a text."""
    return fail(INVALID, message, type_)


def applied(function: Value, *values: str) -> str:
    """The body of a lambda expression with values for its parameters."""
    body = function.sql
    for parameter, value in reversed(list(zip(function.parameters, values, strict=True))):
        body = let(parameter, value, body)
    return body
