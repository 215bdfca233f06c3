"""Validation of event patterns, the same for EventBridge's rules and Pipes's filters.

events/test_events_patterns.snapshot.json of localstack/localstack, rules/events
and rules/pipes of badmintoncryer/cdk-preflight.
"""

from __future__ import annotations

import json
from typing import Any, cast

_MATCH_TYPES = frozenset(
    {
        *("anything-but", "cidr", "equals-ignore-case", "exists", "numeric"),
        *("prefix", "suffix", "wildcard"),
    }
)


def complaint(text: str) -> str | None:
    """EventBridge's reason why a text is not an event pattern ("" if unknown); None for a valid pattern."""
    try:
        pattern: Any = json.loads(text)
    except ValueError:
        return ""
    if not isinstance(pattern, dict):
        return "Filter is not an object"
    if not pattern:
        return "Empty objects are not allowed"
    return _of_object(cast("dict[str, Any]", pattern))


def _of_object(pattern: dict[str, Any]) -> str | None:
    for name, value in pattern.items():
        match value:
            case dict():
                found = _of_object(cast("dict[str, Any]", value))
            case list():
                found = _of_list(name, cast("list[Any]", value))
            case _:
                found = f'"{name}" must be an object or an array'
        if found is not None:
            return found
    return None


def _of_list(name: str, values: list[Any]) -> str | None:
    if not values:
        return "Empty arrays are not allowed"
    for value in values:
        if not isinstance(value, dict):
            continue
        given = cast("dict[str, Any]", value)
        if name == "$or":
            found = _of_object(given)
        else:
            unknown = next((key for key in given if key not in _MATCH_TYPES), None)
            found = f"Unrecognized match type {unknown}" if unknown else None
        if found is not None:
            return found
    return None
