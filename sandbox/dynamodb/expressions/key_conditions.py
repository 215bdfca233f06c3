"""Key condition expressions: a value of the partition key, and optionally a condition on the sort key."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sandbox.dynamodb.errors import invalid, invalid_parameter
from sandbox.dynamodb.expressions.condition_syntax import Condition, Junction, Negation, Predicate
from sandbox.dynamodb.expressions.conditions import bind
from sandbox.dynamodb.expressions.placeholders import Placeholders
from sandbox.dynamodb.expressions.syntax import FunctionCall, Literal, Operand, Path, ValueRef
from sandbox.dynamodb.schema import KeySchema, KeySchemaElement, refuse_empty_key
from sandbox.dynamodb.values import Value

_MAX_TESTS = 2
_PREFIX = "begins_with"
_MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_NOT_SUPPORTED = "Query key condition not supported"
_INVALID_OPERATOR = "Invalid operator used in KeyConditionExpression: {}"


class KeyTest(NamedTuple):
    """An operator (=, <, <=, >, >=, BETWEEN, begins_with) on one key attribute, and its values."""

    name: str
    operator: str
    values: tuple[Value, ...]


class KeyCondition(NamedTuple):
    """The requested partition, and the test of the sort key, None for the whole partition."""

    hash: str
    range: KeyTest | None


def tests_of(condition: Condition, placeholders: Placeholders) -> list[KeyTest]:
    """The tests of a key condition.

    Raises:
        ExpressionError: it is not a valid condition.
        DynamoError: it is not a valid key condition.
    """
    bind(condition, placeholders)
    tests = [_test(part, placeholders) for part in _parts(condition)]
    names = [test.name for test in tests]
    if len(set(names)) != len(names):
        raise invalid("KeyConditionExpressions must only contain one condition per key")
    if len(tests) > _MAX_TESTS:
        raise invalid("Conditions can be of length 1 or 2 only")
    return tests


def of_schema(
    tests: list[KeyTest], key: KeySchema, check: Callable[[KeySchemaElement], None] | None = None
) -> KeyCondition:
    """The partition and range that the tests select by a key.

    `check` is called for each part of the key before its test is checked. The order of the checks: mhart/dynalite
    test/query.js, recorded on AWS.

    Raises:
        DynamoError: a test is of another attribute, or `check` raises it.
    """
    by_name = {test.name: test for test in tests}
    for part in key:
        if check is not None:
            check(part)
        if key.range is None and len(tests) > 1:
            raise invalid(_NOT_SUPPORTED)
        test = by_name.get(part.name)
        if test is None:
            if part is key.hash or len(tests) > 1:
                raise invalid(f"Query condition missed key schema element: {part.name}")
            continue
        for value in test.values:
            if part.kind not in value:
                raise invalid_parameter("Condition parameter type does not match schema type")
            refuse_empty_key(part, value)
        if part is key.hash and test.operator != "=":
            raise invalid(_NOT_SUPPORTED)
    range_ = None if key.range is None else by_name.get(key.range.name)
    return KeyCondition(by_name[key.hash.name].values[0][key.hash.kind], range_)


def _parts(condition: Condition) -> list[Predicate | FunctionCall]:
    match condition:
        case Junction("AND", parts):
            return [each for part in parts for each in _parts(part)]
        case Junction(operator, _):
            raise invalid(_INVALID_OPERATOR.format(operator))
        case Negation():
            raise invalid(_INVALID_OPERATOR.format("NOT"))
        case _:
            return [condition]


def _test(condition: Predicate | FunctionCall, placeholders: Placeholders) -> KeyTest:
    if isinstance(condition, FunctionCall):
        if condition.function != _PREFIX:
            raise invalid(_INVALID_OPERATOR.format(condition.function))
        operator = _PREFIX
    else:
        operator = condition.operator
        if operator not in _MIRRORED and operator != "BETWEEN":
            raise invalid(_INVALID_OPERATOR.format(operator))
    operands = condition.operands
    if any(isinstance(operand, FunctionCall) for operand in operands):
        raise invalid("KeyConditionExpressions cannot contain nested operations")
    if operator in _MIRRORED and isinstance(operands[1], Path):
        if isinstance(operands[0], Path):
            raise invalid("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition")
        operator, operands = _MIRRORED[operator], (operands[1], operands[0])
    named, *values = operands
    return KeyTest(_name(named, operator, placeholders), operator, tuple(_value(one, placeholders) for one in values))


def _name(operand: Operand, operator: str, placeholders: Placeholders) -> str:
    if not isinstance(operand, Path):
        wrong = "No key attribute specified"
        if operator not in _MIRRORED:
            wrong = f"{operator} operator must have the key attribute as its first operand"
        raise invalid(f"Invalid condition in KeyConditionExpression: {wrong}")
    first, *deeper = placeholders.path(operand)
    if deeper:
        raise invalid("KeyConditionExpressions cannot have conditions on nested attributes")
    return str(first)


def _value(operand: Operand, placeholders: Placeholders) -> Value:
    match operand:
        case ValueRef(name):
            return placeholders.value(name)
        case Literal(value):
            return value
        case _:
            raise invalid("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition")
