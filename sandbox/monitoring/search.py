"""SEARCH expressions: the selection of metrics by a text.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sandbox.monitoring.recorder import MetricKey
from sandbox.monitoring.series import MathError

_SCHEMA = re.compile(r"\s*\{([^}]*)\}")
_TERM = re.compile(
    r"""\s*(?:(?P<sign>[()])|(?P<word>(?:"[^"]*"|[^\s()"=])+)\s*(?:=\s*(?P<value>"[^"]*"|[^\s()"]+))?)"""
)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

Test = Callable[[MetricKey], bool]


def search(text: str) -> Test:
    """Return the test whether a search text matches a metric.

    Raises:
        MathError: it is not a search expression.
    """
    schema = _SCHEMA.match(text)
    found = _Terms(text[schema.end() :] if schema else text).whole()
    if schema is None:
        return found
    namespace, *names = [part.strip().strip('"') for part in schema[1].split(",")]
    dimensions = set(names)
    return lambda metric: (
        metric.namespace == namespace and {name for name, _ in metric.dimensions} == dimensions and found(metric)
    )


class _Terms:
    """Parses terms; adjacent terms are joined by AND, which binds more closely than OR."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [match for match in _TERM.finditer(text) if match[0].strip()]
        self._at = 0

    def whole(self) -> Test:
        test = self._any() if self._tokens else _everything
        if self._at < len(self._tokens):
            raise MathError(f"The search expression is not complete: {self._text}")
        return test

    def _any(self) -> Test:
        tests = [self._all()]
        while self._word() == "OR":
            self._at += 1
            tests.append(self._all())
        return lambda metric: any(test(metric) for test in tests)

    def _all(self) -> Test:
        tests = [self._not()]
        while self._at < len(self._tokens) and self._word() not in ("OR", ")"):
            if self._word() == "AND":
                self._at += 1
            tests.append(self._not())
        return lambda metric: all(test(metric) for test in tests)

    def _not(self) -> Test:
        if self._word() == "NOT":
            self._at += 1
            test = self._not()
            return lambda metric: not test(metric)
        if self._at >= len(self._tokens):
            raise MathError(f"The search expression ends too early: {self._text}")
        token = self._tokens[self._at]
        self._at += 1
        if token["sign"] == "(":
            test = self._any()
            if self._word() != ")":
                raise MathError(f"A ) is missing in the search expression: {self._text}")
            self._at += 1
            return test
        return _term(token["word"] or "", token["value"])

    def _word(self) -> str:
        if self._at >= len(self._tokens):
            return ""
        token = self._tokens[self._at]
        return token["sign"] or ("" if token["value"] else token["word"] or "")


def _everything(_: MetricKey) -> bool:
    return True


def _term(word: str, value: str | None) -> Test:
    """One term: a name alone, a "whole text", or a property and its value; a quoted value must match completely."""
    if value is None:
        return _matches(word, lambda metric: [metric.namespace, metric.name, *_pairs(metric)])
    name = word.strip('"')
    return _matches(value, lambda metric: _property(metric, name))


def _matches(given: str, texts: Callable[[MetricKey], list[str]]) -> Test:
    if given.startswith('"'):
        whole = given.strip('"')
        return lambda metric: whole in texts(metric)
    words = _split(given)
    return lambda metric: any(words <= _split(text) for text in texts(metric))


def _split(text: str) -> set[str]:
    return {word.lower() for word in _WORDS.findall(text)} or {text.lower()}


def _pairs(metric: MetricKey) -> list[str]:
    return [part for pair in metric.dimensions for part in pair]


def _property(metric: MetricKey, name: str) -> list[str]:
    if name == "Namespace":
        return [metric.namespace]
    if name == "MetricName":
        return [metric.name]
    return [value for dimension, value in metric.dimensions if dimension == name]
