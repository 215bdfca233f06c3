"""Exports of a table to S3 have the objects that AWS documents.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
"""

from __future__ import annotations

import gzip
import itertools
import json
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.state import client
from tests.conftest import SandboxServer

BUCKET = "front-exports"


_NUMBERS = itertools.count()


@pytest.fixture
def table(sandbox_server: SandboxServer) -> str:
    """Create a table with point-in-time recovery and a stream with both images, and a bucket; return the ARN."""
    dynamodb, name = client("dynamodb", sandbox_server.endpoint_url), f"exported-{next(_NUMBERS)}"
    made = dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    dynamodb.update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    with suppress(ClientError):  # of another test of the shared server
        client("s3", sandbox_server.endpoint_url).create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
    for number in range(3):
        dynamodb.put_item(TableName=name, Item={"id": {"S": str(number)}, "n": {"N": "1.50"}})
    return made["TableDescription"]["TableArn"]


def exported(url: str, arn: str, **arguments: Any) -> tuple[dict[str, Any], dict[str, Any], list[Any]]:
    """Return the description, the summary and the lines of a new export."""
    dynamodb, s3 = client("dynamodb", url), client("s3", url)
    begun = dynamodb.export_table_to_point_in_time(TableArn=arn, S3Bucket=BUCKET, **arguments)["ExportDescription"]
    assert begun["ExportStatus"] == "IN_PROGRESS"
    described = dynamodb.describe_export(ExportArn=begun["ExportArn"])["ExportDescription"]
    assert described["ExportStatus"] == "COMPLETED", described

    def read(key: str) -> bytes:
        return s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    summary = json.loads(read(described["ExportManifest"]))
    files = [json.loads(line) for line in read(summary["manifestFilesS3Key"]).splitlines()]
    lines = [json.loads(line) for file in files for line in gzip.decompress(read(file["dataFileS3Key"])).splitlines()]
    assert described["ItemCount"] == sum(file["itemCount"] for file in files) == len(lines)
    return described, summary, lines


def test_a_full_export_has_every_item(sandbox_server: SandboxServer, table: str) -> None:
    described, summary, lines = exported(sandbox_server.endpoint_url, table, S3Prefix="full")
    assert sorted(line["Item"]["id"]["S"] for line in lines) == ["0", "1", "2"]
    assert lines[0]["Item"]["n"] == {"N": "1.5"}
    assert (summary["exportArn"], summary["outputFormat"]) == (described["ExportArn"], "DYNAMODB_JSON")
    assert summary["manifestFilesS3Key"].startswith("full/AWSDynamoDB/")
    listed = client("dynamodb", sandbox_server.endpoint_url).list_exports(TableArn=table)["ExportSummaries"]
    assert described["ExportArn"] in [each["ExportArn"] for each in listed]
    again = client("dynamodb", sandbox_server.endpoint_url)
    token = {"TableArn": table, "S3Bucket": BUCKET, "ClientToken": "once"}
    twice = [again.export_table_to_point_in_time(**token)["ExportDescription"]["ExportArn"] for _ in range(2)]
    assert twice[0] == twice[1]


def test_a_past_moment_has_the_items_as_they_were(sandbox_server: SandboxServer, table: str) -> None:
    url = sandbox_server.endpoint_url
    dynamodb = client("dynamodb", url)
    # Moments are whole seconds: the changes after it start in a later second.
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
    time.sleep((moment - datetime.now(UTC)).total_seconds() + 0.01)
    dynamodb.update_item(
        TableName=table,
        Key={"id": {"S": "0"}},
        UpdateExpression="SET n = :n",
        ExpressionAttributeValues={":n": {"N": "2"}},
    )
    dynamodb.delete_item(TableName=table, Key={"id": {"S": "1"}})
    dynamodb.put_item(TableName=table, Item={"id": {"S": "new"}})
    _, _, lines = exported(url, table, ExportTime=moment)
    assert {line["Item"]["id"]["S"]: line["Item"]["n"]["N"] for line in lines} == {"0": "1.5", "1": "1.5", "2": "1.5"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"TableArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/nowhere"}, "TableNotFoundException"),
        ({"ExportTime": datetime(2020, 1, 1, tzinfo=UTC)}, "InvalidExportTimeException"),
        ({"ExportType": "INCREMENTAL_EXPORT"}, "ValidationException"),
    ],
)
def test_what_dynamodb_does_not_export_is_refused(
    sandbox_server: SandboxServer, table: str, arguments: dict[str, Any], code: str
) -> None:
    dynamodb = client("dynamodb", sandbox_server.endpoint_url)
    with pytest.raises(ClientError, match=rf"\({code}\)"):
        dynamodb.export_table_to_point_in_time(**{"TableArn": table, "S3Bucket": BUCKET, **arguments})


def test_an_increment_of_a_minute_is_refused(sandbox_server: SandboxServer, table: str) -> None:
    dynamodb = client("dynamodb", sandbox_server.endpoint_url)
    span = {"ExportFromTime": datetime.now(UTC) - timedelta(minutes=1)}
    increment: dict[str, Any] = {"ExportType": "INCREMENTAL_EXPORT", "IncrementalExportSpecification": span}
    with pytest.raises(ClientError, match=r"\(ValidationException\)"):
        dynamodb.export_table_to_point_in_time(TableArn=table, S3Bucket=BUCKET, **increment)


def test_a_table_without_point_in_time_recovery_is_not_exported(sandbox_server: SandboxServer) -> None:
    dynamodb = client("dynamodb", sandbox_server.endpoint_url)
    made = dynamodb.create_table(
        TableName="no-recovery",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with pytest.raises(ClientError, match="Point in time recovery is not enabled for table 'no-recovery'"):
        dynamodb.export_table_to_point_in_time(TableArn=made["TableDescription"]["TableArn"], S3Bucket=BUCKET)
