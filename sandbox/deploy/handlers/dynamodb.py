"""DynamoDB tables."""

from __future__ import annotations

from typing import Any

from sandbox.deploy.inputs import Inputs
from sandbox.deploy.registry import Created, New, handles
from sandbox.state import ACCOUNT_ID

_NAMES = {"attributes": "AttributeDefinitions", "name": "AttributeName", "type": "AttributeType"}


@handles("aws:dynamodb/table:Table")
def table(new: New) -> Created:
    """Create a table with its indexes, stream, encryption, point-in-time recovery and time to live."""
    inputs = new.inputs
    name = new.physical_name()
    arguments: dict[str, Any] = {"TableName": name, "KeySchema": _key_schema(inputs)}
    arguments |= _throughput(inputs)
    stream = _stream(inputs)
    if stream:
        arguments["StreamSpecification"] = stream
    if encryption := inputs.block("serverSideEncryption"):
        arguments["SSESpecification"] = _encryption(encryption)
    hash_key = inputs.text("hashKey")
    indexes = {
        "GlobalSecondaryIndexes": [_index(index) for index in inputs.blocks("globalSecondaryIndexes")],
        "LocalSecondaryIndexes": [_index(index, hash_key) for index in inputs.blocks("localSecondaryIndexes")],
    }
    arguments |= {kind: described for kind, described in indexes.items() if described}
    created = new.create("dynamodb", "create_table", names=_NAMES, **arguments)["TableDescription"]
    _recovery(new, name)
    _time_to_live(new, name)
    outputs = {"name": name, "arn": created["TableArn"]}
    if stream:
        outputs |= {"streamArn": created["LatestStreamArn"], "streamLabel": created["LatestStreamLabel"]}
    return Created(name, outputs)


@handles("aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination")
def kinesis_streaming_destination(new: New) -> Created:
    """Create a table's native Kinesis destination."""
    table_name, stream_arn = new.inputs.require("tableName"), new.inputs.require("streamArn")
    precision = new.inputs.text("approximateCreationDateTimePrecision")
    configuration = {"ApproximateCreationDateTimePrecision": precision} if precision else {}
    new.call(
        "dynamodb",
        "enable_kinesis_streaming_destination",
        TableName=table_name,
        StreamArn=stream_arn,
        EnableKinesisStreamingConfiguration=configuration,
    )
    return Created(f"{table_name},{stream_arn}")


@handles("aws:dynamodb/contributorInsights:ContributorInsights")
def contributor_insights(new: New) -> Created:
    """Enable Contributor Insights of a table, or of one of its indexes."""
    table_name, index, mode = (new.inputs.text(name) for name in ("tableName", "indexName", "mode"))
    optional = {"IndexName": index, "ContributorInsightsMode": mode}
    given = {name: value for name, value in optional.items() if value}
    new.call(
        "dynamodb",
        "update_contributor_insights",
        TableName=table_name,
        ContributorInsightsAction="ENABLE",
        **given,
    )
    return Created(f"name:{table_name}/index:{index or ''}/{ACCOUNT_ID}")


def _key_schema(inputs: Inputs, hash_key: str | None = None) -> list[dict[str, str]]:
    schema = [{"AttributeName": hash_key or inputs.require("hashKey"), "KeyType": "HASH"}]
    if range_key := inputs.text("rangeKey"):
        schema.append({"AttributeName": range_key, "KeyType": "RANGE"})
    return schema


def _throughput(inputs: Inputs) -> dict[str, Any]:
    read, write = inputs.integer("readCapacity"), inputs.integer("writeCapacity")
    if not read and not write:
        return {}
    return {"ProvisionedThroughput": {"ReadCapacityUnits": read or 0, "WriteCapacityUnits": write or 0}}


def _index(inputs: Inputs, hash_key: str | None = None) -> dict[str, Any]:
    projection: dict[str, Any] = {"ProjectionType": inputs.require("projectionType")}
    if attributes := inputs.strings("nonKeyAttributes"):
        projection["NonKeyAttributes"] = attributes
    name = inputs.require("name")
    return {"IndexName": name, "KeySchema": _key_schema(inputs, hash_key), "Projection": projection} | _throughput(
        inputs
    )


def _stream(inputs: Inputs) -> dict[str, Any] | None:
    enabled, view_type = inputs.flag("streamEnabled"), inputs.text("streamViewType")
    return {"StreamEnabled": True, "StreamViewType": view_type} if enabled else None


def _encryption(inputs: Inputs) -> dict[str, Any]:
    enabled, key = inputs.flag("enabled"), inputs.text("kmsKeyArn")
    if not enabled:
        return {"Enabled": False}
    return {"Enabled": True, "SSEType": "KMS"} | ({"KMSMasterKeyId": key} if key else {})


def _recovery(new: New, table_name: str) -> None:
    recovery = new.inputs.block("pointInTimeRecovery")
    if recovery is None:
        return
    specification: dict[str, Any] = {"PointInTimeRecoveryEnabled": recovery.flag("enabled")}
    if days := recovery.integer("recoveryPeriodInDays"):
        specification["RecoveryPeriodInDays"] = days
    new.call(
        "dynamodb",
        "update_continuous_backups",
        TableName=table_name,
        PointInTimeRecoverySpecification=specification,
    )


def _time_to_live(new: New, table_name: str) -> None:
    ttl = new.inputs.block("ttl")
    if ttl is None:
        return
    enabled, attribute = ttl.flag("enabled"), ttl.text("attributeName")
    if enabled:
        new.call(
            "dynamodb",
            "update_time_to_live",
            TableName=table_name,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": attribute},
        )
