"""The definition of a function: a name, signatures, DuckDB's SQL for a call, and an example with its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from sandbox.athena.types import Type
from sandbox.athena.values import Value

Kind = Literal["scalar", "aggregate", "window"]


@dataclass(frozen=True)
class Modifiers:
    """The clauses around an aggregate's arguments and after a call, all in DuckDB's SQL.

    `order_by` is the list of ORDER BY, `filter` the condition, `over` the whole window in parentheses, `nulls` IGNORE
    NULLS or nothing. `grouped` is false for an aggregate of a SELECT without GROUP BY.
    """

    distinct: bool = False
    order_by: str = ""
    filter: str = ""
    over: str = ""
    nulls: str = ""
    grouped: bool = True


@dataclass(frozen=True)
class TypedCall:
    """A call whose arguments have the signature's types, with all coercions in their SQL.

    `call[i]` is the SQL of argument i (of a lambda expression: `lambda x: …`), `arguments[i]` its Value, with its type
    and, for a literal, its constant. `type` is the result's.
    """

    name: str
    arguments: tuple[Value, ...]
    type: Type
    modifiers: Modifiers = field(default_factory=Modifiers)

    def __getitem__(self, index: int) -> str:
        argument = self.arguments[index]
        return argument.function if argument.type.name == "function" else argument.sql

    def __len__(self) -> int:
        return len(self.arguments)

    def aggregate(self, name: str, *arguments: str, order_by: str = "", filter_: str = "") -> str:
        """A call of DuckDB's aggregate or window function with this call's DISTINCT, ORDER BY, FILTER and OVER.

        An expression over several of them (sum(x) / count(x)) is one SQL text; `order_by` replaces the call's own
        order, `filter_` is a further condition.
        """
        modifiers = self.modifiers
        order = order_by or modifiers.order_by
        inner = ("DISTINCT " if modifiers.distinct else "") + ", ".join(arguments)
        inner += f" ORDER BY {order}" if order else ""
        inner += f" {modifiers.nulls}" if modifiers.nulls else ""
        conditions = [f"({text})" for text in (modifiers.filter, filter_) if text]
        filtered = f" FILTER (WHERE {' AND '.join(conditions)})" if conditions else ""
        over = f" OVER {modifiers.over}" if modifiers.over else ""
        return f"{name}({inner}){filtered}{over}"


@dataclass(frozen=True)
class TrinoFunction:
    """A Trino function that the sandbox's Athena supports.

    `sql` returns DuckDB's SQL of a call, of the DuckDB type `call.type.physical`; an aggregate or window function uses
    `call.aggregate`. `example` is an SQL expression and Athena's text of its value (None for NULL). `result` computes
    the result's type from the arguments', if a signature cannot express it; the signature's own result is then only
    documentation. `deterministic` is false for random() and the like. `keyed` is whether the result has none of the
    values that the function compares, so that keys may take the place of values that have several forms. A NULL in one
    of the first `strict` arguments makes the result NULL, whichever signature the call has; None is all of them.
    """

    name: str
    signatures: tuple[str, ...]
    sql: Callable[[TypedCall], str]
    example: tuple[str, str | None]
    kind: Kind = "scalar"
    result: Callable[[tuple[Value, ...]], Type] | None = None
    deterministic: bool = True
    keyed: bool = False
    strict: int | None = None


def template(text: str) -> Callable[[TypedCall], str]:
    """The SQL of a call as a template with {0}, {1}, … for the arguments."""
    return lambda call: text.format(*(call[i] for i in range(len(call))))


def renamed(name: str) -> Callable[[TypedCall], str]:
    """The SQL of a call of DuckDB's function (or macro, or Python function) of that name with the same arguments."""
    return lambda call: f"{name}({', '.join(call[i] for i in range(len(call)))})"


def aggregated(name: str) -> Callable[[TypedCall], str]:
    """The SQL of DuckDB's aggregate or window function of that name with the same arguments."""
    return lambda call: call.aggregate(name, *(call[i] for i in range(len(call))))


def entry(
    signatures: str,
    sql: str | Callable[[TypedCall], str],
    example: str,
    answer: str | None,
    *,
    kind: Kind = "scalar",
    result: Callable[[tuple[Value, ...]], Type] | None = None,
    deterministic: bool = True,
    keyed: bool = False,
    strict: int | None = None,
) -> TrinoFunction:
    """A TrinoFunction from its signatures, separated by semicolons.

    `sql` is a callable, a template if it has a brace, or the name of a DuckDB function with the same arguments.
    """
    texts = tuple(text.strip() for text in signatures.split(";"))
    name = texts[0].partition("(")[0].split()[-1]
    if isinstance(sql, str):
        named = aggregated if kind != "scalar" else renamed
        sql = template(sql) if "{" in sql else named(sql)
    return TrinoFunction(name, texts, sql, (example, answer), kind, result, deterministic, keyed, strict)
