"""GetItem, Query, Scan and their batches and transactions; and requests that are sent twice."""

# ruff: noqa: E501 - a sentence of AWS's is one line, however long

from __future__ import annotations

from typing import Any

import pytest

from tests.dynamodb_engine import Dynamo, Json

VALIDATION = "ValidationException"
P: Json = {":p": {"S": "p"}}


@pytest.fixture
def dynamo() -> Dynamo:
    dynamo = Dynamo()
    for number in ("2", "10", "-1", "1.5"):
        item: Json = {"pk": {"S": "p"}, "sk": {"N": number}, "g": {"S": "g"}, "x": {"S": f"x{number}"}}
        if number != "10":
            item["h"] = {"N": "7"}
        assert dynamo.call("PutItem", TableName="two-keys", Item=item) == {}
    return dynamo


def query(dynamo: Dynamo, condition: str, values: Json | None = None, **more: Any) -> Json:
    given: Json = {"ExpressionAttributeValues": P | (values or {})}
    return dynamo.call("Query", TableName="two-keys", KeyConditionExpression=condition, **given, **more)


def numbers(answer: Json) -> list[str]:
    assert "error" not in answer, answer
    return [item["sk"]["N"] for item in answer["Items"]]


ONE: Json = {":a": {"N": "1.5"}}
TWO: Json = ONE | {":b": {"N": "10"}}


@pytest.mark.parametrize(
    ("condition", "values", "found"),
    [
        ("pk = :p", {}, ["-1", "1.5", "2", "10"]),
        (":p = pk AND sk = :a", ONE, ["1.5"]),
        ("pk = :p AND sk > :a", ONE, ["2", "10"]),
        ("pk = :p AND sk >= :a", ONE, ["1.5", "2", "10"]),
        ("pk = :p AND :a > sk", ONE, ["-1"]),
        ("(pk = :p) AND (sk <= :a)", ONE, ["-1", "1.5"]),
        ("sk BETWEEN :a AND :b AND pk = :p", TWO, ["1.5", "2", "10"]),
    ],
)
def test_key_conditions(dynamo: Dynamo, condition: str, values: Json, found: list[str]) -> None:
    assert numbers(query(dynamo, condition, values)) == found
    assert numbers(query(dynamo, condition, values, ScanIndexForward=False)) == found[::-1]


NO_KEY = "Invalid condition in KeyConditionExpression"
FIRST = "have the key attribute as its first operand"


@pytest.mark.parametrize(
    ("condition", "values", "said"),
    [
        ("pk = :p AND sk > :a AND sk < :b", TWO, "KeyConditionExpressions must only contain one condition per key"),
        ("pk = :p OR sk = :a", ONE, "Invalid operator used in KeyConditionExpression: OR"),
        ("pk = :p AND sk <> :a", ONE, "Invalid operator used in KeyConditionExpression: <>"),
        ("pk = :p AND contains(sk, :a)", ONE, "Invalid operator used in KeyConditionExpression: contains"),
        ("pk > :p", {}, "Query key condition not supported"),
        ("pk = :p AND x = :a", ONE, "Query condition missed key schema element: sk"),
        ("x = :p", {}, "Query condition missed key schema element: pk"),
        ("pk > :p AND x = :p", {}, "Query key condition not supported"),
        ("pk = :p AND x = :p AND y = :p", {}, "Conditions can be of length 1 or 2 only"),
        ("x.y = :p", {}, "KeyConditionExpressions cannot have conditions on nested attributes"),
        ("pk = :p AND sk[0] = :p", {}, "KeyConditionExpressions cannot have conditions on nested attributes"),
        ("pk = :p AND :p BETWEEN sk AND :p", {}, f"{NO_KEY}: BETWEEN operator must {FIRST}"),
        ("pk = :p AND begins_with(:p, sk)", {}, f"{NO_KEY}: begins_with operator must {FIRST}"),
        ("pk = :p AND :p > :p", {}, f"{NO_KEY}: No key attribute specified"),
        (
            "pk = :p AND sk = :a",
            {":a": {"S": "1"}},
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        ),
        ("", {}, "Invalid KeyConditionExpression: The expression can not be empty;"),
    ],
)
def test_what_is_no_key_condition_is_refused(dynamo: Dynamo, condition: str, values: Json, said: str) -> None:
    """Those of DynamoDB Local 3.3.1, and of mhart/dynalite test/query.js, which is recorded on AWS."""
    assert query(dynamo, condition, values) == {"error": VALIDATION, "message": said}


def test_a_query_goes_on_where_the_page_before_ended(dynamo: Dynamo) -> None:
    for forward in (True, False):
        found: list[str] = []
        start: Json = {}
        while True:
            page = query(dynamo, "pk = :p", Limit=1, ScanIndexForward=forward, **start)
            found += numbers(page)
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        assert found == (["-1", "1.5", "2", "10"] if forward else ["10", "2", "1.5", "-1"])
    outside = query(dynamo, "pk = :p", ExclusiveStartKey={"pk": {"S": "other"}, "sk": {"N": "1"}})
    assert "outside query boundaries" in outside["message"]


def test_an_index_has_the_items_with_its_key_and_what_it_projects(dynamo: Dynamo) -> None:
    values: Json = {":h": {"N": "7"}}
    request: Json = {"TableName": "two-keys", "IndexName": "by-h", "KeyConditionExpression": "h = :h"}
    call = {**request, "ExpressionAttributeValues": values}

    found = dynamo.call("Query", **call)["Items"]
    key: Json = {"pk": {"S": "p"}, "sk": {"N": "2"}}
    dynamo.call("UpdateItem", TableName="two-keys", Key=key, UpdateExpression="REMOVE h")

    assert {item["sk"]["N"] for item in found} == {"2", "-1", "1.5"}
    assert {name for item in found for name in item} == {"pk", "sk", "h"}
    assert dynamo.call("Query", **call)["Count"] == 2
    assert "does not project [x]" in dynamo.call("Query", **call, ProjectionExpression="x")["message"]
    assert dynamo.call("Query", **call, ConsistentRead=True)["message"] == (
        "Consistent reads are not supported on global secondary indexes"
    )


def test_a_filter_is_not_on_the_key(dynamo: Dynamo) -> None:
    kept = query(dynamo, "pk = :p", {":x": {"S": "x2"}}, FilterExpression="x = :x")

    assert (numbers(kept), kept["Count"], kept["ScannedCount"]) == (["2"], 1, 4)
    assert query(dynamo, "pk = :p", {":a": {"N": "1"}}, FilterExpression="sk > :a")["message"] == (
        "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk"
    )


@pytest.mark.parametrize(("index", "condition"), [("by-h", "h = :h"), ("by-l", "pk = :p")])
def test_a_query_filters_by_what_its_index_has(dynamo: Dynamo, index: str, condition: str) -> None:
    """The sentence is AWS's in dynamodb-toolbox/dynamodb-toolbox#1195, and DynamoDB Local's for every index."""
    given: Json = {":h": {"N": "7"}, ":p": {"S": "p"}}
    values = {name: value for name, value in given.items() if name in condition}
    request: Json = {"TableName": "two-keys", "IndexName": index, "KeyConditionExpression": condition}
    request |= {"ExpressionAttributeValues": values, "FilterExpression": "attribute_exists(z.y) OR size(g) > size(z)"}
    wrong = f"Secondary index {index} does not project one or more filter attributes: [g, z]"

    assert dynamo.call("Query", **request)["message"] == f"One or more parameter values were invalid: {wrong}"


def test_the_filter_of_a_scan_sees_what_a_global_index_has(dynamo: Dynamo) -> None:
    found = [
        dynamo.call("Scan", TableName="two-keys", IndexName="by-h", FilterExpression=f"attribute_exists({name})")
        for name in ("sk", "x")
    ]

    assert [(answer["Count"], answer["ScannedCount"]) for answer in found] == [(3, 3), (0, 3)]


@pytest.mark.parametrize(("path", "key"), [("pk.x", "Key: pk"), ("sk[0]", "Key: sk"), ("g.x", "IndexKey: g")])
def test_an_expression_does_not_read_within_a_key(dynamo: Dynamo, path: str, key: str) -> None:
    """As mhart/dynalite test/getItem.js and test/scan.js, recorded on AWS; for conditions DynamoDB Local 3.3.1."""
    said = f"Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: {key}"
    item: Json = {"TableName": "two-keys", "Key": {"pk": {"S": "p"}, "sk": {"N": "2"}}}
    values: Json = {"ExpressionAttributeValues": {":n": {"N": "1"}}}
    shown: Json = {"ProjectionExpression": f"x, {path}"}
    tested: Json = {"ConditionExpression": f"x = :n OR {path} = :n"} | values
    update: Json = {"UpdateExpression": f"SET y = {path}"}
    where = "WHERE pk = 'p' AND sk = 2"
    calls: list[tuple[str, Json]] = [
        ("GetItem", item | shown),
        ("BatchGetItem", {"RequestItems": {"two-keys": {"Keys": [item["Key"]]} | shown}}),
        ("TransactGetItems", {"TransactItems": [{"Get": item | shown}]}),
        ("Scan", {"TableName": "two-keys"} | shown),
        ("Scan", {"TableName": "two-keys", "FilterExpression": f"{path} = :n"} | values),
        ("PutItem", {"TableName": "two-keys", "Item": item["Key"]} | tested),
        ("DeleteItem", item | tested),
        ("UpdateItem", item | update),
        ("TransactWriteItems", {"TransactItems": [{"Update": item | update}]}),
        ("ExecuteStatement", {"Statement": f'SELECT {path} FROM "two-keys" {where}'}),
        ("ExecuteStatement", {"Statement": f'SELECT x FROM "two-keys" {where} AND {path} = 1'}),
        ("ExecuteStatement", {"Statement": f'DELETE FROM "two-keys" {where} AND {path} = 1'}),
        ("ExecuteStatement", {"Statement": f'UPDATE "two-keys" SET y = {path} {where}'}),
    ]

    filtered = query(dynamo, "pk = :p", FilterExpression=f"attribute_exists({path})")["message"]
    in_key = f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {path[:2]}"

    assert filtered == (said if path == "g.x" else in_key)
    assert query(dynamo, "pk = :p", **shown)["message"] == said
    assert [dynamo.call(operation, **call).get("message") for operation, call in calls] == [said] * len(calls)


INVALID = "The provided starting key is invalid"
MISMATCH = "The provided key element does not match the schema"
RESTART = "The query can return at most one row and cannot be restarted"
START: Json = {"pk": {"S": "p"}, "sk": {"N": "2"}}
G: Json = {"g": {"S": "g"}}
STARTS: list[tuple[Json, str, Json, str | None]] = [
    ({}, "pk = :p", START, None),
    ({}, "pk = :p", {"pk": {"S": "p"}}, INVALID),
    ({}, "pk = :p", START | G, INVALID),
    ({}, "pk = :p", {"pk": {"S": "p"}} | G, INVALID),
    ({}, "pk = :p", START | {"sk": {"S": "2"}}, MISMATCH),
    ({}, "x = :p", START | {"sk": {"S": "2"}}, "Query condition missed key schema element: pk"),
    ({}, "x = :p", START | {"pk": {"N": "2"}}, MISMATCH),
    ({}, "pk = :p", START | {"pk": {"S": "q"}}, "The provided starting key is outside query boundaries based on provided conditions"),
    ({}, "pk = :p AND sk > :n", START, "The provided starting key does not match the range key predicate"),
    ({}, "pk = :p AND sk <= :n", START | {"pk": {"S": "q"}}, RESTART),
    ({}, "pk = :p", START | {"sk": {}}, f"{INVALID}: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
    ({}, "pk = :p", START | {"sk": {"N": "x"}}, "The parameter cannot be converted to a numeric value: x"),
    ({"IndexName": "by-g"}, "g = :g", START | G, None),
    ({"IndexName": "by-g"}, "g = :g", START, INVALID),
    ({"IndexName": "by-g"}, "g = :g", START | {"x": {"S": "g"}}, INVALID),
    ({"IndexName": "by-g"}, "g = :g", START | {"g": {"N": "2"}}, MISMATCH),
    ({"IndexName": "by-g"}, "g = :g", START | G | {"pk": {"N": "2"}}, f"{INVALID}: {MISMATCH}"),
    ({"IndexName": "by-g"}, "g = :g", {"sk": {"N": "2"}, "x": {"S": "p"}} | G, f"{INVALID}: {MISMATCH}"),
]  # fmt: skip


@pytest.mark.parametrize(("index", "condition", "start", "said"), STARTS)
def test_a_query_starts_where_one_can_end(
    dynamo: Dynamo, index: Json, condition: str, start: Json, said: str | None
) -> None:
    """The sentences are recorded on AWS in mhart/dynalite test/query.js."""
    given: Json = {":p": {"S": "p"}, ":g": {"S": "g"}, ":n": {"N": "2"}}
    values = {name: value for name, value in given.items() if name in condition}
    request: Json = {"TableName": "two-keys", "KeyConditionExpression": condition, "ExpressionAttributeValues": values}

    assert dynamo.call("Query", **request | index, ExclusiveStartKey=start).get("message") == said


@pytest.mark.parametrize(
    ("index", "start", "said"),
    [
        ({}, START, None),
        ({}, {"pk": {"S": "p"}}, f"{INVALID}: {MISMATCH}"),
        ({}, START | G, f"{INVALID}: {MISMATCH}"),
        ({}, START | {"sk": {"S": "2"}}, f"{INVALID}: {MISMATCH}"),
        ({"IndexName": "by-g"}, START | G, None),
        ({"IndexName": "by-g"}, START, INVALID),
        ({"IndexName": "by-g"}, START | {"g": {"N": "2"}}, MISMATCH),
        ({"IndexName": "by-g"}, START | G | {"pk": {"N": "2"}}, f"{INVALID}: {MISMATCH}"),
    ],
)
def test_a_scan_starts_where_one_can_end(dynamo: Dynamo, index: Json, start: Json, said: str | None) -> None:
    """The sentences are recorded on AWS in mhart/dynalite test/scan.js."""
    assert dynamo.call("Scan", TableName="two-keys", ExclusiveStartKey=start, **index).get("message") == said


@pytest.mark.parametrize("index", [{}, {"IndexName": "by-g"}])
def test_a_segment_does_not_start_in_another(dynamo: Dynamo, index: Json) -> None:
    """The sentence is recorded on AWS in mhart/dynalite test/scan.js."""
    parts: list[Json] = [{"TableName": "two-keys", "Segment": number, "TotalSegments": 2} | index for number in (0, 1)]
    said = [dynamo.call("Scan", **part, ExclusiveStartKey=START | (G if index else {})) for part in parts]
    held = [dynamo.call("Scan", **part)["Count"] for part in parts]
    wrong = f"{INVALID}: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment."

    assert [answer.get("message") for answer in said] == [
        None if held[number] else f"{wrong} TotalSegments: 2 Segment: {number}" for number in (0, 1)
    ]
    assert sorted(held) == [0, 4]


def test_key_conditions_of_the_older_kind_go_with_expressions(dynamo: Dynamo) -> None:
    """As in DynamoDB Local 3.3.1, and in mhart/dynalite validations/index.js; the other older parameters do not."""
    older: Json = {"KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "p"}]}}}
    filtered: Json = {"FilterExpression": "x = :x", "ExpressionAttributeValues": {":x": {"S": "x2"}}}
    mixed = "Can not use both expression and non-expression parameters in the same request"

    found = dynamo.call("Query", TableName="two-keys", **older, **filtered, ProjectionExpression="sk")
    refused = dynamo.call("Query", TableName="two-keys", **older, **filtered, AttributesToGet=["sk"])

    assert found["Items"] == [{"sk": {"N": "2"}}]
    assert refused["message"] == (
        f"{mixed}: Non-expression parameters: {{AttributesToGet}} Expression parameters: {{FilterExpression}}"
    )


def test_projections_keep_each_element_that_is_asked_for() -> None:
    dynamo = Dynamo()
    item: Json = {
        "pk": {"S": "a"},
        "l": {"L": [{"S": "0"}, {"S": "1"}, {"M": {"a": {"S": "x"}, "b": {"S": "y"}}}]},
        "m": {"M": {"k": {"S": "v"}, "n": {"S": "w"}}},
    }
    dynamo.call("PutItem", TableName="one-key", Item=item)
    key: Json = {"TableName": "one-key", "Key": {"pk": {"S": "a"}}}
    get = {**key, "ProjectionExpression": "l[2].b, l[0], m.k, gone"}
    shown: Json = {"l": {"L": [{"S": "0"}, {"M": {"b": {"S": "y"}}}]}, "m": {"M": {"k": {"S": "v"}}}}

    assert dynamo.call("GetItem", **get)["Item"] == shown
    assert dynamo.call("TransactGetItems", TransactItems=[{"Get": get}])["Responses"] == [{"Item": shown}]
    assert dynamo.call("GetItem", **key, AttributesToGet=["pk"])["Item"] == {"pk": {"S": "a"}}
    wrong = dynamo.call("TransactGetItems", TransactItems=[{"Get": {"TableName": "one-key", "Key": {}}}])
    assert [reason["Code"] for reason in wrong["CancellationReasons"]] == ["ValidationError"]


def test_legacy_conditions_are_joined_as_asked() -> None:
    dynamo = Dynamo()
    dynamo.call("PutItem", TableName="one-key", Item={"pk": {"S": "a"}, "n": {"N": "1"}})
    expected: Json = {
        "n": {"ComparisonOperator": "GT", "AttributeValueList": [{"N": "5"}]},
        "pk": {"ComparisonOperator": "BEGINS_WITH", "AttributeValueList": [{"S": "a"}]},
    }
    update: Json = {"TableName": "one-key", "Key": {"pk": {"S": "a"}}, "Expected": expected, "ReturnValues": "ALL_NEW"}
    update["AttributeUpdates"] = {"n": {"Action": "ADD", "Value": {"N": "2"}}}

    assert dynamo.call("UpdateItem", **update)["error"] == "ConditionalCheckFailedException"
    changed = dynamo.call("UpdateItem", **update, ConditionalOperator="OR")
    assert changed["Attributes"] == {"pk": {"S": "a"}, "n": {"N": "3"}}
    filtered = dynamo.call("Scan", TableName="one-key", ScanFilter=expected, ConditionalOperator="OR")
    assert filtered["Count"] == 1
    mixed = dynamo.call("UpdateItem", **update, UpdateExpression="REMOVE n")
    assert mixed["message"] == (
        "Can not use both expression and non-expression parameters in the same request: "
        "Non-expression parameters: {AttributeUpdates, Expected} Expression parameters: {UpdateExpression}"
    )


def test_a_transaction_is_applied_once_for_a_token() -> None:
    dynamo = Dynamo()
    update: Json = {"TableName": "one-key", "Key": {"pk": {"S": "a"}}, "UpdateExpression": "ADD n :one"}
    update["ExpressionAttributeValues"] = {":one": {"N": "1"}}

    def transact(token: str, **more: Any) -> Json:
        items = [{"Update": update | more}]
        return dynamo.call("TransactWriteItems", TransactItems=items, ClientRequestToken=token)

    assert [transact("t1"), transact("t1"), transact("t2")] == [{}, {}, {}]
    assert dynamo.items() == [{"pk": {"S": "a"}, "n": {"N": "2"}}]
    assert transact("t1", Key={"pk": {"S": "b"}})["error"] == "IdempotentParameterMismatchException"


def test_a_cancelled_transaction_says_why_for_each_action_and_changes_nothing() -> None:
    dynamo = Dynamo()
    dynamo.call("PutItem", TableName="one-key", Item={"pk": {"S": "a"}})
    changes = len(dynamo.changes)
    there: Json = {
        "TableName": "one-key",
        "Item": {"pk": {"S": "a"}},
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    there["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    new: Json = {"TableName": "one-key", "Item": {"pk": {"S": "b"}}}

    cancelled = dynamo.call("TransactWriteItems", TransactItems=[{"Put": new}, {"Put": there}])

    assert cancelled["error"] == "TransactionCanceledException"
    assert cancelled["CancellationReasons"] == [
        {"Code": "None"},
        {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed", "Item": {"pk": {"S": "a"}}},
    ]
    assert len(dynamo.changes) == changes
    twice = dynamo.call("TransactWriteItems", TransactItems=[{"Put": new}, {"Put": new}])
    assert twice["message"] == "Transaction request cannot include multiple operations on one item"


NULL_NAME = "Value null at 'tableName' failed to satisfy constraint: Member must not be null"


@pytest.mark.parametrize(
    ("operation", "body", "error", "said"),
    [
        ("GetItem", b'{"Key": {}}', VALIDATION, f"1 validation error detected: {NULL_NAME}"),
        ("Scan", b'{"TableName": "one-key", "Limit": 0}', VALIDATION, "Value '0' at 'limit'"),
        ("Query", b'{"TableName": "one-key", "Limit": 0}', VALIDATION, "Value at 'Limit'"),
        ("Scan", b'{"TableName": "no!"}', VALIDATION, "Member must satisfy regular expression pattern"),
        ("Scan", b'{"TableName": "not-there"}', "ResourceNotFoundException", "Requested resource not found"),
        ("GetItem", b'{"TableName": 5}', "SerializationException", "NUMBER_VALUE cannot be converted to String"),
        ("PutItem", b"this is no JSON", "SerializationException", ""),
        ("BatchGetItem", b'{"RequestItems": {}}', VALIDATION, "The requestItems parameter is required"),
        ("TransactWriteItems", b'{"TransactItems": []}', VALIDATION, "Value '[]' at 'transactItems'"),
        ("Scan", b'{"TableName": "one-key", "Segment": 2, "TotalSegments": 2}', VALIDATION, "Segment: 2 is not less"),
    ],
)
def test_a_request_of_the_wrong_form_is_an_error(operation: str, body: bytes, error: str, said: str) -> None:
    refused = Dynamo().send(operation, body)

    assert refused["error"] == error
    assert said in refused["message"]


def test_a_batch_names_a_key_of_another_type_before_an_empty_one(dynamo: Dynamo) -> None:
    # As DynamoDB Local does, which looks at all keys before their contents.
    keys = [{"pk": {"S": ""}, "sk": {"N": "1"}}, {"pk": {"N": "1"}, "sk": {"N": "1"}}]

    error = dynamo.call("BatchGetItem", RequestItems={"two-keys": {"Keys": keys}})

    assert error["message"] == "The provided key element does not match the schema"
