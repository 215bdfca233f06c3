"""EventBridge event patterns of a pipe's filters.

A pattern is compiled once into a predicate on events. Rules:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
- every field of a pattern must match; `$or` has patterns of which one must match;
- a field's list has values and operators of which one must match;
- an array in the event matches when one of its elements does, and fields of
  one array's objects must match in the same element;
- a field that is missing matches only {"exists": false}.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from functools import partial
from operator import eq, ge, gt, le, lt, ne
from typing import Any, cast

import msgspec

Predicate = Callable[[Any], bool]

MISSING = object()
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "=": eq,
    "!=": ne,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
}


class PatternError(ValueError):
    """A pattern that EventBridge refuses; its text is the reason."""


def compile_filters(patterns: Iterable[str]) -> Predicate:
    """A predicate that is true for events that match one of the patterns (JSON texts); without patterns, for all.

    Raises:
        PatternError: a text is not JSON or not a pattern.
    """
    predicates = [_compile_text(text) for text in patterns]
    if not predicates:
        return lambda _event: True
    return _any(predicates)


def _any(predicates: list[Predicate]) -> Predicate:
    """A predicate that is true if one of them is."""
    if len(predicates) == 1:
        return predicates[0]
    if len(predicates) == 2:
        one, other = predicates
        return lambda value: one(value) or other(value)
    return lambda value: any(matches(value) for matches in predicates)


def _all(predicates: list[Predicate]) -> Predicate:
    """A predicate that is true if each of them is."""
    if len(predicates) == 1:
        return predicates[0]
    return lambda value: all(matches(value) for matches in predicates)


def _compile_text(text: str) -> Predicate:
    try:
        pattern = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise PatternError(f"filter pattern {text!r} is not JSON: {error}") from error
    return compile_pattern(pattern)


def compile_pattern(pattern: object) -> Predicate:
    """A predicate on decoded events for one decoded pattern; raises PatternError for an invalid one."""
    if not isinstance(pattern, dict):
        raise PatternError(f"a pattern is an object, not {pattern!r}")
    fields = cast("dict[str, Any]", pattern)
    checks: list[Predicate] = [
        _any_of(rule) if name == "$or" else _check_field(name, _compile_field(name, rule))
        for name, rule in fields.items()
    ]
    return _check_object(_all(checks))


def _check_object(matches: Predicate) -> Predicate:
    """A predicate that is true if the fields of an object match, or those of one object in an array."""

    def check(value: Any) -> bool:
        if isinstance(value, dict):
            return matches(value)
        if isinstance(value, list):
            return any(check(element) for element in cast("list[Any]", value))
        # A missing or scalar value has no fields: only {"exists": false} below it can match.
        return matches({})

    return check


def _check_field(name: str, matches: Predicate) -> Predicate:
    return lambda fields: matches(fields.get(name, MISSING))


def _any_of(rule: Any) -> Predicate:
    if not isinstance(rule, list) or not rule:
        raise PatternError(f"$or requires a list of patterns, not {rule!r}")
    predicates = [compile_pattern(pattern) for pattern in cast("list[Any]", rule)]
    return _any(predicates)


def _compile_field(name: str, rule: Any) -> Predicate:
    if isinstance(rule, dict):
        return compile_pattern(cast("dict[str, Any]", rule))
    if not isinstance(rule, list) or not rule:
        raise PatternError(f"field {name!r} requires a list of values to match or an object, not {rule!r}")
    matchers = [_compile_matcher(matcher) for matcher in cast("list[Any]", rule)]
    return _any(matchers)


def _compile_matcher(matcher: Any) -> Predicate:
    if isinstance(matcher, list):
        raise PatternError(f"{matcher!r} is neither a value nor an operator")
    if not isinstance(matcher, dict):
        return _check_scalar(partial(_equals, matcher))
    operators = cast("dict[str, Any]", matcher)
    if len(operators) != 1:
        raise PatternError(f"an operator is an object with one field, not {operators!r}")
    ((operator, operand),) = operators.items()
    if operator == "exists":
        return _exists(operand)
    return _check_scalar(_compile_operator(operator, operand))


def _check_scalar(matches: Predicate) -> Predicate:
    """A predicate that is true if a scalar, or one element of an array, matches."""

    def check(value: Any) -> bool:
        if isinstance(value, list):
            return any(check(element) for element in cast("list[Any]", value))
        return value is not MISSING and not isinstance(value, dict) and matches(value)

    return check


def _exists(operand: Any) -> Predicate:
    # Only leaves exist: an object does not "exist".
    if operand is True:
        return lambda value: value is not MISSING and not isinstance(value, dict)
    if operand is False:
        return lambda value: value is MISSING or isinstance(value, dict)
    raise PatternError(f"exists is true or false, not {operand!r}")


def _compile_operator(operator: str, operand: Any) -> Predicate:
    if operator == "anything-but":
        return _anything_but(operand)
    if operator == "numeric":
        return _numeric(operand)
    if operator == "cidr":
        return _cidr(operand)
    return _text_operator(operator, operand)


def _equals(expected: Any, value: Any) -> bool:
    if isinstance(expected, bool) or isinstance(value, bool):
        return expected is value
    return expected == value


def _text_operator(operator: str, operand: Any) -> Predicate:
    if isinstance(operand, dict) and operator in {"prefix", "suffix"}:
        return _text_ignoring_case(operator, cast("dict[str, Any]", operand))
    if not isinstance(operand, str):
        raise PatternError(f"{operator} takes a string, not {operand!r}")
    match operator:
        case "prefix":
            return lambda value: isinstance(value, str) and value.startswith(operand)
        case "suffix":
            return lambda value: isinstance(value, str) and value.endswith(operand)
        case "equals-ignore-case":
            folded = operand.casefold()
            return lambda value: isinstance(value, str) and value.casefold() == folded
        case "wildcard":
            expression = _wildcard(operand)
            return lambda value: isinstance(value, str) and expression.fullmatch(value) is not None
        case _:
            raise PatternError(f"{operator!r} is not an operator of event patterns")


def _text_ignoring_case(operator: str, operand: dict[str, Any]) -> Predicate:
    text = operand.get("equals-ignore-case")
    if len(operand) != 1 or not isinstance(text, str):
        raise PatternError(f"{operator} takes a string or equals-ignore-case, not {operand!r}")
    matches = _text_operator(operator, text.casefold())
    return lambda value: isinstance(value, str) and matches(value.casefold())


def _wildcard(pattern: str) -> re.Pattern[str]:
    r"""The expression of a wildcard: `*` matches any characters; `\*` and `\\` match themselves."""
    parts = re.findall(r"\\.|\*|[^\\*]+|\\$", pattern, re.DOTALL)
    expression = "".join(".*" if part == "*" else re.escape(part[1:] if part[0] == "\\" else part) for part in parts)
    return re.compile(expression, re.DOTALL)


def _anything_but(operand: Any) -> Predicate:
    if isinstance(operand, dict):
        ((operator, inner),) = cast("dict[str, Any]", operand).items()
        options = _listed(inner)
        excluded = [_text_operator(operator, option) for option in options]
    else:
        values = _listed(operand)
        if not values or any(isinstance(value, (dict, list)) for value in values):
            raise PatternError(f"anything-but takes values or one operator, not {operand!r}")
        excluded = [partial(_equals, value) for value in values]
    return lambda value: not any(matches(value) for matches in excluded)


def _listed(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _numeric(operand: Any) -> Predicate:
    if not isinstance(operand, list) or not operand or len(cast("list[Any]", operand)) % 2:
        raise PatternError(f"numeric takes pairs of a comparison and a number, not {operand!r}")
    terms = cast("list[Any]", operand)
    bounds: list[Predicate] = []
    for comparison, bound in zip(terms[::2], terms[1::2], strict=True):
        if comparison not in _COMPARISONS or isinstance(bound, bool) or not isinstance(bound, (int, float)):
            raise PatternError(f"numeric takes pairs of a comparison and a number, not {operand!r}")
        bounds.append(_bound(_COMPARISONS[comparison], bound))
    within = _all(bounds)
    return lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and within(value)


def _bound(compare: Callable[[float, float], bool], bound: float) -> Predicate:
    return lambda value: compare(value, bound)


def _cidr(operand: Any) -> Predicate:
    try:
        network = ipaddress.ip_network(operand, strict=False)
    except ValueError as error:
        raise PatternError(f"cidr takes a network, not {operand!r}") from error

    def matches(value: Any) -> bool:
        try:
            return isinstance(value, str) and ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return matches
