"""Metric math: an expression over the results of other queries.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from sandbox.monitoring import functions
from sandbox.monitoring.series import MathError, TimeSeries, TimeSpan, Value, combine

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<text>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')|(?P<sign><=|>=|==|!=|&&|\|\||[-+*/^()\[\],<>]))"
)
_KEYWORDS = frozenset({"ASC", "AVG", "DESC", "LINEAR", "MAX", "MIN", "REPEAT", "SUM"})
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
}
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("OR", "||"),
    ("AND", "&&"),
    tuple(_COMPARISONS),
    ("+", "-"),
    ("*", "/"),
    ("^",),
)
_ARITHMETIC: dict[str, Callable[[float, float], float | None]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda one, other: one / other if other else None,
    "^": lambda one, other: float(one**other) if one > 0 or other == int(other) else None,
    "AND": lambda one, other: float(bool(one) and bool(other)),
    "OR": lambda one, other: float(bool(one) or bool(other)),
}


class Search(Protocol):
    """Finds the metrics of a SEARCH by its text, a statistic and a period in seconds."""

    def __call__(self, text: str, statistic: str, period_s: int | None, /) -> list[TimeSeries]:
        """Return the series; raises MathError for an invalid search text."""
        ...


def evaluate(text: str, known: Mapping[str, Value], metrics: Collection[str], span: TimeSpan, search: Search) -> Value:
    """Return the value of an expression.

    `known` has results of queries by their ids, `metrics` the ids of the results that are metrics.

    Raises:
        MathError: CloudWatch refuses the expression, or the sandbox does not support it.
    """
    return _Evaluation(text, known, metrics, span, search).whole()


class _Evaluation:
    def __init__(
        self, text: str, known: Mapping[str, Value], metrics: Collection[str], span: TimeSpan, search: Search
    ) -> None:
        self._text = text
        self._metric_ids = metrics
        self._tokens = list(_tokens(text))
        self._at = 0
        self._known = known
        self._span = span
        self._search = search

    def whole(self) -> Value:
        value = self._level(0)
        if self._at < len(self._tokens):
            raise MathError(f"Error in expression '{self._text}': unexpected '{self._tokens[self._at][1]}'.")
        return value

    def _level(self, level: int) -> Value:
        if level == len(_LEVELS):
            return self._unary()
        value = self._level(level + 1)
        while (sign := self._peek()) in _LEVELS[level]:
            self._at += 1
            # Powers are right-associative.
            other = self._level(level if sign == "^" else level + 1)
            sign = {"&&": "AND", "||": "OR"}.get(sign, sign)
            if sign in _COMPARISONS:
                value = functions.truth(value, other, _COMPARISONS[sign])
            else:
                value = combine(value, other, _ARITHMETIC[sign])
        return value

    def _unary(self) -> Value:
        if self._peek() in ("-", "+"):
            sign = self._next()[1]
            return combine(-1.0 if sign == "-" else 1.0, self._unary(), operator.mul)
        return self._atom()

    def _atom(self) -> Value:
        kind, part = self._next()
        if kind == "number":
            return float(part)
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", part[1:-1])
        if kind == "name":
            return self._named(part)
        if part == "(":
            value = self._level(0)
            self._expect(")")
            return value
        if part == "[":
            return self._array()
        raise MathError(f"Error in expression '{self._text}': unexpected '{part}'.")

    def _named(self, name: str) -> Value:
        if self._peek() == "(":
            self._at += 1
            arguments = self._arguments(")")
            if name == "METRICS":
                return self._metrics(arguments)
            if name == "SEARCH":
                return self._found(arguments)
            return functions.call(name, arguments, self._span)
        if name in self._known:
            return self._known[name]
        if name in _KEYWORDS:
            return name
        raise MathError(f"Error in expression '{self._text}': the metric '{name}' is not defined.")

    def _array(self) -> Value:
        members: list[TimeSeries] = []
        for each in self._arguments("]"):
            if isinstance(each, TimeSeries):
                members.append(each)
            elif isinstance(each, list):
                members += each
            else:
                raise MathError(f"Error in expression '{self._text}': an array has time series.")
        return members

    def _arguments(self, end: str) -> list[Value]:
        arguments: list[Value] = []
        while self._peek() != end:
            arguments.append(self._level(0))
            if self._peek() != end:
                self._expect(",")
        self._at += 1
        return arguments

    def _metrics(self, arguments: list[Value]) -> Value:
        """METRICS() is all series of the request, METRICS("text") those whose id contains the text."""
        part = arguments[0] if arguments else ""
        return [
            series
            for name, value in self._known.items()
            if name in self._metric_ids and isinstance(part, str) and part in name
            for series in (value if isinstance(value, list) else [value])
            if isinstance(series, TimeSeries)
        ]

    def _found(self, arguments: list[Value]) -> Value:
        text, statistic, period = (*arguments, None, None, None)[:3]
        if not isinstance(text, str) or not isinstance(statistic, str):
            raise MathError("SEARCH takes a text, a statistic, and a period.")
        return self._search(text, statistic, int(period) if isinstance(period, int | float) else None)

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise MathError(f"Error in expression '{self._text}': it ends too early.")
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, token: str) -> None:
        if self._next()[1] != token:
            raise MathError(f"Error in expression '{self._text}': a '{token}' is missing.")


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise MathError(f"Error in expression '{text}': unexpected '{text[at:].strip()[0]}'.")
        found.append((match.lastgroup or "", match[match.lastgroup or 0]))
        at = match.end()
    return found


def names_in(text: str) -> set[str]:
    """The names that an expression uses: functions, keywords and the ids of other queries."""
    return {token for kind, token in _tokens(text) if kind == "name"}
