"""DynamoDB's tables are created, changed and listed as on AWS, with AWS's refusals.

The messages are recorded by nubo-db/dynamodb-conformance (tests/tier3/error-messages/createTable.test.ts,
tests/tier1/updateTable, tests/tier2) and mhart/dynalite (validations/createTable.js).
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.state import client

Json = dict[str, Any]
INVALID = "One or more parameter values were invalid: "


@pytest.fixture(scope="module")
def dynamodb(sandbox_server: Any) -> Any:
    return client("dynamodb", sandbox_server.endpoint_url)


def key(*names: str) -> list[Json]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)]


def definitions(*names: str) -> list[Json]:
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]


def index(name: str, *names: str, projection: str = "ALL") -> Json:
    return {"IndexName": name, "KeySchema": key(*names), "Projection": {"ProjectionType": projection}}


def table(name: str, **more: Any) -> Json:
    base: Json = {"TableName": name, "BillingMode": "PAY_PER_REQUEST"}
    return base | {"KeySchema": key("pk"), "AttributeDefinitions": definitions("pk")} | more


def refused(call: Any, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error: Any = caught.value
    return error.response["Error"]["Code"], error.response["Error"]["Message"]


WRONG: list[tuple[Json, str]] = [
    (table("wrong", KeySchema=key("pk", "pk")), "Invalid KeySchema: Some index key attribute have no definition"),
    (
        table("wrong", KeySchema=key("pk", "sk"), AttributeDefinitions=definitions("pk", "other")),
        (
            f"{INVALID}Some index key attributes are not defined in AttributeDefinitions. "
            "Keys: [pk, sk], AttributeDefinitions: [pk, other]"
        ),
    ),
    (
        table("wrong", AttributeDefinitions=definitions("pk", "unused")),
        (
            f"{INVALID}Number of attributes in KeySchema does not exactly match number of attributes defined in "
            "AttributeDefinitions"
        ),
    ),
    (
        table("wrong", AttributeDefinitions=definitions("pk", "l"), LocalSecondaryIndexes=[index("by-l", "pk", "l")]),
        f"{INVALID}Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
    ),
    (
        table(
            "wrong",
            AttributeDefinitions=definitions("pk", "sk", "l"),
            KeySchema=key("pk", "sk"),
            LocalSecondaryIndexes=[index("by-l", "sk", "l")],
        ),
        (
            f"{INVALID}Index KeySchema does not have the same leading hash key as table KeySchema for index: by-l. "
            "index hash key: sk, table hash key: pk"
        ),
    ),
    (
        table(
            "wrong",
            AttributeDefinitions=definitions("pk", "g"),
            GlobalSecondaryIndexes=[index("by-g", "g"), index("by-g", "pk")],
        ),
        f"{INVALID}Duplicate index name: by-g",
    ),
]


@pytest.mark.parametrize(("parameters", "said"), WRONG)
def test_a_table_whose_keys_do_not_fit_is_refused(dynamodb: Any, parameters: Json, said: str) -> None:
    assert refused(dynamodb.create_table, **parameters) == ("ValidationException", said)


def test_an_index_that_is_added_has_the_items_that_are_there(dynamodb: Any) -> None:
    dynamodb.create_table(**table("grows"))
    for number in "123":
        dynamodb.put_item(TableName="grows", Item={"pk": {"S": number}, "g": {"S": "x"}, "n": {"N": number}})

    added = {"Create": index("by-g", "g", "pk", projection="KEYS_ONLY")}
    dynamodb.update_table(TableName="grows", AttributeDefinitions=definitions("g"), GlobalSecondaryIndexUpdates=[added])
    condition: Json = {"KeyConditionExpression": "g = :x AND pk > :one", "ScanIndexForward": False}
    found = dynamodb.query(
        TableName="grows",
        IndexName="by-g",
        ExpressionAttributeValues={":x": {"S": "x"}, ":one": {"S": "1"}},
        **condition,
    )

    assert found["Items"] == [{"pk": {"S": "3"}, "g": {"S": "x"}}, {"pk": {"S": "2"}, "g": {"S": "x"}}]
    described = dynamodb.describe_table(TableName="grows")["Table"]
    assert {each["AttributeName"] for each in described["AttributeDefinitions"]} == {"pk", "g"}
    again = refused(dynamodb.update_table, TableName="grows", GlobalSecondaryIndexUpdates=[added])
    assert again == ("ValidationException", "Attempting to create an index which already exists")
    gone = {"Delete": {"IndexName": "no-index"}}
    code, _ = refused(dynamodb.update_table, TableName="grows", GlobalSecondaryIndexUpdates=[gone])
    assert code == "ResourceNotFoundException"
    dynamodb.delete_table(TableName="grows")


@pytest.mark.parametrize("parameters", [{}, {"GlobalSecondaryIndexUpdates": []}])
def test_an_update_of_nothing_is_refused(dynamodb: Any, parameters: Json) -> None:
    """Recorded on AWS in mhart/dynalite test/updateTable.js."""
    code, said = refused(dynamodb.update_table, TableName="nothing", **parameters)

    assert (code, said.split(",")[0]) == ("ValidationException", "At least one of ProvisionedThroughput")


def test_tables_are_listed_in_order_and_in_pages(dynamodb: Any) -> None:
    names = ["list-c", "list-a", "list-b"]
    for name in names:
        dynamodb.create_table(**table(name))

    pages = dynamodb.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 1})

    listed = [name for page in pages for name in page["TableNames"]]
    assert [name for name in listed if name in names] == sorted(names)
    assert listed == sorted(listed)
    for name in names:
        dynamodb.delete_table(TableName=name)


def test_the_discovered_endpoint_is_the_sandbox(dynamodb: Any) -> None:
    """A client with endpoint discovery sends its calls there: API_DescribeEndpoints.html."""
    (found,) = dynamodb.describe_endpoints()["Endpoints"]
    assert dynamodb.meta.endpoint_url == f"http://{found['Address']}"


def test_a_tag_has_one_value(dynamodb: Any) -> None:
    arn = dynamodb.create_table(**table("tagged"))["TableDescription"]["TableArn"]
    for value in ("test", "production"):
        dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "env", "Value": value}])

    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "env", "Value": "production"}]
    code, _ = refused(dynamodb.list_tags_of_resource, ResourceArn=arn.replace("tagged", "not-there"))
    assert code == "AccessDeniedException"
    dynamodb.delete_table(TableName="tagged")


def test_a_backup_has_the_items_of_its_time(dynamodb: Any) -> None:
    dynamodb.create_table(**table("saved"))
    dynamodb.put_item(TableName="saved", Item={"pk": {"S": "before"}})
    backup = dynamodb.create_backup(TableName="saved", BackupName="backup")["BackupDetails"]["BackupArn"]
    dynamodb.put_item(TableName="saved", Item={"pk": {"S": "after"}})

    dynamodb.restore_table_from_backup(TargetTableName="restored", BackupArn=backup)

    assert dynamodb.scan(TableName="restored")["Items"] == [{"pk": {"S": "before"}}]
    dynamodb.put_item(TableName="restored", Item={"pk": {"S": "own"}})
    assert dynamodb.scan(TableName="saved")["Count"] == 2
    for name in ("saved", "restored"):
        dynamodb.delete_table(TableName=name)
