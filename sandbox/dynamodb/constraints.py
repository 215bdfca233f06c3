"""AWS's errors for a request that does not conform to the API's model.

AWS's framework distinguishes two kinds of errors. JSON of the wrong type ends the parsing of the request
(SerializationException). A member that is missing or out of bounds is one of up to ten that are reported together:

2 validation errors detected: Value 'x' at 'returnValues' failed to satisfy constraint: …; Value …

The names, bounds and words are those of the service's own framework: the requests that dynalite's and
dynamodb-conformance's tests recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, cast

import msgspec

from sandbox.dynamodb.errors import DynamoError, invalid, serialization
from sandbox.dynamodb.operations.tables import name_violation
from sandbox.dynamodb.values import wrong_type

_MAX_REPORTED = 10
_ENVELOPE = "{} validation error{} detected: {}"


def violation(operation: str, body: bytes, decoding: str) -> DynamoError:
    """The error for a request that could not be decoded, in AWS's words; `decoding` is the decoder's message."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # A value of a wrong type may precede invalid JSON.
        return serialization("")
    if type(document) is not dict:
        return serialization("Unexpected value type in payload")
    given = cast("dict[str, Any]", document)
    members = _MEMBERS.get(operation, {})
    for name, member in members.items():
        if given.get(name) is not None:
            error = member.type_error(given[name])
            if error is not None:
                return error
    if "TableName" in members:
        name = given.get("TableName")
        wrong = name_violation(name) if isinstance(name, str) else None
        if wrong is not None:
            return _enveloped([f"Value '{name}' at 'tableName' failed to satisfy constraint: {wrong}"])
    found = [each for name, member in members.items() for each in member.violations(_lower(name), given.get(name))]
    return _enveloped(found[:_MAX_REPORTED]) if found else _other(operation, given, decoding)


class Member(NamedTuple):
    """A member of a request: the Java name of its type, and the model's constraints on it."""

    java: str = "String"
    required: bool = False
    values: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    shown_as: str | None = None

    def type_error(self, value: Any) -> DynamoError | None:
        """The error if a value's JSON has a wrong type, else None."""
        wanted, error = _JSON_TYPES[self.java]
        if isinstance(value, wanted) and not (isinstance(value, bool) and bool not in wanted):
            return None
        return error(value, self.java)

    def violations(self, path: str, value: Any) -> Iterator[str]:
        """The constraints that a value violates."""
        if value is None:
            if self.required:
                yield f"Value null at '{path}' failed to satisfy constraint: Member must not be null"
            return
        if self.values and value not in self.values:
            yield self._said(path, value, f"Member must satisfy enum value set: [{', '.join(self.values)}]")
        measure, size = ("value", value) if self.java == "Integer" else ("length", len(value) if self.least else 0)
        if self.least is not None and size < self.least:
            yield self._said(path, value, f"Member must have {measure} greater than or equal to {self.least}")
        if self.most is not None and size > self.most:
            yield self._said(path, value, f"Member must have {measure} less than or equal to {self.most}")

    def _said(self, path: str, value: Any, constraint: str) -> str:
        if self.shown_as is not None:
            return f"Value at '{self.shown_as}' failed to satisfy constraint: {constraint}"
        return f"Value '{java_text(value)}' at '{path}' failed to satisfy constraint: {constraint}"


def java_text(value: Any) -> str:
    """The text of a value in AWS's framework: a list is [a, b], a map {a=b}."""
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            return f"[{', '.join(map(java_text, cast('list[Any]', value)))}]"
        case dict():
            pairs = cast("dict[str, Any]", value).items()
            return f"{{{', '.join(f'{name}={java_text(member)}' for name, member in pairs)}}}"
        case None:
            return "null"
        case _:
            return str(value)


def _field(value: Any, java: str) -> DynamoError:
    """The error for a value that must be a list, map or structure."""
    if isinstance(value, list):
        kind = "type" if java.startswith("java.util.Map") else "type class"
        return serialization(f"Unrecognized collection {kind} {java}")
    if isinstance(value, dict):
        return serialization("Start of structure or map found where not expected")
    return serialization("Unexpected field type")


_LIST = "List"
_MAP = "java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>"
_JSON_TYPES: Mapping[str, tuple[tuple[type, ...], Callable[[Any, str], DynamoError]]] = {
    "String": ((str,), wrong_type),
    "Boolean": ((bool,), wrong_type),
    "Integer": ((int, float), wrong_type),
    _LIST: ((list,), _field),
    _MAP: ((dict,), _field),
}

_TABLE = {"TableName": Member(required=True)}
_CAPACITY = {"ReturnConsumedCapacity": Member(values=("INDEXES", "TOTAL", "NONE"))}
_METRICS = {"ReturnItemCollectionMetrics": Member(values=("SIZE", "NONE"))}
_OPERATOR = {"ConditionalOperator": Member(values=("OR", "AND"))}
_PLACEHOLDERS = {"ExpressionAttributeNames": Member(_MAP), "ExpressionAttributeValues": Member(_MAP)}
_WRITE = {
    **_TABLE,
    **_METRICS,
    **_CAPACITY,
    "ReturnValues": Member(values=("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW")),
    "ReturnValuesOnConditionCheckFailure": Member(values=("ALL_OLD", "NONE")),
    **_OPERATOR,
    "ConditionExpression": Member(),
    "Expected": Member(_MAP),
    **_PLACEHOLDERS,
}
_PROJECTION = {
    "ConsistentRead": Member("Boolean"),
    "ProjectionExpression": Member(),
    "AttributesToGet": Member(_LIST, least=1),
}
_PAGE = {
    **_TABLE,
    "IndexName": Member(),
    **_CAPACITY,
    "Select": Member(
        values=("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"),
    ),
    **_PROJECTION,
    **_OPERATOR,
    "FilterExpression": Member(),
    "ExclusiveStartKey": Member(_MAP),
    **_PLACEHOLDERS,
}
_KEY = {"Key": Member(_MAP, required=True)}
_TRANSACTION = {"TransactItems": Member(_LIST, required=True, least=1, most=100), **_CAPACITY}
_MEMBERS: Mapping[str, Mapping[str, Member]] = {
    "PutItem": {**_WRITE, "Item": Member(_MAP, required=True)},
    "DeleteItem": {**_WRITE, **_KEY},
    "UpdateItem": {**_WRITE, **_KEY, "UpdateExpression": Member(), "AttributeUpdates": Member(_MAP)},
    "GetItem": {**_TABLE, **_KEY, **_CAPACITY, **_PROJECTION, "ExpressionAttributeNames": Member(_MAP)},
    "Query": {
        **_PAGE,
        # The service reports Query's Limit differently from Scan's.
        "Limit": Member("Integer", least=1, shown_as="Limit"),
        "KeyConditionExpression": Member(),
        "KeyConditions": Member(_MAP),
        "QueryFilter": Member(_MAP),
        "ScanIndexForward": Member("Boolean"),
    },
    "Scan": {
        **_PAGE,
        "Limit": Member("Integer", least=1),
        "ScanFilter": Member(_MAP),
        "Segment": Member("Integer", least=0, most=999_999),
        "TotalSegments": Member("Integer", least=1, most=1_000_000),
    },
    "BatchGetItem": {"RequestItems": Member(_MAP, required=True), **_CAPACITY},
    "BatchWriteItem": {"RequestItems": Member(_MAP, required=True), **_CAPACITY, **_METRICS},
    "TransactWriteItems": {**_TRANSACTION, **_METRICS, "ClientRequestToken": Member(least=1, most=36)},
    "TransactGetItems": _TRANSACTION,
    "ExecuteStatement": {
        "Statement": Member(required=True, least=1, most=8192),
        "Parameters": Member(_LIST, least=1),
        "Limit": Member("Integer", least=1),
        "NextToken": Member(least=1, most=32_768),
        "ConsistentRead": Member("Boolean"),
        **_CAPACITY,
    },
    "BatchExecuteStatement": {"Statements": Member(_LIST, required=True, least=1, most=25), **_CAPACITY},
    "ExecuteTransaction": {
        "TransactStatements": Member(_LIST, required=True, least=1, most=100),
        "ClientRequestToken": Member(least=1, most=36),
        **_CAPACITY,
    },
}


def _enveloped(sentences: list[str]) -> DynamoError:
    return invalid(_ENVELOPE.format(len(sentences), "s" if len(sentences) > 1 else "", "; ".join(sentences)))


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]


def _batch(given: Mapping[str, Any]) -> Iterator[str]:
    """The violations of the limits on the number of a batch's keys or writes."""
    for name, each in cast("dict[str, Any]", given.get("RequestItems", {})).items():
        if isinstance(each, list):
            count = len(cast("list[Any]", each))
            if not 1 <= count <= 25:
                yield (
                    f"Value '{java_text(given['RequestItems'])}' at 'requestItems' failed to satisfy constraint: Map "
                    "value must satisfy constraint: [Member must have length less than or equal to 25, Member must "
                    "have length greater than or equal to 1]"
                )
                return
        elif isinstance(each, dict):
            keys = cast("dict[str, Any]", each).get("Keys")
            if keys is None:
                yield (
                    f"Value null at 'requestItems.{name}.member.keys' failed to satisfy constraint: "
                    "Member must not be null"
                )
            elif isinstance(keys, list):
                yield from _keys(name, len(cast("list[Any]", keys)))


def _keys(name: str, count: int) -> Iterator[str]:
    if count < 1:
        yield (
            f"Value '[]' at 'requestItems.{name}.member.keys' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1"
        )
    if count > 100:
        # the service's own spelling
        yield (
            f"Value at 'RequestItems.{name}.member.Keys' failed to satisfy constraint: "
            "Member must have length less than or equal to 100"
        )


_NESTED_ENUMS = {
    "ComparisonOperator": ("IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS"),
    "Action": "ADD, PUT, DELETE",
}


def _nested(given: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The nested members of a request that are missing or have an invalid value."""
    for name, value in given.items():
        at = f"{path}{_lower(name)}"
        if isinstance(value, dict):
            members = cast("dict[str, Any]", value)
            if name in ("KeyConditions", "QueryFilter", "ScanFilter", "Expected", "AttributeUpdates"):
                for attribute, one in members.items():
                    if isinstance(one, dict):
                        yield from _comparison(name, f"{at}.{attribute}.member", cast("dict[str, Any]", one))
            elif name in _REQUIRED:
                yield from _missing(name, at, members)
        elif isinstance(value, list) and name in ("TransactItems", "TransactStatements", "Statements"):
            for number, one in enumerate(cast("list[Any]", value), 1):
                if isinstance(one, dict):
                    inner = cast("dict[str, Any]", one)
                    yield from _missing(name, f"{at}.{number}.member", inner)
                    yield from _nested(inner, f"{at}.{number}.member.")


_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "Put": ("Item", "TableName"),
    "Delete": ("Key", "TableName"),
    "Update": ("Key", "UpdateExpression", "TableName"),
    "ConditionCheck": ("Key", "TableName", "ConditionExpression"),
    "Get": ("Key", "TableName"),
    "Statements": ("Statement",),
    "TransactStatements": ("Statement",),
}


def _missing(name: str, path: str, members: Mapping[str, Any]) -> Iterator[str]:
    for required in _REQUIRED.get(name, ()):
        if members.get(required) is None:
            yield f"Value null at '{path}.{_lower(required)}' failed to satisfy constraint: Member must not be null"


def _comparison(parameter: str, path: str, condition: Mapping[str, Any]) -> Iterator[str]:
    operator = condition.get("ComparisonOperator")
    if operator is None and parameter not in ("Expected", "AttributeUpdates"):
        yield f"Value null at '{path}.comparisonOperator' failed to satisfy constraint: Member must not be null"
    for name, values in _NESTED_ENUMS.items():
        value = condition.get(name)
        if isinstance(value, str) and value not in values.split(", "):
            yield (
                f"Value '{value}' at '{path}.{_lower(name)}' failed to satisfy constraint: "
                f"Member must satisfy enum value set: [{values}]"
            )


def _other(operation: str, given: Mapping[str, Any], decoding: str) -> DynamoError:  # noqa: ARG001
    found = [*_batch(given), *_nested(given)]
    if found:
        return _enveloped(found[:_MAX_REPORTED])
    if "Expected `object`" in decoding:
        return serialization("Unexpected value type in payload")
    return serialization("Unexpected field type" if decoding.startswith("Expected") else decoding)
