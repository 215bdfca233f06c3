"""Conditions and filters: results, and AWS's sentence for invalid ones.

The sentences are those of AWS's DynamoDB Local 3.3.1, which has the service's own parser.
"""

# ruff: noqa: E501 - a sentence of AWS's is one line, however long

from __future__ import annotations

import pytest

from tests.dynamodb_engine import Dynamo, Json

ITEM: Json = {
    "pk": {"S": "a"},
    "s": {"S": "über"},
    "n": {"N": "2"},
    "b": {"B": "YWJj"},
    "flag": {"BOOL": True},
    "ss": {"SS": ["x", "y"]},
    "l": {"L": [{"N": "1"}, {"M": {"deep": {"S": "v"}}}]},
    "m": {"M": {"k": {"N": "1"}}},
}
VALUES: Json = {
    ":n": {"N": "2"},
    ":one": {"N": "1"},
    ":ten": {"N": "10"},
    ":s": {"S": "üb"},
    ":b": {"B": "YWI="},
    ":null": {"NULL": True},
    ":t": {"BOOL": True},
    ":five": {"N": "5"},
    ":x": {"S": "x"},
    ":v": {"S": "v"},
    ":type": {"S": "L"},
    ":number": {"S": "N"},
    ":map": {"M": {"k": {"N": "1"}}},
}


def evaluate(condition: str, item: Json = ITEM) -> Json:
    dynamo = Dynamo()
    dynamo.call("PutItem", TableName="one-key", Item=item)
    values = {
        name: value
        for name, value in VALUES.items()
        if name in condition.replace("(", " ").replace(")", " ").replace(",", " ").split()
    }
    given: Json = {"ExpressionAttributeValues": values} if values else {}
    return dynamo.call(
        "DeleteItem", TableName="one-key", Key={"pk": {"S": "a"}}, ConditionExpression=condition, **given
    )


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("zz = :null OR zz IN ( :null )", False),
        ("NOT NOT n = :n", True),
        ("( n ) = :n", True),
        ("n BETWEEN :one AND :ten", True),
        ("flag BETWEEN :one AND :ten", False),
        ("s > s2", False),
        ("n < :ten AND n >= :n", True),
        ("zz <> :n", True),
        ("zz = zy", False),
        ("size(s) = :five", True),
        ("size(n) = :n", False),
        ("size(zz) = :n", False),
        ("size(ss) = :n", True),
        ("begins_with(s, :s )", True),
        ("begins_with(b, :b )", True),
        ("contains(b, :b )", True),
        ("contains(ss, :x )", True),
        ("contains(l, :one )", True),
        ("contains(s, :n )", False),
        ("attribute_type(l, :type )", True),
        ("attribute_type( :n , :number )", True),
        ("attribute_type( :n , :type )", False),
        ("attribute_type(size(s), :number )", True),
        ("attribute_type(size(zz), :number )", False),
        ("attribute_exists(l[1].deep)", True),
        ("attribute_not_exists(l[7])", True),
        ("l[1].deep = :v", True),
        ("m = :map", True),
        ("flag = :t", True),
        ("n IN ( :one , :n )", True),
        ("not (n = :one or n = :n )", False),
        ("n = :one OR n = :n AND flag = :t", True),
    ],
)  # fmt: skip
def test_conditions(condition: str, holds: bool) -> None:
    answer = evaluate(condition)

    assert answer.get("error") == (None if holds else "ConditionalCheckFailedException"), answer


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("attribute_exist(n)", "Invalid function name; function: attribute_exist"),
        ("#nn = :n", "An expression attribute name used in the document path is not defined; attribute name: #nn"),
        ("begins_with(s)", "Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 1"),
        ("begins_with(s, :n )", "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N"),
        ("n > :t", "Incorrect operand type for operator or function; operator or function: >, operand type: BOOL"),
        ("n = n", "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [n]"),
        ("size(n)", "The function is not allowed to be used this way in an expression; function: size"),
        ("attribute_exists( :n )", "Operator or function requires a document path; operator or function: attribute_exists"),
        ("n BETWEEN :ten AND :one", "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:10}, upper bound operand: AttributeValue: {N:1}"),
        ("n BETWEEN :one AND :s", "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:üb}"),
        ("n = Remove", 'Syntax error; token: "Remove", near: "= Remove"'),
        ("set(n) = :n", 'Syntax error; token: "set", near: "set("'),
        ("status = :n", "Attribute name is a reserved keyword; reserved keyword: status"),
        ("n == :n", 'Syntax error; token: "=", near: "== :n"'),
        ("n", 'Syntax error; token: "<EOF>", near: "n"'),
        ("( n = :n", 'Syntax error; token: "<EOF>", near: ":n"'),
        ("n IN ()", 'Syntax error; token: ")", near: "()"'),
        ("a-b = :n", 'Syntax error; token: "-", near: "a-b"'),
        ("_a = :n", 'Syntax error; token: "_", near: "_a"'),
        ("((n = :n ))", "The expression has redundant parentheses;"),
        ("", "The expression can not be empty;"),
        ("  ", 'Syntax error; token: "<EOF>", near: "  "'),
        ("  = :n", 'Syntax error; token: "=", near: "  = :n"'),
        ("  n  :n", 'Syntax error; token: ":n", near: "n  :n"'),
    ],
)  # fmt: skip
def test_a_mistake_in_a_condition_has_awss_sentence(condition: str, said: str) -> None:
    assert evaluate(condition) == {"error": "ValidationException", "message": f"Invalid ConditionExpression: {said}"}


def test_an_expression_has_at_most_4096_bytes() -> None:
    said = evaluate("attribute_exists(" + "a" * 4096 + ")")["message"]

    assert (
        said
        == "Invalid ConditionExpression: Expression size has exceeded the maximum allowed size; expression size: 4114"
    )


@pytest.mark.parametrize(
    ("condition", "operators"),
    [
        ("NOT " * 299 + "n = :n", 300),
        ("NOT " * 1000 + "n = :n", 1001),
        (" OR ".join(["n = :n"] * 151), 301),
        (" OR ".join(["size(s) > :n"] * 100), 299),
        (" OR ".join(["size(s) > :n"] * 101), 302),
        (" OR ".join(["contains(s, :n)"] * 151), 301),
    ],
)
def test_a_condition_has_at_most_300_operators_and_functions(condition: str, operators: int) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html; Local's count ends at 301."""
    said = evaluate(condition).get("message", "")

    refused = "Invalid ConditionExpression: The expression contains too many operators; operator count: 301"
    assert (said == refused) == (operators > 300), said


def test_an_update_has_at_most_300_operators_and_functions() -> None:
    def message(sums: int) -> str | None:
        update = "SET " + ",".join(f"a{number}=n+:n" for number in range(sums))
        dynamo = Dynamo()
        dynamo.call("PutItem", TableName="one-key", Item=ITEM)
        given: Json = {"UpdateExpression": update, "ExpressionAttributeValues": {":n": {"N": "2"}}}
        return dynamo.call("UpdateItem", TableName="one-key", Key={"pk": ITEM["pk"]}, **given).get("message")

    assert message(300) is None
    assert message(301) == "Invalid UpdateExpression: The expression contains too many operators; operator count: 301"


@pytest.mark.parametrize("operation", ["PutItem", "BatchWriteItem", "GetItem"])
def test_deep_json_is_a_mistake(operation: str) -> None:
    deep = b'{"TableName":"one-key","Item":{"pk":{"S":"k"},"l":%b%b}}' % (b'{"L":[' * 5000, b"]}" * 5000)
    answer = Dynamo().send(operation, deep)
    assert answer["error"] == "ValidationException"
    assert answer["message"].startswith("Nesting Levels have exceeded supported limits")


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("Scan", {"TableName": "one-key", "FilterExpression": "(" * 2000}),
        (
            "UpdateItem",
            {"TableName": "one-key", "Key": {"pk": ITEM["pk"]}, "UpdateExpression": f"SET a = {'(' * 2000}"},
        ),
        ("ExecuteStatement", {"Statement": f'SELECT * FROM "one-key" WHERE {"(" * 2000}'}),
    ],
)
def test_deep_parentheses_are_a_mistake(operation: str, parameters: Json) -> None:
    assert Dynamo().call(operation, **parameters)["error"] == "ValidationException"
