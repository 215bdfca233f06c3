"""The parameters from before expressions, as the parsed elements of expressions.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html The checks and their
order: validations/index.js of mhart/dynalite.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sandbox.dynamodb import compare
from sandbox.dynamodb.errors import invalid, invalid_parameter
from sandbox.dynamodb.expressions.condition_syntax import Condition, Junction, Negation, Predicate
from sandbox.dynamodb.expressions.key_conditions import KeyTest
from sandbox.dynamodb.expressions.syntax import FunctionCall, Literal, Operand, Path
from sandbox.dynamodb.expressions.updates import Action
from sandbox.dynamodb.requests import AttributeUpdate, Expectation, LegacyCondition
from sandbox.dynamodb.values import Value, kind_of, measure, refuse_names

_SCALARS = frozenset({"S", "N", "B"})
_WITH_SETS = _SCALARS | {"SS", "NS", "BS"}
_ANY = _WITH_SETS | {"BOOL", "NULL", "L", "M"}


class _Rule(NamedTuple):
    """A comparison: the number and types of its values, and its equivalent expression."""

    number: tuple[int, int | None]
    kinds: frozenset[str]
    condition: Callable[[Path, Sequence[Operand]], Condition]


def _compared(operator: str) -> Callable[[Path, Sequence[Operand]], Condition]:
    return lambda path, values: Predicate(operator, (path, *values))


def _called(function: str) -> Callable[[Path, Sequence[Operand]], Condition]:
    return lambda path, values: FunctionCall(function, (path, *values))


def _not_contains(path: Path, values: Sequence[Operand]) -> Condition:
    exists = FunctionCall("attribute_exists", (path,))
    return Junction("AND", (exists, Negation(FunctionCall("contains", (path, *values)))))


_RULES = {
    "NULL": _Rule((0, 0), _ANY, _called("attribute_not_exists")),
    "NOT_NULL": _Rule((0, 0), _ANY, _called("attribute_exists")),
    "EQ": _Rule((1, 1), _ANY, _compared("=")),
    "NE": _Rule((1, 1), _ANY, _compared("<>")),
    "LE": _Rule((1, 1), _SCALARS, _compared("<=")),
    "LT": _Rule((1, 1), _SCALARS, _compared("<")),
    "GE": _Rule((1, 1), _SCALARS, _compared(">=")),
    "GT": _Rule((1, 1), _SCALARS, _compared(">")),
    "CONTAINS": _Rule((1, 1), _SCALARS, _called("contains")),
    "NOT_CONTAINS": _Rule((1, 1), _SCALARS, _not_contains),
    "BEGINS_WITH": _Rule((1, 1), frozenset({"S", "B"}), _called("begins_with")),
    "IN": _Rule((1, None), _SCALARS, _compared("IN")),
    "BETWEEN": _Rule((2, 2), _SCALARS, _compared("BETWEEN")),
}
_KEY_OPERATORS = {
    "EQ": "=",
    "LE": "<=",
    "LT": "<",
    "GE": ">=",
    "GT": ">",
    "BETWEEN": "BETWEEN",
    "BEGINS_WITH": "begins_with",
}


def expected(given: Mapping[str, Expectation], operator: str | None) -> Condition | None:
    """The condition of a write's `Expected`, None if it has none; raises DynamoError if one is invalid."""
    refuse_names(given)
    return _joined([_expectation(name, one) for name, one in given.items()], operator)


def filtered(given: Mapping[str, LegacyCondition], operator: str | None) -> Condition | None:
    """The condition of a `QueryFilter` or `ScanFilter`, None if it has none; raises DynamoError if one is invalid."""
    refuse_names(given)
    return _joined([_condition(name, one) for name, one in given.items()], operator)


def key_tests(given: Mapping[str, LegacyCondition]) -> list[KeyTest]:
    """The tests of a Query's `KeyConditions`; raises DynamoError if one is invalid."""
    if not given:
        raise invalid("Conditions must be at least length 1")
    refuse_names(given)
    tests: list[KeyTest] = []
    for name, one in given.items():
        _condition(name, one)
        operator = _KEY_OPERATORS.get(one.ComparisonOperator)
        if operator is None:
            raise invalid("Attempted conditional constraint is not an indexable operation")
        tests.append(KeyTest(name, operator, tuple(one.AttributeValueList or ())))
    if len(tests) > 2:
        raise invalid("Conditions can be of length 1 or 2 only")
    return tests


def updates(given: Mapping[str, AttributeUpdate]) -> list[Action]:
    """The actions of an UpdateItem's `AttributeUpdates`; raises DynamoError if one is invalid."""
    refuse_names(given)
    return [_action(name, one) for name, one in given.items()]


def _expectation(name: str, given: Expectation) -> Condition:
    if given.Value is not None and given.AttributeValueList is not None:
        raise _wrong("Value and AttributeValueList cannot be used together", name)
    if given.ComparisonOperator is not None:
        return _compared_expectation(name, given)
    if given.AttributeValueList is not None:
        raise _wrong("AttributeValueList can only be used with a ComparisonOperator", name)
    path = Path((name,))
    if given.Exists is False:
        if given.Value is not None:
            raise _wrong("Value cannot be used when Exists is false", name)
        return FunctionCall("attribute_not_exists", (path,))
    if given.Value is None:
        shown = "null" if given.Exists is None else "true"
        raise _wrong(f"Value must be provided when Exists is {shown}", name)
    measure(given.Value)
    return Predicate("=", (path, Literal(given.Value)))


def _compared_expectation(name: str, given: Expectation) -> Condition:
    operator = str(given.ComparisonOperator)
    if given.Exists is not None:
        raise _wrong("Exists and ComparisonOperator cannot be used together", name)
    values = given.AttributeValueList
    if values is None:
        values = [] if given.Value is None else [given.Value]
        if not values and operator not in ("NULL", "NOT_NULL"):
            raise _wrong(f"Value or AttributeValueList must be used with ComparisonOperator: {operator}", name)
    return _checked(name, operator, values)


def _condition(name: str, given: LegacyCondition) -> Condition:
    return _checked(name, given.ComparisonOperator, given.AttributeValueList or [])


def _checked(name: str, operator: str, values: list[Value]) -> Condition:
    rule = _RULES[operator]
    for value in values:
        measure(value)
    least, most = rule.number
    if len(values) < least or (most is not None and len(values) > most):
        raise invalid_parameter(f"Invalid number of argument(s) for the {operator} ComparisonOperator")
    kinds = [kind_of(value) for value in values]
    if len(set(kinds)) > 1:
        raise invalid_parameter("AttributeValues inside AttributeValueList must be of same type")
    for kind in kinds:
        if kind not in rule.kinds:
            raise invalid_parameter(f"ComparisonOperator {operator} is not valid for {kind} AttributeValue type")
    if operator == "BETWEEN" and compare.is_less(values[1], values[0]):
        raise invalid(
            "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"
        )
    return rule.condition(Path((name,)), [Literal(value) for value in values])


def _joined(conditions: list[Condition], operator: str | None) -> Condition | None:
    """The conditions as one. DynamoDB refuses a ConditionalOperator that joins none, also in the client of DAX."""
    if operator is not None and len(conditions) < 2:
        without = "cannot be used without Filter or Expected"
        one = "can only be used when Filter or Expected has two or more elements"
        raise invalid(f"ConditionalOperator {one if conditions else without}")
    if not conditions:
        return None
    return conditions[0] if len(conditions) == 1 else Junction(operator or "AND", tuple(conditions))


def _action(name: str, given: AttributeUpdate) -> Action:
    path, value = Path((name,)), given.Value
    if value is None:
        if given.Action != "DELETE":
            raise invalid_parameter("Only DELETE action is allowed when no attribute value is specified")
        return Action("REMOVE", path, None)
    measure(value)
    kind = kind_of(value)
    if given.Action == "PUT":
        return Action("SET", path, Literal(value))
    if given.Action == "DELETE":
        if kind not in ("SS", "NS", "BS"):
            raise invalid_parameter(f"DELETE action with value is not supported for the type {kind}")
        return Action("DELETE", path, Literal(value))
    if kind not in ("L", "N", "SS", "NS", "BS"):
        raise invalid_parameter(f"ADD action is not supported for the type {kind}")
    if kind == "L":
        present = FunctionCall("if_not_exists", (path, Literal({"L": []})))
        return Action("SET", path, FunctionCall("list_append", (present, Literal(value))))
    return Action("ADD", path, Literal(value))


def _wrong(what: str, name: str) -> Exception:
    return invalid_parameter(f"{what} for Attribute: {name}")
