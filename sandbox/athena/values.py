"""A typed expression in DuckDB's SQL, and the fragments that fail as in Trino."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from sandbox.athena.sql import literal, select
from sandbox.athena.types import Type

FAILURE = "athena failure "
"""The prefix of a run-time error with Trino's name: `athena failure NAME: message`."""
MACROS = (f"athena_fail(message) AS CAST(CAST({literal(FAILURE)} || message AS INTEGER) AS VARCHAR)",)


_COLUMN = re.compile(r'\w+(?:\.(?:\w+|"\w+"))?')


class NotConstant:
    """The constant of an expression that is not a literal."""


NOT_CONSTANT: Final = NotConstant()
Constant: TypeAlias = str | int | float | bool | NotConstant | None


@dataclass(frozen=True)
class Value:
    """An expression: its Trino type, its DuckDB SQL (of `type.physical`), and its value if it is a literal.

    A lambda expression has `parameters`, and the body as its SQL: `lambda a, b: body` is `Value.function`.
    """

    type: Type
    sql: str
    constant: Constant = NOT_CONSTANT
    parameters: tuple[str, ...] = ()

    @property
    def is_null(self) -> bool:
        """Whether this is the literal NULL."""
        return self.constant is None

    @property
    def function(self) -> str:
        """A lambda expression in DuckDB's form."""
        return f"lambda {', '.join(self.parameters)}: {self.sql}"


def null(type_: Type) -> str:
    """A NULL of a type."""
    return f"CAST(NULL AS {type_.physical})"


def fail(name: str, message: str, type_: Type) -> str:
    """SQL of a type that fails with Trino's error `name` when it is evaluated; `message` is an SQL text.

    TRY makes it NULL: unlike DuckDB's own `error`, it is not volatile.
    """
    return f"CAST(athena_fail({literal(name + ': ')} || {message}) AS {type_.physical})"


def let(variable: str, value: str, body: str) -> str:
    """SQL for `body` with a variable for a value that it uses several times; a column's name is inserted directly."""
    if _COLUMN.fullmatch(value) and f"lambda {variable}:" not in body:
        places = re.compile(rf"(?<![.]){variable}(?!\w)")
        return f"({places.sub(lambda _: value, body)})"
    if "SELECT" in value + body and " OVER (" not in value + body:
        return f"({select([body], f'(SELECT {value} AS {variable})')})"
    return f"list_transform([{value}], lambda {variable}: {body})[1]"


def attempt(variable: str, value: str, body: str) -> str:
    """SQL for `body` with a variable for a value that it uses, or NULL if the body fails.

    A lambda expression prevents DuckDB from computing outside of TRY a part of the body that occurs twice.
    """
    return f"list_transform([{value}], lambda {variable}: TRY({body}))[1]"
