"""The semantics of condition and filter expressions: their checks, and their evaluation for an item."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sandbox.dynamodb import compare
from sandbox.dynamodb.expressions.condition_syntax import Condition, Junction, Negation, Predicate, parse
from sandbox.dynamodb.expressions.operands import (
    Bound,
    Values,
    at_path,
    at_placeholder,
    constant,
    expect_count,
    expect_path,
    misused,
    wrong_kind,
)
from sandbox.dynamodb.expressions.placeholders import Marks, Placeholders
from sandbox.dynamodb.expressions.syntax import Arithmetic, FunctionCall, Literal, Operand, Path, ValueRef, shown
from sandbox.dynamodb.expressions.tokens import ExpressionError
from sandbox.dynamodb.values import Attributes, Value

_MAX_IN = 100


Test = Callable[[Attributes], bool]
"""Returns whether a condition holds for an item."""
Check = Callable[[Attributes, Values], bool]
"""Returns whether a condition holds for an item and the values of its placeholders."""
_MAX_COMPILED = 1024
_compiled: dict[object, tuple[Check, Marks]] = {}


def bound(text: str, placeholders: Placeholders) -> Test:
    """Parse a condition and bind it, cached by its text, the names and the types of the values.

    Raises:
        ExpressionError: the text is not a condition, or `bind` refuses it.
    """
    key = (text, placeholders.signature)
    found = _compiled.get(key)
    if found is None:
        condition, given = parse(text), placeholders.unused_copy()
        found = compile_(condition, given), given.marks
        if not _needs_values(condition):
            if len(_compiled) >= _MAX_COMPILED:
                _compiled.clear()
            _compiled[key] = found
    check, marks = found
    placeholders.use(marks)
    values = placeholders.values
    return lambda item: check(item, values)


def bind(condition: Condition, placeholders: Placeholders) -> Test:
    """Return the test of a condition.

    Raises:
        ExpressionError: a placeholder is not defined, or an operand has the wrong type.
    """
    check = compile_(condition, placeholders)
    values = placeholders.values
    return lambda item: check(item, values)


def _needs_values(condition: Condition | Operand) -> bool:
    """Return whether the checks depend on the values themselves and not only on their types."""
    match condition:
        case Predicate("BETWEEN", _) | FunctionCall("attribute_type", _):
            return True
        case Junction(_, parts):
            return any(_needs_values(part) for part in parts)
        case Negation(part):
            return _needs_values(part)
        case _:
            return False


def compile_(condition: Condition, placeholders: Placeholders) -> Check:
    """Bind a condition as `bind` does, but without the values."""
    placeholders.resolve(condition)
    return _compile(condition, placeholders)


def _compile(condition: Condition, placeholders: Placeholders) -> Check:
    match condition:
        case Junction(operator, parts):
            tests = [_compile(part, placeholders) for part in parts]
            if operator == "AND":
                return lambda item, values: all(test(item, values) for test in tests)
            return lambda item, values: any(test(item, values) for test in tests)
        case Negation(part):
            negated = _compile(part, placeholders)
            return lambda item, values: not negated(item, values)
        case Predicate(operator, operands):
            return _OPERATORS_AND_WORDS[operator](operator, [bind_operand(one, placeholders) for one in operands])
        case FunctionCall(function, operands):
            return _call(function, operands, placeholders)


def bind_operand(operand: Operand, placeholders: Placeholders) -> Bound:
    """Bind an operand of a condition."""
    match operand:
        case Path():
            return at_path(placeholders.path(operand))
        case ValueRef(name):
            return at_placeholder(name, placeholders.value(name))
        case Literal(value):
            return constant(value)
        case FunctionCall("size", operands):
            bound = [bind_operand(one, placeholders) for one in operands]
            expect_count("size", len(bound), 1)
            return _size(bound[0])
        case FunctionCall(function, _):
            raise _misused(function)
        case Arithmetic():
            raise ExpressionError("Arithmetic is not allowed in a condition expression")


def _call(function: str, operands: tuple[Operand, ...], placeholders: Placeholders) -> Check:
    known = _FUNCTIONS.get(function)
    if known is None:
        raise _misused(function)
    bound = [bind_operand(one, placeholders) for one in operands]
    expect_count(function, len(bound), known.operands)
    return known.bind(function, bound)


def _misused(function: str) -> ExpressionError:
    if function in _FUNCTIONS or function == "size":
        return misused(function)
    if function in ("if_not_exists", "list_append"):
        return ExpressionError(f"The function is not allowed in a condition expression; function: {function}")
    return ExpressionError(f"Invalid function name; function: {function}")


def _size(operand: Bound) -> Bound:
    if operand.kind in ("N", "BOOL", "NULL"):
        raise wrong_kind("size", operand.kind)

    def get(item: Attributes, values: Values) -> Value | None:
        value = operand.get(item, values)
        return None if value is None else compare.size(value)

    return Bound(get, "N")


def _refuse_same(operator: str, operands: list[Bound]) -> None:
    first = operands[0].path
    if first is not None and any(operand.path == first for operand in operands[1:]):
        raise ExpressionError(
            "The first operand must be distinct from the remaining operands for this operator or function; "
            f"operator: {operator}, first operand: {shown(first)}"
        )


def _refuse_kinds(operator: str, operands: list[Bound], allowed: frozenset[str]) -> None:
    for operand in operands:
        if operand.kind is not None and operand.kind not in allowed:
            raise wrong_kind(operator, operand.kind)


def _equals(operator: str, operands: list[Bound]) -> Check:
    _refuse_same(operator, operands)
    left, right = operands

    def same(item: Attributes, values: Values) -> bool:
        a = left.get(item, values)
        return a is not None and a == right.get(item, values)

    # A missing value differs from every value.
    return same if operator == "=" else lambda item, values: not same(item, values)


_COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "<": compare.is_less,
    "<=": compare.is_at_most,
    ">": lambda left, right: compare.is_less(right, left),
    ">=": lambda left, right: compare.is_at_most(right, left),
}


def _ordered(operator: str, operands: list[Bound]) -> Check:
    _refuse_same(operator, operands)
    _refuse_kinds(operator, operands, compare.ORDERED)
    return _both(operands, _COMPARISONS[operator])


def _both(operands: list[Bound], test: Callable[[Value, Value], bool]) -> Check:
    """A test of two values, False if either is missing."""
    left, right = operands

    def holds(item: Attributes, values: Values) -> bool:
        a, b = left.get(item, values), right.get(item, values)
        return a is not None and b is not None and test(a, b)

    return holds


def _between(operator: str, operands: list[Bound]) -> Check:
    _refuse_same(operator, operands)
    _refuse_kinds(operator, operands, compare.ORDERED)
    value, low, high = operands
    refuse_bounds(low.value, high.value)
    at_least, at_most = _both([low, value], compare.is_at_most), _both([value, high], compare.is_at_most)
    return lambda item, values: at_least(item, values) and at_most(item, values)


def refuse_bounds(low: Value | None, high: Value | None) -> None:
    """Raise ExpressionError if the bounds of BETWEEN are known, and have two types or the wrong order."""
    if low is None or high is None:
        return
    ((low_kind, low_content),), ((high_kind, high_content),) = low.items(), high.items()
    if low_kind != high_kind:
        wrong = "same data type for lower and upper bounds"
    elif compare.is_less(high, low):
        wrong = "upper bound to be greater than or equal to lower bound"
    else:
        return
    raise ExpressionError(
        f"The BETWEEN operator requires {wrong}; "
        f"lower bound operand: AttributeValue: {{{low_kind}:{low_content}}}, "
        f"upper bound operand: AttributeValue: {{{high_kind}:{high_content}}}"
    )


def _in(operator: str, operands: list[Bound]) -> Check:
    _refuse_same(operator, operands)
    if len(operands) - 1 > _MAX_IN:
        raise ExpressionError(
            f"The IN operator is provided with too many operands; number of operands: {len(operands) - 1}"
        )
    value, *candidates = operands

    def holds(item: Attributes, values: Values) -> bool:
        found = value.get(item, values)
        return found is not None and any(found == candidate.get(item, values) for candidate in candidates)

    return holds


_OPERATORS_AND_WORDS: dict[str, Callable[[str, list[Bound]], Check]] = {
    "=": _equals,
    "<>": _equals,
    **dict.fromkeys(_COMPARISONS, _ordered),
    "BETWEEN": _between,
    "IN": _in,
}


def _exists(function: str, operands: list[Bound]) -> Check:
    expect_path(function, operands[0])
    get = operands[0].get
    return lambda item, values: get(item, values) is not None


def _not_exists(function: str, operands: list[Bound]) -> Check:
    exists = _exists(function, operands)
    return lambda item, values: not exists(item, values)


_TYPES = ("B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M")


def _attribute_type(function: str, operands: list[Bound]) -> Check:
    operand, wanted = operands
    if wanted.value is None:
        raise wrong_kind(function, f"{{{','.join(_TYPES)}}}")
    if wanted.kind != "S":
        raise wrong_kind(function, str(wanted.kind))
    kind = wanted.value["S"]
    if kind not in _TYPES:
        raise ExpressionError(f"Invalid attribute type name found; type: {kind}, valid types: {{{','.join(_TYPES)}}}")
    return lambda item, values: kind in (operand.get(item, values) or {})


def _begins_with(function: str, operands: list[Bound]) -> Check:
    _refuse_same(function, operands)
    _refuse_kinds(function, operands, frozenset({"S", "B"}))
    return _both(operands, compare.begins_with)


def _contains(function: str, operands: list[Bound]) -> Check:
    _refuse_same(function, operands)
    return _both(operands, compare.contains)


class _Function(NamedTuple):
    operands: int
    bind: Callable[[str, list[Bound]], Check]


_FUNCTIONS = {
    "attribute_exists": _Function(1, _exists),
    "attribute_not_exists": _Function(1, _not_exists),
    "attribute_type": _Function(2, _attribute_type),
    "begins_with": _Function(2, _begins_with),
    "contains": _Function(2, _contains),
}
