"""Describes the DynamoDB table and the change log, and checks the schema and the stream."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, TypeVar

from msgspec import Struct

from lake.clients import error_code
from stack import UserError
from transform.schema import LakeTable

_ACTIVE = frozenset({"ACTIVE", "ENABLING", "UPDATING"})
_T = TypeVar("_T")


class TableDescriber(Protocol):
    """The methods of boto3's DynamoDB client that describes a table."""

    def describe_table(self, **request: object) -> dict[str, Any]:
        """Describe a table."""
        ...

    def describe_kinesis_streaming_destination(self, **request: object) -> dict[str, Any]:
        """List the Kinesis streams to which a table writes its changes."""
        ...


class GlueClient(Protocol):
    """The methods of boto3's Glue client that the lake uses."""

    def get_table(self, **request: object) -> dict[str, Any]:
        """Describe a table of the catalogue."""
        ...

    def delete_table(self, **request: object) -> dict[str, Any]:
        """Delete a table of the catalogue; its objects stay."""
        ...


class SourceTable(Struct, frozen=True):
    """A DynamoDB table: its ARN, its size as of some hours ago, and the start of its stream.

    `streams_since` is None for a native Kinesis destination, which has no such time.
    """

    name: str
    arn: str
    items: int
    bytes: int
    streams_since: datetime | None


class LogPlace(Struct, frozen=True):
    """The location of the change log's objects, and their format."""

    bucket: str
    prefix: str
    format: Literal["PARQUET", "JSON"]

    @property
    def location(self) -> str:
        """Its s3:// location."""
        return f"s3://{self.bucket}/{self.prefix}"

    def partition(self, hour: str) -> str:
        """Return the prefix of an hour's objects."""
        return f"{self.prefix}arrival_hour={hour}/"


def source_table(client: TableDescriber, name: str, schema: LakeTable) -> SourceTable:
    """Describe a table. Raises: UserError: it is missing, its key differs from the schema's, or it has no stream."""
    described = described_table(client, name, schema)
    since = None
    if described.get("StreamSpecification", {}).get("StreamEnabled"):
        since = datetime.fromisoformat(described["LatestStreamLabel"]).replace(tzinfo=UTC)
    elif not _has_destination(client, name):
        raise UserError(
            f"{name} has no stream, so what changes meanwhile would be lost: deploy the pipeline first (`pulumi up`)."
        )
    return SourceTable(
        name, described["TableArn"], described.get("ItemCount", 0), described.get("TableSizeBytes", 0), since
    )


def described_table(client: TableDescriber, name: str, schema: LakeTable) -> dict[str, Any]:
    """Return DynamoDB's description of a table. Raises: UserError: it is missing, or its key is not the schema's."""
    described = _found(
        lambda: client.describe_table(TableName=name)["Table"],
        f"There is no DynamoDB table {name!r}: check --table, --stack and --region.",
    )
    types = {each["AttributeName"]: each["AttributeType"] for each in described["AttributeDefinitions"]}
    key = [f"{each['AttributeName']} ({types[each['AttributeName']]})" for each in described["KeySchema"]]
    expected = [f"{attribute.name} ({attribute.type})" for attribute in schema.keys]
    if key != expected:
        raise UserError(
            f"The key of {name} is {', '.join(key)}, but that of the schema is {', '.join(expected)}: change "
            "transform/schema.py, or name another table with --table."
        )
    return described


def log_place(client: GlueClient, database: str, change_log: str) -> LogPlace:
    """Find the change log's objects. Raises: UserError: the catalogue has no change log."""
    described = _found(
        lambda: client.get_table(DatabaseName=database, Name=change_log)["Table"],
        f"There is no table {change_log} in the database {database}: check --database, --stack and --region.",
    )
    storage = described["StorageDescriptor"]
    bucket, _, prefix = storage["Location"].removeprefix("s3://").partition("/")
    parquet = "parquet" in storage["SerdeInfo"]["SerializationLibrary"].lower()
    return LogPlace(bucket, prefix.rstrip("/") + "/", "PARQUET" if parquet else "JSON")


def _has_destination(client: TableDescriber, name: str) -> bool:
    listed = client.describe_kinesis_streaming_destination(TableName=name).get("KinesisDataStreamDestinations", [])
    return any(each["DestinationStatus"] in _ACTIVE for each in listed)


def _found(ask: Callable[[], _T], sentence: str) -> _T:
    try:
        return ask()
    except Exception as error:
        if error_code(error) in ("ResourceNotFoundException", "EntityNotFoundException"):
            raise UserError(sentence) from error
        raise
