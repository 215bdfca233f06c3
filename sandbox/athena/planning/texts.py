"""Functions of a planned statement's text, whose results are kept: a query is planned alike each time it is run."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")
_MAX_TEXTS = 64
"""The most results that are kept of a function."""
_LONG_TEXT = 32_768
"""The length of a text, such as that of an INSERT of many VALUES, whose result is not kept."""


def kept(function: Callable[Concatenate[str, _P], _T]) -> Callable[Concatenate[str, _P], _T]:
    """Keep the results for the last texts; all arguments are hashable."""
    cached = lru_cache(maxsize=_MAX_TEXTS)(function)

    @wraps(function)
    def call(text: str, /, *others: _P.args, **named: _P.kwargs) -> _T:
        return (cached if len(text) < _LONG_TEXT else function)(text, *others, **named)

    return call
