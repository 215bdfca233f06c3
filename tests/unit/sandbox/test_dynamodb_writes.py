"""PutItem, UpdateItem, DeleteItem and BatchWriteItem: what AWS refuses is refused, and has changed nothing.

What update expressions may contain, and the sentences of their mistakes, are those of DynamoDB Local 3.3.1.
"""

# ruff: noqa: E501 - a sentence of AWS's is one line, however long

from __future__ import annotations

from typing import Any

import pytest

from tests.dynamodb_engine import Dynamo, Json

KEY: Json = {"pk": {"S": "a"}}
VALIDATION = "ValidationException"


@pytest.fixture
def dynamo() -> Dynamo:
    return Dynamo()


def update(dynamo: Dynamo, expression: str, values: Json | None = None, **more: Any) -> Json:
    given = {"ExpressionAttributeValues": values} if values else {}
    parameters: Json = {"TableName": "one-key", "Key": KEY, "UpdateExpression": expression} | given | more
    return dynamo.call("UpdateItem", **parameters)


def put(dynamo: Dynamo, **attributes: Json) -> Json:
    return dynamo.call("PutItem", TableName="one-key", Item=KEY | attributes)


NEVER_STORED: list[Json] = [
    {"v": {"N": "x"}},
    {"v": {"N": "1_000"}},
    {"v": {"N": "1E126"}},
    {"v": {"SS": []}},
    {"v": {"L": [{"NS": []}]}},
    {"": {"S": "no name"}},
    {"v": {"B": "=not base64="}},
    {"v": {"M": {"": {"S": "no name"}}}},
]


@pytest.mark.parametrize("attributes", NEVER_STORED)
def test_what_aws_refuses_is_never_stored(dynamo: Dynamo, attributes: Json) -> None:
    item = {"PutRequest": {"Item": KEY | attributes}}

    assert put(dynamo, **attributes)["error"] in (VALIDATION, "SerializationException")
    assert "error" in dynamo.call("BatchWriteItem", RequestItems={"one-key": [item]})
    assert "error" in dynamo.call(
        "TransactWriteItems", TransactItems=[{"Put": {"TableName": "one-key"} | item["PutRequest"]}]
    )
    assert "error" in update(dynamo, "SET v = :v", {":v": attributes.get("v", {"M": attributes})})

    assert dynamo.items() == []
    assert dynamo.changes == []


WRONG_KEYS: list[tuple[Json, str]] = [
    ({"pk": {"S": ""}, "sk": {"N": "1"}}, "cannot contain an empty string value. Key: pk"),
    ({"pk": {"S": "a"}}, "Missing the key sk in the item"),
    ({"pk": {"S": "a"}, "sk": {"S": "1"}}, "Type mismatch for key sk expected: N actual: S"),
    ({"pk": {"S": "x" * 2049}, "sk": {"N": "1"}}, "Size of hashkey has exceeded the maximum size limit of2048 bytes"),
    ({"pk": {"S": "a"}, "sk": {"N": "1"}, "g": {"N": "1"}}, "Type mismatch for Index Key g Expected: S Actual: N"),
    ({"pk": {"S": "a"}, "sk": {"N": "1"}, "g": {"S": ""}}, "IndexName: by-g, IndexKey: g"),
]


@pytest.mark.parametrize(("item", "said"), WRONG_KEYS)
def test_an_item_has_the_keys_of_its_table_and_of_the_indexes(dynamo: Dynamo, item: Json, said: str) -> None:
    refused = dynamo.call("PutItem", TableName="two-keys", Item=item)

    assert refused["error"] == VALIDATION
    assert said in refused["message"]
    assert dynamo.changes == []


@pytest.mark.parametrize("operation", ["GetItem", "DeleteItem", "UpdateItem"])
def test_a_key_of_the_wrong_type_is_an_error(dynamo: Dynamo, operation: str) -> None:
    refused = dynamo.call(operation, TableName="one-key", Key={"pk": {"N": "1"}})

    assert refused == {"error": VALIDATION, "message": "The provided key element does not match the schema"}


def test_a_refused_batch_has_written_nothing(dynamo: Dynamo) -> None:
    good = {"PutRequest": {"Item": {"pk": {"S": "good"}}}}
    for bad in (
        {"PutRequest": {"Item": {"nothing": {"S": "x"}}}},
        {"PutRequest": {"Item": {"pk": {"S": "x" * 409_600}}}},
        {"DeleteRequest": {"Key": {"pk": {"S": "a"}, "sk": {"S": "b"}}}},
        {"DeleteRequest": {"Key": {"pk": {"S": "good"}}}},
    ):
        assert dynamo.call("BatchWriteItem", RequestItems={"one-key": [good, bad]})["error"] == VALIDATION
    unknown = dynamo.call("BatchWriteItem", RequestItems={"one-key": [good], "no-table": [good]})

    assert unknown == {"error": "ResourceNotFoundException", "message": "Requested resource not found"}
    assert dynamo.items() == []
    assert dynamo.changes == []


def test_a_path_through_text_is_no_path(dynamo: Dynamo) -> None:
    put(dynamo, s={"S": "text"})

    refused = update(dynamo, "SET s.a = :x", {":x": {"S": "x"}})

    assert refused["message"] == "The document path provided in the update expression is invalid for update"


def test_what_is_set_beyond_a_lists_end_is_appended_in_the_order_of_the_places(dynamo: Dynamo) -> None:
    put(dynamo, l={"L": [{"S": "a"}, {"S": "b"}]})

    values: Json = {":x": {"S": "99"}, ":y": {"S": "50"}}
    changed = update(dynamo, "SET l[99] = :x, l[50] = :y REMOVE l[0]", values, ReturnValues="ALL_NEW")

    assert changed["Attributes"]["l"] == {"L": [{"S": "b"}, {"S": "50"}, {"S": "99"}]}


def test_arithmetic_is_exact_to_38_digits_or_refused(dynamo: Dynamo) -> None:
    put(dynamo, n={"N": "12345678901234567890123456789012345678"}, ns={"NS": ["1"]})

    refused = update(dynamo, "SET n = n + :x", {":x": {"N": "0.1"}})
    sum_ = update(dynamo, "SET m = n - :x", {":x": {"N": "1"}}, ReturnValues="UPDATED_NEW")
    same = update(dynamo, "ADD ns :x", {":x": {"NS": ["1.0"]}}, ReturnValues="ALL_NEW")

    assert refused["message"] == "Attempting to store more than 38 significant digits in a Number"
    assert sum_["Attributes"] == {"m": {"N": "12345678901234567890123456789012345677"}}
    assert same["Attributes"]["ns"] == {"NS": ["1"]}


def test_an_update_without_an_expression_makes_the_item(dynamo: Dynamo) -> None:
    assert dynamo.call("UpdateItem", TableName="one-key", Key=KEY, ReturnValues="ALL_NEW") == {"Attributes": KEY}
    assert dynamo.changes == [(None, KEY)]


UPDATES: list[tuple[str, Json, Json]] = [
    ("SET n = (:a + :a)", {":a": {"N": "1"}}, {"n": {"N": "2"}}),
    ("SET n = (:a) + (:a)", {":a": {"N": "1"}}, {"n": {"N": "2"}}),
    ("SET n = ((:a) - if_not_exists((n), :a)), o = (m.k)", {":a": {"N": "1"}}, {"n": {"N": "0"}, "o": {"S": "v"}}),
    ("SET m.deep = :a", {":a": {"N": "1"}}, {"m": {"M": {"k": {"S": "v"}, "deep": {"N": "1"}}}}),
    ("SET c = m, m.k = :a", {":a": {"N": "1"}}, {"c": {"M": {"k": {"S": "v"}}}, "m": {"M": {"k": {"N": "1"}}}}),
    ("SET l = list_append(:a, l)", {":a": {"L": [{"N": "0"}]}}, {"l": {"L": [{"N": "0"}, {"N": "1"}, {"N": "2"}]}}),
    ("SET n = if_not_exists(n, :a) + :a", {":a": {"N": "1"}}, {"n": {"N": "2"}}),
    ("REMOVE l[0], m.k", {}, {"l": {"L": [{"N": "2"}]}, "m": {"M": {}}}),
    ("ADD ss :a, n :b", {":a": {"SS": ["c", "a"]}, ":b": {"N": "2"}}, {"ss": {"SS": ["a", "b", "c"]}, "n": {"N": "2"}}),
    ("DELETE ss :a", {":a": {"SS": ["a", "b"]}}, {"ss": None}),
    ("set a = :a remove l", {":a": {"BOOL": True}}, {"a": {"BOOL": True}, "l": None}),
]


@pytest.mark.parametrize(("expression", "values", "expected"), UPDATES)
def test_updates(dynamo: Dynamo, expression: str, values: Json, expected: Json) -> None:
    before: Json = {"m": {"M": {"k": {"S": "v"}}}, "l": {"L": [{"N": "1"}, {"N": "2"}]}, "ss": {"SS": ["a", "b"]}}
    put(dynamo, **before)

    after = update(dynamo, expression, values, ReturnValues="ALL_NEW")["Attributes"]

    assert after == {name: value for name, value in (KEY | before | expected).items() if value is not None}


def test_the_updated_values_are_those_of_the_paths(dynamo: Dynamo) -> None:
    put(dynamo, m={"M": {"a": {"N": "1"}, "b": {"N": "2"}}}, l={"L": [{"N": "1"}, {"N": "2"}]})

    changed = update(dynamo, "SET m.a = :x, l[1] = :x", {":x": {"N": "9"}}, ReturnValues="UPDATED_NEW")

    assert changed["Attributes"] == {"m": {"M": {"a": {"N": "9"}}}, "l": {"L": [{"N": "9"}]}}


NESTED = (
    "Invalid UpdateExpression: The function is not allowed to be used this way in an expression; function: list_append"
)
MISTAKES: list[tuple[str, Json, str]] = [
    ("SET a = zz", {}, "The provided expression refers to an attribute that does not exist in the item"),
    ("SET a = :a", {}, "Invalid UpdateExpression: An expression attribute value used in expression is not defined; attribute value: :a"),
    ("SET #a = :a", {":a": {"N": "1"}}, "Invalid UpdateExpression: An expression attribute name used in the document path is not defined; attribute name: #a"),
    ("SET a = foo(:a)", {":a": {"N": "1"}}, "Invalid UpdateExpression: Invalid function name; function: foo"),
    ("SET a = size(b)", {}, "Invalid UpdateExpression: The function is not allowed in an update expression; function: size"),
    ("SET a = if_not_exists(a)", {}, "Invalid UpdateExpression: Incorrect number of operands for operator or function; operator or function: if_not_exists, number of operands: 1"),
    ("SET a = :a, a.b = :a", {":a": {"N": "1"}}, "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a, b]"),
    ("SET a.b = :a, a[0] = :a", {":a": {"N": "1"}}, "Invalid UpdateExpression: Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, [0]]"),
    ("SET pk = :a", {":a": {"S": "b"}}, "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key"),
    ("SET a = :a SET b = :a", {":a": {"N": "1"}}, 'Invalid UpdateExpression: The "SET" section can only be used once in an update expression;'),
    ("SET a", {}, 'Invalid UpdateExpression: Syntax error; token: "<EOF>", near: "a"'),
    ("SET a = :a b", {":a": {"N": "1"}}, 'Invalid UpdateExpression: Syntax error; token: "b", near: ":a b"'),
    ("SET date = :a", {":a": {"N": "1"}}, "Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: date"),
    ("SET remove = :a", {":a": {"N": "1"}}, 'Invalid UpdateExpression: Syntax error; token: "remove", near: "SET remove ="'),
    ("SET m.delete = :a", {":a": {"N": "1"}}, 'Invalid UpdateExpression: Syntax error; token: "delete", near: ".delete ="'),
    ("SET a = ((:a))", {":a": {"N": "1"}}, "Invalid UpdateExpression: The expression has redundant parentheses;"),
    ("SET a = :a + ((:a))", {":a": {"N": "1"}}, "Invalid UpdateExpression: The expression has redundant parentheses;"),
    ("SET a = (:a + :a) + :a", {":a": {"N": "1"}}, 'Invalid UpdateExpression: Syntax error; token: "+", near: ") + :a"'),
    ("SET a = (:a + (:a + :a))", {":a": {"N": "1"}}, 'Invalid UpdateExpression: Syntax error; token: "+", near: ":a + :a"'),
    ("SET l = list_append(l, list_append(:a, l))", {":a": {"L": []}}, NESTED),
    ("SET l = if_not_exists(l, list_append(:a, l))", {":a": {"L": []}}, NESTED),
    ("SET l = list_append(:a, l) + :a", {":a": {"L": []}}, NESTED),
    ("SET a = :a SET b = :a,", {":a": {"N": "1"}}, 'Invalid UpdateExpression: Syntax error; token: "<EOF>", near: ","'),
    ("ADD a :a", {":a": {"S": "x"}}, "Invalid UpdateExpression: Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND"),
    ("", {}, "Invalid UpdateExpression: The expression can not be empty;"),
    ("  ", {}, 'Invalid UpdateExpression: Syntax error; token: "<EOF>", near: "  "'),
    ("SET a = :a", {":a": {"N": "1"}, ":b": {"N": "1"}}, "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}"),
    ("SET a = :a", {":a": {"N": "x"}}, "ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value: x for key :a"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "values", "said"), MISTAKES)
def test_a_mistake_in_an_update_has_awss_sentence(dynamo: Dynamo, expression: str, values: Json, said: str) -> None:
    put(dynamo)

    assert update(dynamo, expression, values) == {"error": VALIDATION, "message": said}
    assert dynamo.items() == [KEY]


def test_a_condition_that_does_not_hold_shows_the_item(dynamo: Dynamo) -> None:
    put(dynamo, v={"N": "1"})
    more: Json = {"ConditionExpression": "v = :two", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}

    refused = update(dynamo, "SET v = :two", {":two": {"N": "2"}}, **more)

    assert refused == {
        "error": "ConditionalCheckFailedException",
        "message": "The conditional request failed",
        "Item": KEY | {"v": {"N": "1"}},
    }


def test_the_sizes_of_a_collection_are_answered_where_the_table_has_local_indexes(dynamo: Dynamo) -> None:
    item: Json = {"pk": {"S": "a"}, "sk": {"N": "1"}}

    answer = dynamo.call("PutItem", TableName="two-keys", Item=item, ReturnItemCollectionMetrics="SIZE")
    none = dynamo.call("PutItem", TableName="one-key", Item=KEY, ReturnItemCollectionMetrics="SIZE")

    assert answer == {"ItemCollectionMetrics": {"ItemCollectionKey": KEY, "SizeEstimateRangeGB": [0.0, 1.0]}}
    assert none == {}


def test_what_a_write_consumes(dynamo: Dynamo) -> None:
    def units(mode: str, **attributes: Json) -> Json:
        item: Json = {"pk": {"S": "a"}, "sk": {"N": "1"}} | attributes
        return dynamo.call("PutItem", TableName="two-keys", Item=item, ReturnConsumedCapacity=mode)

    assert units("NONE") == {}
    assert units("TOTAL", g={"S": "x"}) == {"ConsumedCapacity": {"TableName": "two-keys", "CapacityUnits": 2.0}}
    assert units("INDEXES", g={"S": "y"}, h={"N": "1"}) == {
        "ConsumedCapacity": {
            "TableName": "two-keys",
            "CapacityUnits": 4.0,
            "Table": {"CapacityUnits": 1.0},
            "GlobalSecondaryIndexes": {"by-g": {"CapacityUnits": 2.0}, "by-h": {"CapacityUnits": 1.0}},
        }
    }


WITHOUT = "ConditionalOperator cannot be used without Filter or Expected"
ONE = "ConditionalOperator can only be used when Filter or Expected has two or more elements"
MIXED = (
    "Can not use both expression and non-expression parameters in the same request: "
    "Non-expression parameters: {ConditionalOperator} Expression parameters: {ConditionExpression}"
)


@pytest.mark.parametrize("operation", ["PutItem", "DeleteItem", "UpdateItem", "Scan"])
@pytest.mark.parametrize(
    ("conditions", "said"), [(None, WITHOUT), ({}, WITHOUT), ({"a": {"ComparisonOperator": "NULL"}}, ONE)]
)
def test_a_conditional_operator_joins_two_conditions(operation: str, conditions: Json | None, said: str) -> None:
    """As in DynamoDB Local 3.3.1 and in AWS's client of DAX, whose validation has the same sentences."""
    key: Json = {"pk": {"S": "k"}}
    keyed: Json = {} if operation == "Scan" else {"Item": key} if operation == "PutItem" else {"Key": key}
    given = {} if conditions is None else {"ScanFilter" if operation == "Scan" else "Expected": conditions}
    answer = Dynamo().call(operation, TableName="one-key", ConditionalOperator="AND", **keyed, **given)
    assert answer == {"error": VALIDATION, "message": said}


@pytest.mark.parametrize("operation", ["PutItem", "DeleteItem", "UpdateItem"])
def test_a_conditional_operator_is_no_part_of_an_expression(operation: str) -> None:
    key: Json = {"Item" if operation == "PutItem" else "Key": {"pk": {"S": "k"}}}
    condition = "attribute_not_exists(a)"
    answer = Dynamo().call(
        operation, TableName="one-key", ConditionalOperator="OR", ConditionExpression=condition, **key
    )
    assert answer == {"error": VALIDATION, "message": MIXED}


@pytest.mark.parametrize(
    ("name", "update"),
    [
        ("b", {"Action": "DELETE", "Value": {"NS": ["1"]}}),
        ("b", {"Action": "DELETE", "Value": {"BS": ["YQ=="]}}),
        ("c", {"Action": "DELETE", "Value": {"NS": ["1"]}}),
        ("b", {"Action": "ADD", "Value": {"NS": ["1"]}}),
        ("d", {"Action": "ADD", "Value": {"N": "1"}}),
        ("d", {"Action": "ADD", "Value": {"L": []}}),
    ],
)
def test_a_legacy_update_of_another_type_is_refused(name: str, update: Json) -> None:
    """As recorded on AWS in mhart/dynalite test/updateItem.js; the list by DynamoDB Local 3.3.1."""
    dynamo = Dynamo()
    item: Json = {"pk": {"S": "k"}, "b": {"SS": ["1"]}, "c": {"N": "1"}, "d": {"NS": ["1"]}}
    dynamo.call("PutItem", TableName="one-key", Item=item)

    answer = dynamo.call("UpdateItem", TableName="one-key", Key={"pk": {"S": "k"}}, AttributeUpdates={name: update})

    assert answer == {"error": VALIDATION, "message": "Type mismatch for attribute to update"}
    assert dynamo.items() == [item]
