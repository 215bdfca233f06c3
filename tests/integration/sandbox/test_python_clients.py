"""Clients from PyPI with their ordinary configuration: aioboto3, aiodynamo, PynamoDB and the AWS CLI.

The other tests use boto3; `make test-clients` runs the clients of other languages.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from sandbox.state import ACCESS_KEY, SECRET_KEY, client
from tests.conftest import SandboxServer

REGION = "eu-west-1"


@pytest.fixture(scope="module")
def endpoint(sandbox_server: SandboxServer) -> str:
    return sandbox_server.endpoint_url


@pytest.fixture
def table(endpoint: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A table with a partition key `pk` and a sort key `sk`, a number, and a stream."""
    name = f"client-{request.node.name[5:40]}"
    dynamodb = client("dynamodb", endpoint)
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "N"},
        ],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    yield name
    dynamodb.delete_table(TableName=name)
    dynamodb.close()


async def test_aioboto3_writes_items_and_reads_their_stream(endpoint: str, table: str) -> None:
    aioboto3: Any = pytest.importorskip("aioboto3", reason="it holds botocore back, so test-newest has none")
    session = aioboto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION)
    async with (
        session.resource("dynamodb", endpoint_url=endpoint) as dynamodb,
        session.client("dynamodbstreams", endpoint_url=endpoint) as streams,
    ):
        rows = await dynamodb.Table(table)
        async with rows.batch_writer() as batch:
            for number in range(30):
                await batch.put_item(Item={"pk": "a", "sk": number, "blob": bytes([number])})
        await rows.update_item(
            Key={"pk": "a", "sk": 3},
            UpdateExpression="ADD tags :t",
            ExpressionAttributeValues={":t": {"x", "y"}},
        )
        found = await rows.query(
            KeyConditionExpression="pk = :p AND sk BETWEEN :a AND :b",
            ExpressionAttributeValues={":p": "a", ":a": 2, ":b": 3},
        )
        with pytest.raises(rows.meta.client.exceptions.ConditionalCheckFailedException):
            await rows.put_item(Item={"pk": "a", "sk": 3}, ConditionExpression="attribute_not_exists(pk)")
        arn = await rows.latest_stream_arn
        (shard,) = (await streams.describe_stream(StreamArn=arn))["StreamDescription"]["Shards"]
        start = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = (await streams.get_shard_iterator(**start))["ShardIterator"]
        records = (await streams.get_records(ShardIterator=iterator))["Records"]

    assert [row["sk"] for row in found["Items"]] == [2, 3]
    assert found["Items"][1]["tags"] == {"x", "y"}
    assert [record["eventName"] for record in records] == ["INSERT"] * 30 + ["MODIFY"]


async def test_aiodynamo_writes_and_reads(endpoint: str, table: str) -> None:
    import aiodynamo.errors
    from aiodynamo.client import Client
    from aiodynamo.credentials import Key, StaticCredentials
    from aiodynamo.expressions import F, HashKey, RangeKey
    from aiodynamo.http.aiohttp import AIOHTTP
    from aiodynamo.operations import Put, Update
    from aiohttp import ClientSession
    from yarl import URL

    async with ClientSession() as session:
        made = Client(AIOHTTP(session), StaticCredentials(Key(ACCESS_KEY, SECRET_KEY)), REGION, URL(endpoint))
        rows = made.table(table)
        await rows.put_item({"pk": "a", "sk": 1, "total": 10, "lines": [{"sku": "x"}], "seen": {"n"}})
        with pytest.raises(aiodynamo.errors.ConditionalCheckFailed):
            await rows.put_item({"pk": "a", "sk": 1}, condition=F("pk").does_not_exist())
        updated = await rows.update_item(
            {"pk": "a", "sk": 1}, F("total").change(5) & F("lines").append([{"sku": "y"}]), condition=F("total").gt(9)
        )
        await made.transact_write_items(
            [Put(table, {"pk": "a", "sk": 2}), Update(table, {"pk": "a", "sk": 3}, F("total").set(1))]
        )
        key = HashKey("pk", "a") & RangeKey("sk").gte(2)
        later = [row async for row in rows.query(key)]
        everything = [row async for row in rows.scan(limit=None)]
        with pytest.raises(aiodynamo.errors.ItemNotFound):
            await rows.get_item({"pk": "a", "sk": 9})

    assert updated is None or updated["total"] == 15
    assert [row["sk"] for row in later] == [2, 3]
    assert everything[0] == {"pk": "a", "sk": 1, "total": 15, "lines": [{"sku": "x"}, {"sku": "y"}], "seen": {"n"}}


def test_pynamodb_makes_a_table_and_writes_models(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    from pynamodb.attributes import (
        JSONAttribute,
        NumberAttribute,
        UnicodeAttribute,
        UnicodeSetAttribute,
        VersionAttribute,
    )
    from pynamodb.connection import Connection
    from pynamodb.exceptions import PutError, TransactWriteError
    from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
    from pynamodb.models import Model
    from pynamodb.transactions import TransactWrite

    class ByStatus(GlobalSecondaryIndex[Any]):
        class Meta:
            index_name = "by-status"
            projection = AllProjection()
            billing_mode = "PAY_PER_REQUEST"

        status = UnicodeAttribute(hash_key=True)
        total = NumberAttribute(range_key=True)

    class Order(Model):
        class Meta:  # pyright: ignore[reportIncompatibleVariableOverride] - as PynamoDB is used, with some of its names
            table_name = "client-pynamodb"
            host = endpoint
            region = REGION
            billing_mode = "PAY_PER_REQUEST"

        order = UnicodeAttribute(hash_key=True)
        status = UnicodeAttribute()
        total = NumberAttribute(default=0)
        tags = UnicodeSetAttribute(null=True)
        extra = JSONAttribute(null=True)
        version = VersionAttribute()
        by_status = ByStatus()

    Order.create_table(wait=True)
    try:
        first = Order("o-1", status="paid", total=3, tags={"a", "b"}, extra={"deep": [1]})
        first.save()
        with pytest.raises(PutError, match="conditional request failed"):
            Order("o-1", status="again").save()  # its version exists
        first.update(actions=[Order.total.add(4), Order.tags.delete({"a"})], condition=Order.status == "paid")
        with Order.batch_write() as batch:
            for number in range(2, 30):
                batch.save(Order(f"o-{number}", status="placed", total=number))
        connection = Connection(region=REGION, host=endpoint)
        with pytest.raises(TransactWriteError) as cancelled, TransactWrite(connection=connection) as transaction:  # noqa: PT012 - it is sent where the block ends
            transaction.save(Order("o-30", status="paid"))
            transaction.condition_check(Order, "o-1", condition=Order.total > 100)
        placed = Order.by_status.query("placed", Order.total >= 10, scan_index_forward=False)

        assert [order.total for order in placed] == list(range(29, 9, -1))
        stored = Order.get("o-1")
        assert (stored.total, stored.tags, stored.extra) == (7, {"b"}, {"deep": [1]})
        assert stored.attribute_values["version"] == 2
        # It sends its condition checks first.
        reasons = [reason and reason.code for reason in cancelled.value.cancellation_reasons]
        assert reasons == ["ConditionalCheckFailed", None]
        assert Order.count() == 29
        assert len(list(Order.batch_get(["o-1", "o-2", "gone"]))) == 2
        assert len(list(Order.scan(Order.status.startswith("pl"), page_size=7))) == 28
    finally:
        Order.delete_table()


_CLI = """
import contextlib, io, json, sys
from awscli.clidriver import create_clidriver
for command in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = create_clidriver().main(command)
    print(json.dumps([code, out.getvalue(), err.getvalue()]))
"""


def aws(endpoint: str, *commands: Sequence[str]) -> list[Any]:
    """Run commands of the AWS CLI in the environment of `sandbox env`; return exit code, output and errors of each.

    It runs in another process, because it contains a botocore of the same name.
    """
    environment = {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_OUTPUT": "json",
    }
    command = [sys.executable, "-c", _CLI]
    given = json.dumps(commands)
    done = subprocess.run(
        command, input=given, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_aws_cli_writes_reads_and_is_refused_in_one_sentence(endpoint: str, table: str) -> None:
    item = {"pk": {"S": "a"}, "sk": {"N": "1"}}
    values = json.dumps({":p": {"S": "a"}})
    query = ["--table-name", table, "--key-condition-expression", "pk = :p", "--expression-attribute-values", values]
    select = ["--statement", f'SELECT sk FROM "{table}" WHERE pk = ?', "--parameters", '[{"S": "a"}]']
    update = ["--table-name", table, "--key", json.dumps({"pk": {"S": "a"}}), "--update-expression", "SET a = :x"]
    metric = ["--namespace", "client-cli"]

    put, queried, selected, refused, metrics, listed = aws(
        endpoint,
        ["dynamodb", "put-item", "--table-name", table, "--item", json.dumps(item)],
        ["dynamodb", "query", *query],
        ["dynamodb", "execute-statement", *select],
        ["dynamodb", "update-item", *update],
        ["cloudwatch", "put-metric-data", *metric, "--metric-name", "orders", "--value", "1"],
        ["cloudwatch", "list-metrics", *metric],
    )

    assert put[0] == 0, put
    assert json.loads(queried[1])["Items"] == [item]
    assert json.loads(selected[1])["Items"] == [{"sk": {"N": "1"}}]
    assert "(ValidationException) when calling the UpdateItem operation: " in refused[2]
    assert metrics[0] == 0, metrics
    assert [each["MetricName"] for each in json.loads(listed[1])["Metrics"]] == ["orders"]
