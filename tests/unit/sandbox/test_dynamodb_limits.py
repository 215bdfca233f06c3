"""The limits of names, placeholders and paths.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html; the sentences are those of AWS's
DynamoDB Local 3.3.1.
"""

from __future__ import annotations

import pytest

from tests.dynamodb_engine import Dynamo, Json

KEY: Json = {"pk": {"S": "a"}}
TOO_LONG = "Attribute name is too large, must be less than 65536 bytes"
EMPTY = "One or more parameter values were invalid: Empty attribute name"
SYNTAX = "Invalid ProjectionExpression: Syntax error; "
INDEX = "Invalid ProjectionExpression: List index is not within the allowable range; "
LEVELS = "Invalid ProjectionExpression: The document path has too many nesting levels; "


def call(operation: str, **parameters: object) -> str | None:
    """Return the sentence of the error; None for no error."""
    dynamo = Dynamo()
    dynamo.call("PutItem", TableName="one-key", Item=KEY)
    return dynamo.call(operation, TableName="one-key", **parameters).get("message")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("l[00]", SYNTAX + 'token: "0", near: "00]"'),
        ("l[01]", SYNTAX + 'token: "1", near: "01]"'),
        ("l[10]", None),
        ("l[2147483647]", None),
        ("l[2147483648]", INDEX + "index: [2147483648]"),
        ("l[99999999999], a b", SYNTAX + 'token: "b", near: "a b"'),
        (".".join(["a"] * 32), None),
        (".".join(["a"] * 33), LEVELS + "nesting levels: 33"),
        ("a" + "[0]" * 32, LEVELS + "nesting levels: 33"),
    ],
)
def test_a_path_has_limits(path: str, said: str | None) -> None:
    assert call("GetItem", Key=KEY, ProjectionExpression=path) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "Empty attribute name"),
        ("é" * 32_767 + "n", None),
        ("é" * 32_768, TOO_LONG),
    ],
)
def test_a_name_in_a_request_has_limits(name: str, said: str | None) -> None:
    names = {"ProjectionExpression": "#n", "ExpressionAttributeNames": {"#n": name}}
    wrong = said and f"ExpressionAttributeNames contains invalid value: {said} for key #n"
    plain = EMPTY if said == "Empty attribute name" else said

    assert call("GetItem", Key=KEY, **names) == wrong
    assert call("GetItem", Key=KEY, AttributesToGet=[name]) == plain
    assert call("PutItem", Item={**KEY, name: {"N": "1"}}) == plain
    assert call("PutItem", Item={**KEY, "m": {"M": {name: {"N": "1"}}}}) == plain
    assert call("PutItem", Item=KEY, Expected={name: {"Exists": False}}) == plain
    assert call("UpdateItem", Key=KEY, AttributeUpdates={name: {"Value": {"N": "1"}}}) == plain
    assert call("Scan", ScanFilter={name: {"ComparisonOperator": "NULL"}}) == plain


@pytest.mark.parametrize(("length", "is_valid"), [(255, True), (256, False)])
def test_a_placeholder_has_at_most_255_bytes(length: int, *, is_valid: bool) -> None:
    name, value = ("#n".ljust(length, "n"), ":v".ljust(length, "v"))
    wrong = "contains invalid key: The expression attribute map contains a key that is too long;"
    named = f"ExpressionAttributeNames {wrong} size of key: {length}"
    valued = f"ExpressionAttributeValues {wrong}"

    condition = {"ConditionExpression": f"a <> {value}", "ExpressionAttributeValues": {value: {"N": "1"}}}
    said = call("GetItem", Key=KEY, ProjectionExpression=name, ExpressionAttributeNames={name: "a"})

    assert said == (None if is_valid else named)
    assert call("PutItem", Item=KEY, **condition) == (None if is_valid else valued)
