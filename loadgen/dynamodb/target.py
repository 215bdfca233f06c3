"""Finds the table and checks before a run that it can be written."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from loadgen.dynamodb.retry import RetryPolicy
from loadgen.dynamodb.writer import Endpoint, Limits, Writer
from loadgen.dynamodb.writers import open_writer
from loadgen.dynamodb.writes import Outcome, Reply
from stack import StackOutputs, UserError, credentials


class _KeySchemaElement(Struct):
    name: str = msgspec.field(name="AttributeName")
    kind: str = msgspec.field(name="KeyType")


class _Table(Struct):
    status: str = msgspec.field(name="TableStatus")
    key_schema: list[_KeySchemaElement] = msgspec.field(name="KeySchema")


class _Description(Struct):
    table: _Table = msgspec.field(name="Table")


def endpoint(outputs: StackOutputs) -> Endpoint:
    """Return DynamoDB's endpoint according to the stack's outputs."""
    region = outputs.region
    if region is None:
        raise UserError("No AWS region is configured: give --region, or set AWS_REGION.")
    explicit = credentials(outputs)
    return Endpoint(
        region=region,
        url=outputs.endpoint_url,
        access_key=explicit.access_key if explicit else None,
        secret_key=explicit.secret_key if explicit else None,
    )


async def key_names(writer: Writer, table: str, endpoint: Endpoint) -> tuple[str, ...]:
    """Return the table's key attributes, partition key first. Raises: UserError: the table cannot be written."""
    reply = await _describe(writer, table)
    if reply.outcome is not Outcome.OK:
        raise UserError(_sentence(reply, table, endpoint))
    try:
        description = msgspec.json.decode(reply.body, type=_Description).table
    except msgspec.MsgspecError as error:
        place = _place(endpoint)
        raise UserError(
            f"{place} does not answer DescribeTable as DynamoDB does ({error}): check --endpoint-url."
        ) from None
    if description.status not in {"ACTIVE", "UPDATING"}:
        raise UserError(f"Table {table!r} is {description.status} and cannot be written yet: wait until it is ACTIVE.")
    ordered = sorted(description.key_schema, key=lambda element: element.kind)
    return tuple(element.name for element in ordered)


async def _describe(writer: Writer, table: str) -> Reply:
    """Call DescribeTable, with the retries of a write after a throttle or an error of the service."""
    policy, jitter, attempts = RetryPolicy(), random.Random(), 1
    while True:
        reply = await writer.ask("DescribeTable", {"TableName": table})
        if reply.outcome not in (Outcome.THROTTLED, Outcome.SERVER_ERROR) or attempts == policy.max_attempts:
            return reply
        await asyncio.sleep(policy.wait_s(attempts, jitter))
        attempts += 1


async def key_attributes(
    writer_name: str, endpoint: Endpoint, tables: Sequence[str], *, orders: bool
) -> dict[str, tuple[str, ...]]:
    """Return the key attributes of tables by name. Raises: UserError: one cannot be written, or not by `orders`."""
    writer = open_writer(writer_name, endpoint, Limits(connections=1))
    try:
        await writer.open(0)
        keys = {table: await key_names(writer, table, endpoint) for table in tables}
    finally:
        await writer.close()
    if orders:
        check_for_orders(tables[0], keys[tables[0]])
    return keys


def check_for_orders(table: str, keys: tuple[str, ...]) -> None:
    """Raise UserError when the table's key differs from that of orders."""
    if keys != ("order_id",):
        raise UserError(
            f"Table {table!r} has the key {', '.join(keys)}, and orders have order_id: "
            "give another --table, or a --workload that fits it."
        )


def _place(endpoint: Endpoint) -> str:
    return endpoint.url or f"DynamoDB in {endpoint.region}"


def _sentence(reply: Reply, table: str, endpoint: Endpoint) -> str:
    place = _place(endpoint)
    reason = " ".join((reply.message or reply.code).split()).rstrip(".")
    if reply.code == "ResourceNotFoundException":
        return (
            f"There is no table {table!r} at {place}: check --table, --region and --endpoint-url, or deploy the stack."
        )
    if reply.outcome in {Outcome.UNREACHABLE, Outcome.RESET, Outcome.TIMEOUT}:
        return f"{place} cannot be reached ({reason}): check --endpoint-url, --region and the network."
    if reply.outcome is Outcome.CREDENTIALS and reply.code == "AccessDeniedException":
        return f"Not allowed to describe table {table!r} ({reason}): use credentials whose policy allows it."
    if reply.outcome is Outcome.CREDENTIALS:
        return (
            f"{place} needs AWS credentials ({reason}): set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            "AWS_PROFILE, or run `aws sso login`."
        )
    return f"{place} does not describe table {table!r} ({reply.code}: {reason}): check --table and --endpoint-url."
