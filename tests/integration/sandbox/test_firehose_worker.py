"""The Firehose and functions processes against the sandbox's server: the objects in S3, and their form."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Generator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.integration.sandbox.dataplane import Sandbox, wait_until

TRANSFORM = """
import base64, json

def handler(event, context):
    records = []
    for record in event["records"]:
        row = json.loads(base64.b64decode(record["data"]))
        result = row.pop("result", "Ok")
        if result == "Crash":
            raise RuntimeError("as requested")
        data = base64.b64encode(json.dumps(row).encode() + b"\\n").decode()
        answer = {"recordId": record["recordId"], "result": result, "data": data}
        answer["metadata"] = {"partitionKeys": {"region": row.get("region", "none")}}
        records += [answer] * row.get("times", 1)
    return {"records": records}
"""
ERRORS = "errors/!{firehose:error-output-type}/arrival_hour=!{timestamp:yyyy-MM-dd-HH}/"


@pytest.fixture(scope="module")
def sandbox(dataplane: Sandbox) -> Generator[Sandbox]:
    """The workers for all tests here."""
    dataplane.start("functions")
    dataplane.start("firehose")
    yield dataplane
    dataplane.end_workers()
    dataplane.remove_all()


def processing(function_arn: str, **parameters: str) -> dict[str, Any]:
    settings = {
        "LambdaArn": f"{function_arn}:$LATEST",
        "BufferSizeInMBs": "1",
        "BufferIntervalInSeconds": "0",
        "NumberOfRetries": "1",
    }
    listed = [{"ParameterName": name, "ParameterValue": value} for name, value in (settings | parameters).items()]
    return {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": listed}]}


def put(sandbox: Sandbox, stream: str, *rows: dict[str, Any]) -> None:
    records = [{"Data": json.dumps(row).encode(), "PartitionKey": str(i)} for i, row in enumerate(rows)]
    sandbox.client("kinesis").put_records(StreamName=stream, Records=records)


def objects(sandbox: Sandbox, bucket: str, prefix: str = "") -> dict[str, bytes]:
    return wait_until(lambda: sandbox.objects(bucket, prefix), f"objects under {prefix} in {bucket}")


def lines(sandbox: Sandbox, bucket: str, count: int, prefix: str = "") -> list[dict[str, Any]]:
    return wait_until(
        lambda: len(found := sandbox.lines(bucket, prefix)) >= count and found, f"{count} lines in {bucket}"
    )


def test_records_are_delivered_as_they_are_without_a_processor(sandbox: Sandbox) -> None:
    sandbox.delivery_stream("fh-plain", sandbox.stream("fh-plain", 2), "fh-plain")
    sandbox.client("kinesis").put_records(
        StreamName="fh-plain", Records=[{"Data": b"a\n", "PartitionKey": "1"}, {"Data": b"\xff", "PartitionKey": "2"}]
    )
    wait_until(lambda: sum(len(body) for body in sandbox.objects("fh-plain").values()) == 3, "3 bytes")
    assert all(
        re.match(r"\d{4}/\d\d/\d\d/\d\d/fh-plain-1-\d{4}(-\d\d){5}-", key) for key in sandbox.objects("fh-plain")
    )


def test_the_transform_says_what_becomes_of_each_record(sandbox: Sandbox) -> None:
    arn = sandbox.function("fh-outcomes", TRANSFORM)
    sandbox.delivery_stream(
        "fh-outcomes",
        sandbox.stream("fh-outcomes"),
        "fh-outcomes",
        Prefix="data/arrival_hour=!{timestamp:yyyy-MM-dd-HH}/",
        ErrorOutputPrefix=ERRORS,
        CompressionFormat="GZIP",
        ProcessingConfiguration=processing(arn),
    )
    put(
        sandbox,
        "fh-outcomes",
        {"n": 1},
        {"n": 2, "result": "Dropped"},
        {"n": 3, "result": "ProcessingFailed"},
        {"n": 4, "times": 2},
        {"n": 5, "times": 0},
        {"n": 6},
    )
    (key, body), *others = objects(sandbox, "fh-outcomes", "data/").items()
    assert not others
    assert re.match(r"data/arrival_hour=\d{4}-\d\d-\d\d-\d\d/fh-outcomes-1-.*\.gz$", key)
    assert [json.loads(line)["n"] for line in gzip.decompress(body).splitlines()] == [1, 6]

    (error_key, compressed) = next(iter(objects(sandbox, "fh-outcomes", "errors/").items()))
    assert re.match(r"errors/processing-failed/arrival_hour=\d{4}-\d\d-\d\d-\d\d/fh-outcomes-1-", error_key)
    failures = [json.loads(line) for line in gzip.decompress(compressed).splitlines()]
    assert [json.loads(base64.b64decode(failure["rawData"]))["n"] for failure in failures] == [3, 4, 5]
    assert [failure["errorCode"] for failure in failures] == [
        "Lambda.ProcessingFailedStatus",
        "Lambda.DuplicatedRecordId",
        "Lambda.MissingRecordId",
    ]
    assert {failure["lambdaARN"] for failure in failures} == {f"{arn}:$LATEST"}
    assert {failure["attemptsMade"] for failure in failures} == {1}


def test_a_function_that_fails_is_tried_again_and_then_its_records_are_errors(sandbox: Sandbox) -> None:
    arn = sandbox.function("fh-crash", TRANSFORM)
    sandbox.delivery_stream(
        "fh-crash",
        sandbox.stream("fh-crash"),
        "fh-crash",
        ErrorOutputPrefix=ERRORS,
        ProcessingConfiguration=processing(arn),
    )
    put(sandbox, "fh-crash", {"n": 1}, {"n": 2, "result": "Crash"})
    failures = lines(sandbox, "fh-crash", 2, "errors/processing-failed/")
    assert {failure["errorCode"] for failure in failures} == {"Lambda.FunctionError"}
    assert {failure["attemptsMade"] for failure in failures} == {2}
    assert all(failure["arrivalTimestamp"] <= failure["attemptEndingTimestamp"] for failure in failures)


def test_the_event_is_firehoses(sandbox: Sandbox) -> None:
    echo = """
import base64, json
def handler(event, context):
    data = base64.b64encode(json.dumps(event).encode() + b"\\n").decode()
    return {"records": [{"recordId": r["recordId"], "result": "Ok", "data": data} for r in event["records"]]}
"""
    source = sandbox.stream("fh-echo")
    sandbox.delivery_stream(
        "fh-echo", source, "fh-echo", ProcessingConfiguration=processing(sandbox.function("fh-echo", echo))
    )
    put(sandbox, "fh-echo", {"n": 1})
    (event,) = lines(sandbox, "fh-echo", 1)
    assert set(event) == {"invocationId", "sourceKinesisStreamArn", "deliveryStreamArn", "region", "records"}
    assert event["sourceKinesisStreamArn"] == source
    assert event["deliveryStreamArn"].endswith(":deliverystream/fh-echo")
    (record,) = event["records"]
    (stored,) = sandbox.records("fh-echo")
    assert json.loads(base64.b64decode(record["data"])) == {"n": 1}
    assert record["approximateArrivalTimestamp"] == round(stored["ApproximateArrivalTimestamp"].timestamp() * 1000)
    assert record["kinesisRecordMetadata"] == {
        "sequenceNumber": stored["SequenceNumber"],
        "subsequenceNumber": 0,
        "partitionKey": "0",
        "shardId": "shardId-000000000000",
        "approximateArrivalTimestamp": record["approximateArrivalTimestamp"],
    }


def test_partition_keys_of_the_transform_make_the_prefix(sandbox: Sandbox) -> None:
    sandbox.delivery_stream(
        "fh-dynamic",
        sandbox.stream("fh-dynamic"),
        "fh-dynamic",
        Prefix="region=!{partitionKeyFromLambda:region}/",
        ErrorOutputPrefix=ERRORS,
        DynamicPartitioningConfiguration={"Enabled": True},
        ProcessingConfiguration=processing(sandbox.function("fh-dynamic", TRANSFORM)),
    )
    put(sandbox, "fh-dynamic", {"region": "EMEA"}, {"region": "APAC"}, {"region": "EMEA"})
    lines(sandbox, "fh-dynamic", 3)
    assert len(sandbox.lines("fh-dynamic", "region=EMEA/")) == 2
    assert len(sandbox.lines("fh-dynamic", "region=APAC/")) == 1


def test_parquet_has_the_tables_columns_and_exact_values(sandbox: Sandbox, tmp_path: Path) -> None:
    glue = sandbox.client("glue")
    glue.create_database(DatabaseInput={"Name": "fh_lake"})
    columns = {"order_id": "string", "total": "decimal(38,10)", "version": "bigint", "stamp": "timestamp"}
    glue.create_table(
        DatabaseName="fh_lake",
        TableInput={
            "Name": "orders",
            "StorageDescriptor": {"Columns": [{"Name": name, "Type": kind} for name, kind in columns.items()]},
        },
    )
    sandbox.delivery_stream(
        "fh-parquet",
        sandbox.stream("fh-parquet"),
        "fh-parquet",
        ErrorOutputPrefix=ERRORS,
        Prefix="orders/!{timestamp:HH}/",
        DataFormatConversionConfiguration={
            "Enabled": True,
            "SchemaConfiguration": {
                "DatabaseName": "fh_lake",
                "TableName": "orders",
                "RoleARN": "arn:aws:iam::1:role/r",
            },
            "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
            "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
        },
    )
    sandbox.client("kinesis").put_records(
        StreamName="fh-parquet",
        Records=[
            {"Data": data, "PartitionKey": "k"}
            for data in (
                b'{"order_id":"a","total":"1234567890123456789012345678.0123456789","stamp":"2026-11-22 10:11:12.5"}\n',
                b'{"order_id":"b","total":12345678901234567.89,"version":9007199254740993,"more":1}\n',
                b'{"order_id":"c","version":"many"}\n',
            )
        ],
    )
    (key, body), *others = objects(sandbox, "fh-parquet", "orders/").items()
    assert not others
    assert key.endswith(".parquet")
    file = tmp_path / "orders.parquet"
    file.write_bytes(body)
    with duckdb.connect() as database:
        query = "SELECT * REPLACE (CAST(stamp AS VARCHAR) AS stamp) FROM read_parquet(?)"
        rows = database.execute(query, [str(file)])
        assert [name for name, *_ in rows.description or ()] == list(columns)
        assert rows.fetchall() == [
            ("a", Decimal("1234567890123456789012345678.0123456789"), None, "2026-11-22 10:11:12.5"),
            ("b", Decimal("12345678901234567.8900000000"), 9007199254740993, None),
        ]
    (failure,) = lines(sandbox, "fh-parquet", 1, "errors/format-conversion-failed/")
    assert failure["lastErrorCode"] == "DataFormatConversion.MalformedData"
    assert failure["dataCatalogTable"]["tableName"] == "orders"
    assert base64.b64decode(failure["rawData"]) == b'{"order_id":"c","version":"many"}\n'


def test_the_source_is_backed_up_where_asked(sandbox: Sandbox) -> None:
    sandbox.client("s3").create_bucket(
        Bucket="fh-backup", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    sandbox.delivery_stream(
        "fh-backed",
        sandbox.stream("fh-backed"),
        "fh-backed",
        ProcessingConfiguration=processing(sandbox.function("fh-backed", TRANSFORM)),
        S3BackupMode="Enabled",
        S3BackupConfiguration={
            "RoleARN": "arn:aws:iam::123456789012:role/any",
            "BucketARN": "arn:aws:s3:::fh-backup",
            "Prefix": "raw/",
            "BufferingHints": {"IntervalInSeconds": 0, "SizeInMBs": 1},
        },
    )
    put(sandbox, "fh-backed", {"n": 1, "result": "Dropped"}, {"n": 2})
    assert lines(sandbox, "fh-backed", 1) == [{"n": 2}]
    (body,) = objects(sandbox, "fh-backup", "raw/").values()
    assert body == b'{"n": 1, "result": "Dropped"}{"n": 2}'


def test_the_status_reports_how_far_a_stream_is(sandbox: Sandbox) -> None:
    sandbox.delivery_stream("fh-status", sandbox.stream("fh-status"), "fh-status")
    put(sandbox, "fh-status", {"n": 1}, {"n": 2})
    status: dict[str, Any] = wait_until(
        lambda: (
            (found := sandbox.status("firehose").get("delivery_streams", {}).get("fh-status"))
            and found["records_out"] == 2
            # A record is delivered when its object exists, and complete when the checkpoint records it.
            and found["backlog"] == 0
            and found
        ),
        "the status to report 2 records",
    )
    assert status["records_in"] == 2
    assert status["backlog"] == status["lag_ms"] == 0
    (last,) = status["checkpoint"].values()
    assert last == sandbox.records("fh-status")[-1]["SequenceNumber"]
