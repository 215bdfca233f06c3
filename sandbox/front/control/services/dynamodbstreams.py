"""DynamoDB streams: listing them, and switching them on and off.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB_Streams.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from sandbox.front.backends import backend_of
from sandbox.front.control.call import ControlCall
from sandbox.front.control.registry import amends, answers, refuses
from sandbox.front.reply import ServiceError
from sandbox.front.table_streams import TableStream, stream_of, streams_of

_MAX_STREAMS = 100


@refuses
def wrong_view(service: str, operation: str, region: str, parameters: Mapping[str, Any]) -> ServiceError | None:  # noqa: ARG001 - all are called alike
    """Refuse an enabled stream without a view, and a view without an enabled stream, in DynamoDB Local's words."""
    specification = parameters.get("StreamSpecification")
    if (service, operation) not in (("dynamodb", "CreateTable"), ("dynamodb", "UpdateTable")) or specification is None:
        return None
    is_on, view = bool(specification.get("StreamEnabled")), specification.get("StreamViewType")
    if is_on is (view is not None):
        return None
    wrong = "Stream StreamEnabled was false but a StreamViewType was present."
    if is_on:
        wrong = "Stream ViewType must not be null or empty when enabling streams."
    return ServiceError("ValidationException", f"Invalid StreamViewType: {wrong}")


@refuses
def wrong_switch(service: str, operation: str, region: str, parameters: Mapping[str, Any]) -> ServiceError | None:
    """Refuse to enable or change an enabled stream, and to disable a disabled one.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html, StreamSpecification; AWS's
    words are in internal/service/dynamodb/table.go of terraform-provider-aws, which switches off and on to change it.
    """
    specification = parameters.get("StreamSpecification")
    if (service, operation) != ("dynamodb", "UpdateTable") or specification is None:
        return None
    name = str(parameters["TableName"]).rpartition("table/")[2]
    table = backend_of(dynamodb_backends, region).tables.get(name)
    if table is None:
        return None
    is_on = bool((table.stream_specification or {}).get("StreamEnabled"))
    if bool(specification.get("StreamEnabled")) is not is_on:
        return None
    sentence = "Table already has an enabled stream" if is_on else "Table has no stream to disable"
    return ServiceError("ValidationException", f"{sentence}: TableName: {name}")


@amends("dynamodb", "DeleteTable")
def close_with_table(call: ControlCall, output: dict[str, Any]) -> None:
    """Close the stream of a deleted table; it remains readable for a day."""
    for stream in streams_of(backend_of(dynamodb_backends, call.region), output["TableDescription"]["TableName"]):
        if stream.is_enabled:
            stream.shard.close()


@answers("dynamodbstreams", "DescribeStream")
def described(call: ControlCall) -> Mapping[str, Any]:
    """Describe a stream and its shard, which has no children and no parent."""
    given = call.parameters
    stream = stream_of(backend_of(dynamodb_backends, call.region), given["StreamArn"])
    # Shards are listed in the order of their ids, and a stream has one: no shard follows it.
    is_after = given.get("ExclusiveStartShardId", "") >= stream.shard.id or "ShardFilter" in given
    return {
        "StreamDescription": {
            **_listed(stream),
            "StreamStatus": "ENABLED" if stream.is_enabled else "DISABLED",
            "StreamViewType": stream.view,
            "CreationRequestDateTime": datetime.fromtimestamp(stream.created_s, UTC),
            "KeySchema": stream.key_schema,
            "Shards": [] if is_after else [stream.shard.to_json()],
        }
    }


@answers("dynamodbstreams", "ListStreams")
def listed(call: ControlCall) -> Mapping[str, Any]:
    """List up to 100 streams a page, including disabled ones that are still readable."""
    given = call.parameters
    after, limit = given.get("ExclusiveStartStreamArn", ""), given.get("Limit", _MAX_STREAMS)
    name = given.get("TableName", "").rpartition("table/")[2] or None
    found: list[Any] = streams_of(backend_of(dynamodb_backends, call.region), name)
    streams = [stream for stream in found if stream.arn > after]
    page: dict[str, Any] = {"Streams": [_listed(stream) for stream in streams[:limit]]}
    return page | ({"LastEvaluatedStreamArn": streams[limit - 1].arn} if len(streams) > limit else {})


def _listed(stream: TableStream) -> dict[str, Any]:
    return {"StreamArn": stream.arn, "StreamLabel": stream.label, "TableName": stream.table_name}
