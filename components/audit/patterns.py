"""Whether a text is a valid event pattern of EventBridge's rules and Pipes' filters.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html
"""

from __future__ import annotations

import json
from typing import Any, cast

_OPERATORS = frozenset(
    {"anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix", "wildcard"},
)


def is_pattern(text: str) -> bool:
    """A non-empty object whose leaves are non-empty lists of plain values and operators."""
    try:
        pattern: Any = json.loads(text)
    except ValueError:
        return False
    return isinstance(pattern, dict) and pattern != {} and _holds(cast("dict[str, Any]", pattern))


def _holds(pattern: dict[str, Any]) -> bool:
    return all(_is_matcher(name, value) for name, value in pattern.items())


def _is_matcher(name: str, value: Any) -> bool:
    if isinstance(value, dict):
        return _holds(cast("dict[str, Any]", value))
    if not isinstance(value, list) or not value:
        return False
    listed = [cast("dict[str, Any]", one) for one in cast("list[Any]", value) if isinstance(one, dict)]
    if name == "$or":
        return all(_holds(one) for one in listed)
    return all(one.keys() <= _OPERATORS for one in listed)
