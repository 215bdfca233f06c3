"""DynamoDB tables' throughput, encryption and class, and their Kinesis destinations.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.kinesis.models import kinesis_backends

from sandbox.front.backends import backend_of
from sandbox.front.control.call import ControlCall
from sandbox.front.control.registry import amends, answers, refuses
from sandbox.front.native import ACTIVE, MICROSECOND, KinesisDestination, destinations
from sandbox.front.reply import ServiceError
from sandbox.front.stream import StreamShard

_ON_DEMAND = "sandbox_on_demand_throughput"
_CLASS = "sandbox_table_class"
_PRECISION = "ApproximateCreationDateTimePrecision"
_NO_CAPACITY = {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
_NO_LIMIT = -1
_ENDPOINT_MINUTES = 1440


@amends("dynamodb", "CreateTable", "UpdateTable")
def store_settings(call: ControlCall, output: dict[str, Any]) -> None:
    """Store the settings of a created or changed table that moto drops, and include them in the response."""
    given, table = call.parameters, _table(call)
    if (limits := given.get("OnDemandThroughput")) is not None:
        vars(table)[_ON_DEMAND] = {**vars(table).get(_ON_DEMAND, {}), **limits}
    if (class_ := given.get("TableClass")) is not None:
        vars(table)[_CLASS] = class_
    if call.operation == "UpdateTable":
        _change_billing(table, given.get("BillingMode"))
        _change_encryption(table, given.get("SSESpecification"))
    description: dict[str, Any] = output["TableDescription"]
    if table.sse_specification is None or not table.sse_specification.get("Enabled"):
        description.pop("SSEDescription", None)
    description["ProvisionedThroughput"] = table.throughput
    _add_settings(table, description)


@amends("dynamodb", "DescribeTable")
def describe_table(call: ControlCall, output: dict[str, Any]) -> None:
    """Complete a table's description with the settings that moto drops."""
    _add_settings(_table(call), output["Table"])


@refuses
def delete_protected(service: str, operation: str, region: str, parameters: Mapping[str, Any]) -> ServiceError | None:
    """Refuse to delete a table that is protected; AWS's sentence is in nubo-db/dynoxide issue 46."""
    if (service, operation) != ("dynamodb", "DeleteTable"):
        return None
    table = backend_of(dynamodb_backends, region).tables.get(_name(parameters))
    if table is None or not table.deletion_protection_enabled:
        return None
    return ServiceError(
        "ValidationException",
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
    )


@answers("dynamodb", "DescribeEndpoints")
def described_endpoints(call: ControlCall) -> Mapping[str, Any]:
    """Return the address that the client used, so that one with endpoint discovery stays with the sandbox.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Endpoint.html
    """
    address = dict(call.request.headers)["host"]
    return {"Endpoints": [{"Address": address, "CachePeriodInMinutes": _ENDPOINT_MINUTES}]}


@answers("dynamodb", "DescribeKinesisStreamingDestination")
def described_destinations(call: ControlCall) -> Mapping[str, Any]:
    """List the streams that a table writes its changes to, disabled ones included."""
    listed = [
        {"StreamArn": arn, "DestinationStatus": each.status, _PRECISION: each.precision}
        for arn, each in destinations(_table(call)).items()
    ]
    return {"TableName": call.parameters["TableName"], "KinesisDataStreamDestinations": listed}


@answers("dynamodb", "EnableKinesisStreamingDestination")
def enable_destination(call: ControlCall) -> Mapping[str, Any]:
    """Enable a stream as a destination of a table's changes.

    Raises:
        ServiceError: the destination is already enabled, or the stream does not exist.
    """
    arn, table = call.parameters["StreamArn"], _table(call)
    found = destinations(table)
    if arn in found and found[arn].status == ACTIVE:
        raise ServiceError(
            "ValidationException",
            "Table is not in a valid state to enable Kinesis Streaming Destination: "
            "EnableKinesisStreamingDestination must be DISABLED or ENABLE_FAILED to perform ENABLE operation.",
        )
    if arn not in {stream.arn for stream in backend_of(kinesis_backends, call.region).streams.values()}:
        raise ServiceError("ResourceNotFoundException", f"Stream {arn} is not found.")
    asked = call.parameters.get("EnableKinesisStreamingConfiguration", {})
    found[arn] = KinesisDestination(ACTIVE, asked.get(_PRECISION, MICROSECOND))
    if table.stream_shard is None:
        # A table's stream shard also passes its changes on to the destinations: a table without a stream gets a shard.
        new_shard: Any = StreamShard(table.account_id, table)
        table.stream_shard = new_shard
    return _progress(call, "ENABLING") | {"EnableKinesisStreamingConfiguration": {_PRECISION: found[arn].precision}}


@answers("dynamodb", "UpdateKinesisStreamingDestination")
def update_destination(call: ControlCall) -> Mapping[str, Any]:
    """Change the precision of the times of a table's changes."""
    destination = _active(call)
    destination.precision = call.parameters["UpdateKinesisStreamingConfiguration"][_PRECISION]
    changed = {"UpdateKinesisStreamingConfiguration": {_PRECISION: destination.precision}}
    return _progress(call, "UPDATING") | changed


@answers("dynamodb", "DisableKinesisStreamingDestination")
def disable_destination(call: ControlCall) -> Mapping[str, Any]:
    """Disable a destination; it remains in the list."""
    _active(call).status = "DISABLED"
    return _progress(call, "DISABLING")


def on_demand_throughput(table: Table) -> Mapping[str, int]:
    """The configured maximum of an on-demand table's request units; empty without one."""
    return vars(table).get(_ON_DEMAND, {})


def _add_settings(table: Table, description: dict[str, Any]) -> None:
    kept = vars(table)
    if table.billing_mode == "PAY_PER_REQUEST" and (limits := kept.get(_ON_DEMAND)):
        description["OnDemandThroughput"] = {
            name: limits.get(name, _NO_LIMIT) for name in ("MaxReadRequestUnits", "MaxWriteRequestUnits")
        }
    if class_ := kept.get(_CLASS):
        description["TableClassSummary"] = {"TableClass": class_}


def _change_billing(table: Table, mode: str | None) -> None:
    if mode == "PAY_PER_REQUEST":
        table.throughput = dict(_NO_CAPACITY)
    elif mode == "PROVISIONED":
        vars(table).pop(_ON_DEMAND, None)


def _change_encryption(table: Table, given: Mapping[str, Any] | None) -> None:
    if given is not None:
        table.sse_specification = {**given, "KMSMasterKeyId": given.get("KMSMasterKeyId")} if given["Enabled"] else None


def _table(call: ControlCall) -> Table:
    name = _name(call.parameters)
    table = backend_of(dynamodb_backends, call.region).tables.get(name)
    if table is None:
        raise ServiceError("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")
    return table


def _name(parameters: Mapping[str, Any]) -> str:
    """A table's name; the parameter is a name or an ARN."""
    return str(parameters["TableName"]).rpartition("table/")[2]


def _active(call: ControlCall) -> KinesisDestination:
    destination = destinations(_table(call)).get(call.parameters["StreamArn"])
    if destination is None or destination.status != ACTIVE:
        raise ServiceError(
            "ResourceNotFoundException",
            f"Table {call.parameters['TableName']} does not stream to {call.parameters['StreamArn']}.",
        )
    return destination


def _progress(call: ControlCall, status: str) -> dict[str, Any]:
    return {
        "TableName": call.parameters["TableName"],
        "StreamArn": call.parameters["StreamArn"],
        "DestinationStatus": status,
    }
