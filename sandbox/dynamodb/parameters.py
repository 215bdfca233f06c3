"""The parameters that requests share: their valid combinations, and the binding of their expressions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sandbox.dynamodb import legacy
from sandbox.dynamodb.errors import DynamoError, invalid, invalid_parameter
from sandbox.dynamodb.expressions import condition_syntax, conditions, projections
from sandbox.dynamodb.expressions.condition_syntax import Condition
from sandbox.dynamodb.expressions.conditions import Test
from sandbox.dynamodb.expressions.documents import ResolvedPath
from sandbox.dynamodb.expressions.placeholders import Placeholders
from sandbox.dynamodb.expressions.tokens import ExpressionError
from sandbox.dynamodb.requests import Expectation, Projected
from sandbox.dynamodb.table import StoredTable
from sandbox.dynamodb.values import Value, measure, name_fault, refuse_names, text_size

_NAME = re.compile(r"#[0-9a-zA-Z_]+", re.ASCII)
_VALUE = re.compile(r":[0-9a-zA-Z_]+", re.ASCII)
_MAX_PLACEHOLDER_BYTES = 255


class Kinds(NamedTuple):
    """The expression parameters of an operation, and the older parameters that they replace."""

    expressions: tuple[str, ...]
    legacy: tuple[str, ...]


def refuse_mixed(request: object, kinds: Kinds) -> None:
    """Check that a request's parameters can be combined.

    Raises:
        DynamoError: expressions are combined with the parameters that they replace, or placeholders have no expression.
    """
    used = _given(request, kinds.expressions)
    if used:
        older = _given(request, kinds.legacy)
        if "KeyConditionExpression" not in used and "KeyConditions" in older:
            # AWS takes KeyConditions beside expressions of the other kinds (mhart/dynalite validations/index.js).
            older.remove("KeyConditions")
        if older:
            raise invalid(
                "Can not use both expression and non-expression parameters in the same request: "
                f"Non-expression parameters: {{{', '.join(older)}}} Expression parameters: {{{', '.join(used)}}}"
            )
    elif getattr(request, "ExpressionAttributeNames", None) is not None:
        raise invalid("ExpressionAttributeNames can only be specified when using expressions")
    if getattr(request, "ExpressionAttributeValues", None) is None:
        return
    with_values = [name for name in kinds.expressions if name != "ProjectionExpression"]
    if not any(name in used for name in with_values):
        verb = "are" if len(with_values) > 1 else "is"
        raise invalid(
            "ExpressionAttributeValues can only be specified when using expressions: "
            f"{' and '.join(with_values)} {verb} null"
        )


def _given(request: object, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if getattr(request, name) is not None]


def placeholders(names: Mapping[str, str] | None, values: Mapping[str, Value] | None = None) -> Placeholders:
    """A request's names and values, checked; the values are normalized to DynamoDB's form.

    Raises:
        DynamoError: a parameter is empty, a placeholder is misspelled or too long, or a name or value is invalid.
    """
    if names is not None:
        _refuse_spelling("ExpressionAttributeNames", names, _NAME)
        for placeholder, name in names.items():
            wrong = name_fault(name)
            if wrong is not None:
                raise invalid(f"ExpressionAttributeNames contains invalid value: {wrong} for key {placeholder}")
    if values is not None:
        _refuse_spelling("ExpressionAttributeValues", values, _VALUE)
        for name, value in values.items():
            try:
                measure(value)
            except DynamoError as error:
                if error.name != "ValidationException":
                    raise
                message = f"ExpressionAttributeValues contains invalid value: {error.message} for key {name}"
                raise DynamoError(error.type, message) from None
    return Placeholders(names, values)


def finish(given: Placeholders, table: StoredTable | None) -> None:
    """Check what the expressions of a request have used.

    Raises:
        DynamoError: a defined name or value is unused, or an expression reads within a key attribute of the table.
    """
    unused = given.unused()
    if unused is not None:
        raise invalid(unused)
    if table is not None and given.within:
        table.schema.refuse_within(given.within)


class expression:  # noqa: N801 - it is used as a function, and a generator's context costs more than some expressions
    """A context that reports an error in an expression of this kind as the API does."""

    __slots__ = ("_kind",)

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Raise the API's error instead of an ExpressionError."""
        if isinstance(error, ExpressionError):
            raise invalid(f"Invalid {self._kind}: {error}") from None


def condition(kind: str, text: str | None, given: Placeholders) -> tuple[Condition, Test] | None:
    """The condition, parsed and bound; None if the text is None."""
    if text is None:
        return None
    with expression(kind):
        parsed = condition_syntax.parse(text)
        return parsed, conditions.bind(parsed, given)


def write_condition(
    text: str | None, expected: Mapping[str, Expectation] | None, operator: str | None, given: Placeholders
) -> Test | None:
    """The condition of a write, an expression or a legacy one; None if it has none."""
    if text is not None:
        with expression("ConditionExpression"):
            return conditions.bound(text, given)
    return bound_legacy("Expected", legacy.expected(expected or {}, operator))


def bound_legacy(parameter: str, older: Condition | None) -> Test | None:
    """The legacy condition, bound; None if it is None."""
    if older is None:
        return None
    with expression(parameter):
        return conditions.bind(older, Placeholders())


def projection(request: Projected, given: Placeholders) -> list[ResolvedPath] | None:
    """The paths that a read requests; None for whole items."""
    return projected(request.ProjectionExpression, request.AttributesToGet, given)


def projected(text: str | None, names: Sequence[str] | None, given: Placeholders) -> list[ResolvedPath] | None:
    """The paths of a projection, an expression or a legacy list of names; None if it has none."""
    if text is not None:
        with expression("ProjectionExpression"):
            return projections.bind(projections.parse(text), given)
    if names is None:
        return None
    refuse_names(names)
    for number, name in enumerate(names):
        if name in names[:number]:
            raise invalid_parameter(f"Duplicate value in attribute name: {name}")
    return [(name,) for name in names]


def _refuse_spelling(parameter: str, given: Mapping[str, Any], pattern: re.Pattern[str]) -> None:
    """Raise DynamoError for no placeholder, or one that is too long or misspelled.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-expression-parameters
    """
    if not given:
        raise invalid(f"{parameter} must not be empty")
    for name in given:
        size = text_size(name)
        if size > _MAX_PLACEHOLDER_BYTES:
            # Of the two parameters DynamoDB Local names the size in one.
            shown = f" size of key: {size}" if pattern is _NAME else ""
            wrong = f"The expression attribute map contains a key that is too long;{shown}"
            raise invalid(f"{parameter} contains invalid key: {wrong}")
        if pattern.fullmatch(name) is None:
            raise invalid(f'{parameter} contains invalid key: Syntax error; key: "{name}"')
