"""Calls that a fault refuses before a service receives them, counted as the service would count them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import unquote

import msgspec

from sandbox.dynamodb.admission import ADMISSION
from sandbox.dynamodb.usage import USAGE
from sandbox.front.calls import called_of
from sandbox.front.counting.dynamodb import DYNAMODB, THROTTLES
from sandbox.front.counting.kinesis import KINESIS
from sandbox.front.dynamodb import engine_of
from sandbox.front.protocols import signed_for
from sandbox.front.reply import Request, ServiceError
from sandbox.monitoring.recorder import RECORDER, metric

_FUNCTION = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
_THROTTLED_INVOCATION = "TooManyRequestsException"


class _Named(msgspec.Struct):
    StreamName: str = ""
    StreamARN: str = ""


class _Keyed(msgspec.Struct):
    """The members of DynamoDB's requests that have keys."""

    TableName: str = ""
    Key: dict[str, Any] | None = None
    Item: dict[str, Any] | None = None
    RequestItems: dict[str, Any] = {}
    TransactItems: list[dict[str, Any]] = []


def count_refused(request: Request, error: ServiceError) -> None:
    """Count a call that was refused with an error."""
    signed, called = signed_for(request), called_of(request)
    if signed is None:
        return
    if called.service == "dynamodb":
        DYNAMODB.refused(signed.region, called.operation, error.code, request.body)
        if error.code.rpartition("#")[2] in THROTTLES and USAGE.keys is not None:
            ADMISSION.operation = called.operation
            _count_keys(signed.region, request.body)
    elif called.service == "kinesis":
        KINESIS.refused(signed.region, called.operation, _stream(request.body), error.code)
    elif error.code == _THROTTLED_INVOCATION and (function := _FUNCTION.fullmatch(request.path)):
        name = unquote(function[1]).rpartition("function:")[2].partition(":")[0]
        RECORDER.series(signed.region, metric("AWS/Lambda", "Throttles", FunctionName=name), "Count").add(1)


def _count_keys(region: str, body: bytes) -> None:
    """Count the keys of a request that was throttled before the engine received it."""
    tables = engine_of(region).tables
    for name, attributes in _keys_of(body):
        table = tables.get(name.rpartition("/")[2])
        if table is None:
            continue
        try:
            key = table.schema.key.key_of(attributes)
        except (KeyError, TypeError):
            continue
        USAGE.throttled(table, key)


def _keys_of(body: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """The keys of a request, each with its table: the attributes of the key, or those of a whole item."""
    try:
        request = msgspec.json.decode(body, type=_Keyed)
        actions = msgspec.convert([each for item in request.TransactItems for each in item.values()], list[_Keyed])
        batch = [
            (name, msgspec.convert(entry, _Keyed))
            for name, entries in request.RequestItems.items()
            for entry in _entries(entries)
        ]
    except (msgspec.MsgspecError, RecursionError, AttributeError):
        return
    for name, each in [(request.TableName, request), *((each.TableName, each) for each in actions), *batch]:
        if name and (attributes := each.Key or each.Item):
            yield name, attributes


def _entries(of_table: Any) -> list[Any]:
    """The entries of a batch: requests of writes, or the keys of reads."""
    if isinstance(of_table, list):
        return [each for write in cast("list[dict[str, Any]]", of_table) for each in write.values()]
    return [{"Key": key} for key in of_table.get("Keys", [])]


def _stream(body: bytes) -> str:
    try:
        named = msgspec.json.decode(body, type=_Named)
    except (msgspec.DecodeError, RecursionError):
        return ""
    return named.StreamName or named.StreamARN.rpartition("/")[2]
