"""Calls that are telling: each was answered otherwise by the engine than by DynamoDB Local, once."""

from __future__ import annotations

from typing import Any

from tests.oracle.generate import Call, Json

_ONE: Json = {"TableName": "oracle-one", "Key": {"pk": {"S": "p1"}}}
_TWO: Json = {"TableName": "oracle-two", "Key": {"pk": {"S": "p1"}, "sk": {"N": "1"}}}
_NESTED: Json = {"M": {"k": {"N": "1"}, "l": {"L": [{"S": "x"}, {"N": "5"}]}}}
_ITEM: Json = {"n": {"N": "1"}, "s": {"S": "x"}, "l": {"L": [{"N": "1"}, {"N": "2"}]}, "m": _NESTED}
_VALUES: Json = {":n": {"N": "1"}, ":s": {"S": "x"}, ":l": {"L": [{"N": "7"}]}, ":t": {"S": "N"}, ":p": {"S": "p1"}}
_UPDATES = (
    "SET n = (:n) + n",
    "SET n = n - (:n)",
    "SET n = ((n) + (:n))",
    "SET n = (n + :n) - :n",
    "SET n = :n + ((n))",
    "SET l = list_append(if_not_exists(l, :l), :l)",
    "SET l = list_append(l, list_append(l, :l))",
    "SET l = if_not_exists(l, list_append(l, :l))",
    "SET n = list_append(l, :l) + :n",
    "SET l[00] = :n",
    "SET l[2147483648] = :n",
    "SET gone = pk.x",
    "SET pk.x = :n",
    "  = :n",
    "   ",
    f"REMOVE {'.'.join('a' * 33)}",
)
_CONDITIONS = (
    "attribute_type(:n, :t)",
    "attribute_type(size(l), :t)",
    "attribute_type(:s, :t)",
    "pk.x = :n",
    "l[01] = :n",
    "  = :n",
)
_PROJECTIONS = ("pk[0]", "l[00]", "l[2147483648]", "m.l[1], m.k", " ,n", ".".join("a" * 32), "a" + "[0]" * 32)
_KEY_CONDITIONS = (
    "g = :p AND sk = :n",
    "pk = :p AND m.k = :n",
    "pk = :p AND :n BETWEEN sk AND :n",
    "pk = :p AND begins_with(:p, sk)",
    "pk = :p AND sk = :n AND n = :n",
    "pk > :p",
)
_NAMES = ({"#n": ""}, {"#n": "n", "#" + "a" * 255: "n"})


def calls() -> list[Call]:
    """Return the calls, in order, on new tables."""
    older = {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "p1"}]}}
    by_key: Json = {"TableName": "oracle-two", "KeyConditions": older}
    return [
        ("PutItem", {"TableName": "oracle-one", "Item": _ONE["Key"] | _ITEM}),
        ("PutItem", {"TableName": "oracle-two", "Item": _TWO["Key"] | _ITEM}),
        *(("UpdateItem", _ONE | _given(UpdateExpression=one)) for one in _UPDATES),
        ("GetItem", _ONE),
        *(
            ("PutItem", {"TableName": "oracle-one", "Item": _ONE["Key"] | _ITEM} | _given(ConditionExpression=one))
            for one in _CONDITIONS
        ),
        *(("GetItem", _ONE | {"ProjectionExpression": one}) for one in _PROJECTIONS),
        *(("GetItem", _ONE | {"ProjectionExpression": "#n", "ExpressionAttributeNames": names}) for names in _NAMES),
        *(("Query", {"TableName": "oracle-two"} | _given(KeyConditionExpression=one)) for one in _KEY_CONDITIONS),
        ("Query", by_key | {"ProjectionExpression": "n, m.k"}),
        ("Query", by_key | _given(FilterExpression="n = :n")),
        ("Query", by_key | _given(FilterExpression="n = :n") | {"AttributesToGet": ["n"]}),
        *(("PutItem", {"TableName": "oracle-one", "Item": {"pk": {"S": "deep"}, "a": one}}) for one in _deep()),
    ]


def _given(**expression: str) -> Json:
    (text,) = expression.values()
    used = {name: value for name, value in _VALUES.items() if name in text}
    return dict(expression) | ({"ExpressionAttributeValues": used} if used else {})


def _deep() -> list[Any]:
    """Return values at the last level of an item, and beyond it."""
    values: list[Any] = [{"S": "x"}, {"L": []}, {"M": {}}]
    for _ in range(30):
        values = [{"L": [value]} for value in values]
    return [*values, *({"M": {"a": value}} for value in values)]
