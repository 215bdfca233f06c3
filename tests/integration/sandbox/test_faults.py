"""Faults of a running server, as clients observe them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from sandbox.errors import SandboxError
from sandbox.faults import inject
from sandbox.faults.client import Faults
from sandbox.state import ACCESS_KEY, DEFAULT_REGION, SECRET_KEY, session
from sandbox.state import client as worker_client
from tests.conftest import SandboxServer
from tests.integration.sandbox.dataplane import wait_until

TABLE = "faulty-orders"
STREAM = "faulty-changes"
BUCKET = "faulty-bucket"


_clients: dict[tuple[str, int], Any] = {}


def _client(server: SandboxServer, service: str, attempts: int = 1) -> Any:
    if (service, attempts) in _clients:
        return _clients[service, attempts]
    _clients[service, attempts] = session().client(
        service,
        endpoint_url=server.endpoint_url,
        region_name=DEFAULT_REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(retries={"mode": "standard", "total_max_attempts": attempts}, s3={"addressing_style": "path"}),
    )
    return _clients[service, attempts]


@pytest.fixture(scope="module")
def resources(sandbox_server: SandboxServer) -> SandboxServer:
    _client(sandbox_server, "dynamodb").create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    _client(sandbox_server, "kinesis").create_stream(StreamName=STREAM, ShardCount=1)
    location = {"LocationConstraint": DEFAULT_REGION}
    _client(sandbox_server, "s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)
    return sandbox_server


@pytest.fixture
def server(resources: SandboxServer) -> Iterator[SandboxServer]:
    """The server without faults, before and after the test."""
    yield resources
    Faults(resources.endpoint_url).off()


def _put(server: SandboxServer, id_: str, attempts: int = 1) -> None:
    _client(server, "dynamodb", attempts).put_item(TableName=TABLE, Item={"id": {"S": id_}})


def _is_there(server: SandboxServer, id_: str) -> bool:
    return "Item" in _client(server, "dynamodb").get_item(TableName=TABLE, Key={"id": {"S": id_}})


def _refused(call: Any, *arguments: Any, **named: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as refused:
        call(*arguments, **named)
    error: Any = refused.value
    return error.response


@pytest.mark.parametrize(
    ("code", "reason", "member"),
    [
        ("ProvisionedThroughputExceededException", "TableWriteProvisionedThroughputExceeded", "ThrottlingReasons"),
        ("ThrottlingException", "TableWriteKeyRangeThroughputExceeded", "throttlingReasons"),
        ("RequestLimitExceeded", "TableWriteAccountLimitExceeded", "ThrottlingReasons"),
    ],
)
def test_a_throttled_write_names_its_reason_and_resource(
    server: SandboxServer, code: str, reason: str, member: str
) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/throttling-diagnosing-workflow.html"""
    with inject("throttle", "dynamodb", "PutItem", endpoint_url=server.endpoint_url, error=code) as fault:
        response = _refused(_put, server, "throttled")
        assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, 400)
        arn = f"arn:aws:dynamodb:{DEFAULT_REGION}:123456789012:table/{TABLE}"
        assert response[member] == [{"reason": reason, "resource": arn}]
        assert fault.struck == 1
    assert not _is_there(server, "throttled")


def test_a_client_that_retries_gets_through(server: SandboxServer) -> None:
    with inject("throttle", "dynamodb", endpoint_url=server.endpoint_url, count=1) as fault:
        _put(server, "retried", attempts=2)
    assert fault.struck == 1


def test_one_partition_key_is_throttled(server: SandboxServer) -> None:
    dynamodb = _client(server, "dynamodb")
    with inject("throttle", "dynamodb", endpoint_url=server.endpoint_url, table=TABLE, partition="hot"):
        _put(server, "cold")
        response = _refused(_put, server, "hot")
        assert response["ThrottlingReasons"][0]["reason"] == "TableWriteKeyRangeThroughputExceeded"
        writes = [{"PutRequest": {"Item": {"id": {"S": id_}}}} for id_ in ("hot", "warm")]
        assert dynamodb.batch_write_item(RequestItems={TABLE: writes})["UnprocessedItems"] == {TABLE: writes[:1]}
        _refused(dynamodb.batch_write_item, RequestItems={TABLE: writes[:1]})
        keys = [{"id": {"S": id_}} for id_ in ("hot", "warm")]
        read = dynamodb.batch_get_item(RequestItems={TABLE: {"Keys": keys}})
        assert (read["Responses"][TABLE], read["UnprocessedKeys"][TABLE]["Keys"]) == (keys[1:], keys[:1])
        puts = [{"Put": {"TableName": TABLE, "Item": {"id": {"S": id_}}}} for id_ in ("other", "hot")]
        cancelled = _refused(dynamodb.transact_write_items, TransactItems=puts)
        assert [each["Code"] for each in cancelled["CancellationReasons"]] == ["None", "ProvisionedThroughputExceeded"]
    assert not _is_there(server, "hot")
    assert not _is_there(server, "other")


def test_a_part_of_a_batch_is_not_accepted(server: SandboxServer) -> None:
    writes = [{"PutRequest": {"Item": {"id": {"S": f"part-{n}"}}}} for n in range(4)]
    dynamodb, kinesis = _client(server, "dynamodb"), _client(server, "kinesis")
    with inject("partial", "dynamodb", "BatchWriteItem", endpoint_url=server.endpoint_url, part=0.25):
        left = dynamodb.batch_write_item(RequestItems={TABLE: writes})["UnprocessedItems"][TABLE]
    assert len(left) == 1
    there = [each for each in writes if _is_there(server, each["PutRequest"]["Item"]["id"]["S"])]
    assert there == [each for each in writes if each not in left]
    records = [{"Data": b"x", "PartitionKey": str(n)} for n in range(4)]
    with inject("partial", "kinesis", endpoint_url=server.endpoint_url):
        answer = kinesis.put_records(StreamName=STREAM, Records=records)
    failed = [each for each in answer["Records"] if "ErrorCode" in each]
    assert (answer["FailedRecordCount"], len(failed)) == (2, 2)
    where = f"shardId-000000000000 in stream {STREAM} under account 123456789012"
    assert failed[0]["ErrorCode"] == "ProvisionedThroughputExceededException"
    assert failed[0]["ErrorMessage"] == f"Rate exceeded for shard {where}."


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_call_that_fails_may_have_been_made(server: SandboxServer, when: str) -> None:
    with inject("error", "dynamodb", "PutItem", endpoint_url=server.endpoint_url, when=when):
        response = _refused(_put, server, f"failed-{when}")
    assert response["Error"]["Code"] == "InternalServerError"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 500
    with inject("reset", "dynamodb", "PutItem", endpoint_url=server.endpoint_url, when=when):
        with pytest.raises(ConnectionClosedError) as reset:
            _put(server, f"reset-{when}")
        assert "Connection reset by peer" in str(reset.value.__cause__ or reset.value.__context__)
    assert [_is_there(server, f"{what}-{when}") for what in ("failed", "reset")] == [when == "after"] * 2


def test_other_services_fail_in_their_own_words(server: SandboxServer) -> None:
    s3, streams = _client(server, "s3"), _client(server, "kinesis")
    with inject("throttle", "s3", "PutObject", endpoint_url=server.endpoint_url):
        slow = _refused(s3.put_object, Bucket=BUCKET, Key="a/b", Body=b"x")
        assert (slow["Error"]["Code"], slow["ResponseMetadata"]["HTTPStatusCode"]) == ("SlowDown", 503)
        assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0
    iterator = streams.get_shard_iterator(
        StreamName=STREAM, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    with inject("expired-iterator", "kinesis", endpoint_url=server.endpoint_url):
        expired = _refused(streams.get_records, ShardIterator=iterator)
        assert expired["Error"]["Code"] == "ExpiredIteratorException"
    streams.get_records(ShardIterator=iterator)


def test_the_calls_of_workers_and_of_clients_are_apart(server: SandboxServer) -> None:
    worker = worker_client("dynamodb", server.endpoint_url)
    with inject("error", "dynamodb", endpoint_url=server.endpoint_url, caller="client") as fault:
        _refused(_put, server, "of a client")
        worker.put_item(TableName=TABLE, Item={"id": {"S": "of a worker"}})
    assert fault.struck == 1


def test_latency_is_added(server: SandboxServer) -> None:
    with inject("latency", "dynamodb", "PutItem", endpoint_url=server.endpoint_url, ms=80):
        begun_s = time.monotonic()
        _put(server, "slow")
        assert time.monotonic() - begun_s >= 0.08


def test_the_limits_hold_for_a_hot_key(server: SandboxServer) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"""
    item = {"id": {"S": "limited"}, "note": {"S": "x" * 399_000}}
    # The first write uses the units of the next six minutes, so the second is too early on any machine.
    with inject("limits", endpoint_url=server.endpoint_url, partition_writes=1) as fault:
        _client(server, "dynamodb").put_item(TableName=TABLE, Item=item)
        response = _refused(_client(server, "dynamodb").put_item, TableName=TABLE, Item=item)
        assert response["Error"]["Code"] == "ThrottlingException"
        assert response["throttlingReasons"][0]["reason"] == "TableWriteKeyRangeThroughputExceeded"
        assert fault.struck == 1


@pytest.mark.parametrize(("precision", "digits"), [("MILLISECOND", 13), ("MICROSECOND", 16)])
def test_a_native_destination_receives_changes_again_and_out_of_order(
    server: SandboxServer, precision: str, digits: int
) -> None:
    """Delivery is at-least-once, not always in order, and later when the stream throttles.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds.html
    """
    dynamodb, kinesis = _client(server, "dynamodb"), _client(server, "kinesis")
    name = f"faulty-native-{digits}"
    kinesis.create_stream(StreamName=name, ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    destination = {"TableName": TABLE, "StreamArn": arn}
    configuration = {"ApproximateCreationDateTimePrecision": precision}
    dynamodb.enable_kinesis_streaming_destination(**destination, EnableKinesisStreamingConfiguration=configuration)
    url, changes = server.endpoint_url, [f"{name}-{n:02}" for n in range(20)]
    with (
        inject("limits", "kinesis", endpoint_url=url, shard_records=10),
        inject("duplicate", endpoint_url=url, share=0.5, seed=3, after_ms=50) as again,
        # Longer than a slow machine's time to the next change, which is then delivered first.
        inject("reorder", endpoint_url=url, share=0.5, seed=4, after_ms=1000) as late,
    ):
        for id_ in changes:
            dynamodb.put_item(TableName=TABLE, Item={"id": {"S": id_}})
        repeated, held = again.struck, late.struck

    def arrived() -> list[dict[str, Any]]:
        iterator = kinesis.get_shard_iterator(
            StreamName=name, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        records = [json.loads(record["Data"]) for record in kinesis.get_records(ShardIterator=iterator)["Records"]]
        return records if len(records) == len(changes) + repeated else []

    records = wait_until(arrived, "every change and every copy")
    ids = [record["dynamodb"]["Keys"]["id"]["S"] for record in records]
    assert repeated > 0
    assert held > 0
    assert set(ids) == set(changes)
    assert list(dict.fromkeys(ids)) != changes, "the first deliveries are out of order"
    assert len({record["eventID"] for record in records}) == len(changes), "a copy is the same record"
    times = [record["dynamodb"]["ApproximateCreationDateTime"] for record in records]
    assert {len(str(at)) for at in times} == {digits}
    assert wait_until(lambda: Faults(url).held() == 0, "nothing to be held")
    dynamodb.disable_kinesis_streaming_destination(**destination)


def test_the_endpoint_serves_programs_of_this_machine_alone(server: SandboxServer) -> None:
    parts = urlsplit(server.endpoint_url)
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=sandbox/20260101/eu-west-1/sandbox/aws4_request"}
    strangers: list[tuple[dict[str, str], str]] = [
        ({}, "not signed"),
        (signed | {"Origin": "http://127.0.0.1:8000"}, "A web page"),
        (signed | {"Host": "example.com"}, "a different host"),
    ]
    for headers, words in strangers:
        connection = HTTPConnection(str(parts.hostname), parts.port, timeout=60)
        connection.request("POST", "/_sandbox/faults", b'{"kind":"error","service":"s3"}', headers)
        answer = connection.getresponse()
        assert (answer.status, words in answer.read().decode()) == (403, True)
        connection.close()
    faults = Faults(server.endpoint_url)
    assert faults.listed() == []
    with pytest.raises(SandboxError, match="no fault 'f99'"):
        faults.off(["f99"])
