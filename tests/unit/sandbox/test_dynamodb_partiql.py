"""PartiQL's statements, as AWS documents them and AWS's DynamoDB Local 3.3.1 answers them."""

# ruff: noqa: E501 - a sentence of AWS's is one line, however long

from __future__ import annotations

from typing import Any

import pytest

from tests.dynamodb_engine import Dynamo, Json

INSERT = """INSERT INTO "two-keys" VALUE {'pk': 'a', 'sk': 1, 'n': 5, 's': 'it''s', 'l': [1, {'x': 'y'}],
 'm': {'k': 'v', 'd': {'e': 1}}, 't': TRUE, 'z': NULL, 'ss': <<'a', 'b'>>, 'g': 'g1'}"""
FIRST: Json = {
    "pk": {"S": "a"},
    "sk": {"N": "1"},
    "n": {"N": "5"},
    "s": {"S": "it's"},
    "l": {"L": [{"N": "1"}, {"M": {"x": {"S": "y"}}}]},
    "m": {"M": {"k": {"S": "v"}, "d": {"M": {"e": {"N": "1"}}}}},
    "t": {"BOOL": True},
    "z": {"NULL": True},
    "ss": {"SS": ["a", "b"]},
    "g": {"S": "g1"},
}


@pytest.fixture
def dynamo() -> Dynamo:
    dynamo = Dynamo()
    assert run(dynamo, INSERT) == {"Items": []}
    second: list[Json] = [{"S": "a"}, {"N": "2"}]
    assert run(dynamo, "INSERT INTO \"two-keys\" VALUE {'pk': ?, 'sk': ?, 'n': 7}", *second) == {"Items": []}
    return dynamo


def run(dynamo: Dynamo, statement: str, *parameters: Json, **more: Any) -> Json:
    given: Json = {"Parameters": list(parameters)} if parameters else {}
    return dynamo.call("ExecuteStatement", Statement=statement, **given, **more)


def test_what_is_inserted_is_the_item(dynamo: Dynamo) -> None:
    key: Json = {"pk": {"S": "a"}, "sk": {"N": "1"}}

    assert dynamo.call("GetItem", TableName="two-keys", Key=key)["Item"] == FIRST
    assert run(dynamo, INSERT) == {
        "error": "DuplicateItemException",
        "message": "Duplicate primary key exists in table",
    }


@pytest.mark.parametrize(
    ("clause", "found"),
    [
        ("pk = 'a'", [1, 2]),
        ("pk = 'a' AND sk = 2", [2]),
        ("pk = 'a' AND sk > 1", [2]),
        ("'a' = pk AND 1 < sk", [2]),
        ("2 >= sk AND 'a' = pk", [1, 2]),
        ("pk = 'a' AND sk BETWEEN 1 AND 1.5", [1]),
        ("pk IN ['a', 'b']", [1, 2]),
        ("pk = 'a' AND n = 7", [2]),
        ("n = 5", [1]),
        ("n IN (5, 6)", [1]),
        ("NOT n = 5", [2]),
        ("n <> 5 AND n != 6", [2]),
        ("z IS NULL", [1]),
        ("z IS NOT MISSING", [1]),
        ("z IS MISSING", [2]),
        ("begins_with(s, 'it')", [1]),
        ("contains(\"ss\", 'b')", [1]),
        ("attribute_type(s, 'S')", [1]),
        ("size(l) = 2", [1]),
        ("m.d.e = 1 AND l[1].x = 'y'", [1]),
        ("pk = 'a' AND (n = 5 OR n = 7)", [1, 2]),
        ("pk = 'b'", []),
        ("pk = 'a' ORDER BY sk DESC", [2, 1]),
    ],
)
def test_where(dynamo: Dynamo, clause: str, found: list[int]) -> None:
    items = run(dynamo, f'SELECT sk FROM "two-keys" WHERE {clause}')["Items"]

    assert items == [{"sk": {"N": str(number)}} for number in found]


def test_a_column_has_the_last_name_of_its_path(dynamo: Dynamo) -> None:
    shown = run(dynamo, "SELECT m.d.e, l[0], l[1].x, none FROM \"two-keys\" WHERE pk = 'a' AND sk = 1")

    assert shown["Items"] == [{"e": {"N": "1"}, "l[0]": {"N": "1"}, "x": {"S": "y"}}]


def test_an_index_is_read_by_its_key(dynamo: Dynamo) -> None:
    assert run(dynamo, 'SELECT * FROM "two-keys"."by-g" WHERE g = \'g1\'')["Items"] == [FIRST]
    assert "does not have the specified index: none" in run(dynamo, 'SELECT * FROM "two-keys"."none"')["message"]


def test_a_statement_goes_on_from_its_token(dynamo: Dynamo) -> None:
    statement = "SELECT sk FROM \"two-keys\" WHERE pk = 'a'"

    first = run(dynamo, statement, Limit=1)
    second = run(dynamo, statement, NextToken=first["NextToken"])

    assert [first["Items"], second["Items"]] == [[{"sk": {"N": "1"}}], [{"sk": {"N": "2"}}]]
    assert first["LastEvaluatedKey"] == {"pk": {"S": "a"}, "sk": {"N": "1"}}
    assert "NextToken" not in second
    assert run(dynamo, 'SELECT * FROM "two-keys"', NextToken=first["NextToken"])["error"] == "ValidationException"


WHERE = "WHERE pk = 'a' AND sk = 1"


@pytest.mark.parametrize(
    ("changes", "returning", "shown"),
    [
        ("SET n = n + 1", "MODIFIED NEW", {"n": {"N": "6"}}),
        ("SET n = 1 SET s = 'u'", "MODIFIED OLD", {"n": {"N": "5"}, "s": {"S": "it's"}}),
        ("SET n = 1, s = ?", "MODIFIED NEW", {"n": {"N": "1"}, "s": {"S": "parameter"}}),
        ("SET l = list_append(l, [9])", "MODIFIED NEW", {"l": {"L": [*FIRST["l"]["L"], {"N": "9"}]}}),
        (
            "SET l = list_append([8], list_append(l, [9]))",
            "MODIFIED NEW",
            {"l": {"L": [{"N": "8"}, *FIRST["l"]["L"], {"N": "9"}]}},
        ),
        ("SET ss = set_add(ss, <<'c'>>)", "MODIFIED NEW", {"ss": {"SS": ["a", "b", "c"]}}),
        ("SET ss = set_delete(ss, <<'a'>>)", "MODIFIED NEW", {"ss": {"SS": ["b"]}}),
        ("SET m.k = 'w'", "MODIFIED NEW", {"m": {"M": {"k": {"S": "w"}}}}),
        ("REMOVE s", "MODIFIED OLD", {"s": {"S": "it's"}}),
        ("SET new = if_not_exists(new, 3)", "MODIFIED NEW", {"new": {"N": "3"}}),
    ],
)
def test_updates(dynamo: Dynamo, changes: str, returning: str, shown: Json) -> None:
    parameters: list[Json] = [{"S": "parameter"}] if "?" in changes else []

    assert run(dynamo, f'UPDATE "two-keys" {changes} {WHERE} RETURNING {returning} *', *parameters)["Items"] == [shown]


EMPTY = (
    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string "
    "value. Key: pk"
)


@pytest.mark.parametrize(
    ("statement", "error", "said"),
    [
        ("SELECTT * FROMM x", "ValidationException", "Statement wasn't well formed, can't be processed: SELECTT * FROMM x"),
        ('SELECT * FROM "two-keys" WHERE pk = ?', "ValidationException", "Number of parameters in request and statement don't match."),
        ("SELECT * FROM nothing WHERE pk = 'a'", "ResourceNotFoundException", "Requested resource not found"),
        ('SELECT * FROM "two-keys" WHERE foo(n)', "ValidationException", "Unrecognized function: foo"),
        ('SELECT * FROM "two-keys" ORDER BY sk', "ValidationException", "Must have WHERE clause in the statement when using ORDER BY clause."),
        ('SELECT * FROM "two-keys" WHERE pk = 5', "ValidationException", "Key attribute's data type should match its data type in table's schema: Key pk"),
        ("SELECT * FROM \"two-keys\" WHERE pk = ''", "ValidationException", EMPTY),
        (f'SELECT n, m.n FROM "two-keys" {WHERE}', "ValidationException", "Duplicate identifiers in select clause: n"),
        (f'SELECT n, n FROM "two-keys" {WHERE}', "ValidationException", "Duplicate identifiers in select clause: n"),
        (f'SELECT m, m.k FROM "two-keys" {WHERE}', "ValidationException", "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [m], path two: [m, k]"),
        ("UPDATE \"two-keys\" SET n = 1 WHERE pk = 'a'", "ValidationException", "Where clause does not contain a mandatory equality on all key attributes"),
        (f'UPDATE "two-keys" SET n = 1 {WHERE} AND n = 100', "ConditionalCheckFailedException", "The conditional request failed"),
        ("UPDATE \"two-keys\" SET n = 1 WHERE pk = 'none' AND sk = 1", "ConditionalCheckFailedException", "The conditional request failed"),
        (f'UPDATE "two-keys" SET pk = \'b\' {WHERE}', "ValidationException", "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key"),
        (f'UPDATE "two-keys" {WHERE}', "ValidationException", f"Statement wasn't well formed, can't be processed: UPDATE \"two-keys\" {WHERE}"),
        (f'DELETE FROM "two-keys" {WHERE} RETURNING ALL NEW *', "ValidationException", "Invalid returning clause: RETURNING ALL NEW *. Only RETURNING ALL OLD * is allowed in DELETE statements."),
    ],
)  # fmt: skip
def test_mistakes(dynamo: Dynamo, statement: str, error: str, said: str) -> None:
    changes = len(dynamo.changes)

    assert run(dynamo, statement) == {"error": error, "message": said}
    assert len(dynamo.changes) == changes


def test_delete(dynamo: Dynamo) -> None:
    assert run(dynamo, f'DELETE FROM "two-keys" {WHERE} RETURNING ALL OLD *')["Items"] == [FIRST]
    assert run(dynamo, f'DELETE FROM "two-keys" {WHERE}') == {"Items": []}
    assert dynamo.changes[-1] == (FIRST, None)


def test_each_statement_of_a_batch_has_its_own_outcome(dynamo: Dynamo) -> None:
    def batch(*statements: str) -> Json:
        return dynamo.call("BatchExecuteStatement", Statements=[{"Statement": statement} for statement in statements])

    read = batch(f'SELECT n FROM "two-keys" {WHERE}', "SELECT * FROM nothing WHERE pk = 'a'")
    written = batch(INSERT, "INSERT INTO \"two-keys\" VALUE {'pk': 'b', 'sk': 1}")

    missing = {"Code": "ResourceNotFound", "Message": "Requested resource not found"}
    assert read["Responses"] == [{"TableName": "two-keys", "Item": {"n": {"N": "5"}}}, {"Error": missing}]
    assert written["Responses"][0]["Error"]["Code"] == "DuplicateItem"
    assert written["Responses"][1] == {"TableName": "two-keys"}
    assert "Read and write" in batch(f'SELECT n FROM "two-keys" {WHERE}', INSERT)["message"]


def test_a_key_is_named_on_either_side(dynamo: Dynamo) -> None:
    """As in DynamoDB Local 3.3.1."""
    assert run(dynamo, "UPDATE \"two-keys\" SET n = 8 WHERE 'a' = pk AND 1 = sk RETURNING MODIFIED OLD *")["Items"] == [
        {"n": {"N": "5"}}
    ]


def test_statements_of_one_request_do_not_read_an_item_twice(dynamo: Dynamo) -> None:
    """As in DynamoDB Local 3.3.1."""
    twice = [{"Statement": f'SELECT {name} FROM "two-keys" {WHERE}'} for name in ("n", "s")]

    assert dynamo.call("BatchExecuteStatement", Statements=twice)["message"] == (
        "Provided list of item keys contains duplicates"
    )
    assert dynamo.call("ExecuteTransaction", TransactStatements=twice)["message"] == (
        "Transaction request cannot include multiple operations on one item"
    )


def test_a_transaction_is_made_as_a_whole_and_once(dynamo: Dynamo) -> None:
    def transaction(*statements: str, **more: Any) -> Json:
        given = [{"Statement": statement} for statement in statements]
        return dynamo.call("ExecuteTransaction", TransactStatements=given, **more)

    insert = "INSERT INTO \"two-keys\" VALUE {'pk': 'b', 'sk': 1}"
    update = f'UPDATE "two-keys" SET n = n + 1 {WHERE}'
    changes = len(dynamo.changes)

    cancelled = transaction(insert, INSERT)
    checked = transaction(insert, f'EXISTS(SELECT * FROM "two-keys" {WHERE} AND n = 777)')
    assert [reason["Code"] for reason in cancelled["CancellationReasons"]] == ["None", "DuplicateItem"]
    assert [reason["Code"] for reason in checked["CancellationReasons"]] == ["None", "ConditionalCheckFailed"]
    assert len(dynamo.changes) == changes
    for _ in range(2):
        assert "error" not in transaction(insert, update, ClientRequestToken="once")
    assert len(dynamo.changes) == changes + 2
    assert transaction(f'SELECT n FROM "two-keys" {WHERE}')["Responses"] == [{"Item": {"n": {"N": "6"}}}]
