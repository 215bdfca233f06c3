"""Calls that a fault refuses before a service receives them, counted as the service would count them."""

from __future__ import annotations

import re
from urllib.parse import unquote

import msgspec

from sandbox.front.calls import called_of
from sandbox.front.counting.dynamodb import DYNAMODB
from sandbox.front.counting.kinesis import KINESIS
from sandbox.front.protocols import signed_for
from sandbox.front.reply import Request, ServiceError
from sandbox.monitoring.recorder import RECORDER, metric

_FUNCTION = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
_THROTTLED_INVOCATION = "TooManyRequestsException"


class _Named(msgspec.Struct):
    StreamName: str = ""
    StreamARN: str = ""


def count_refused(request: Request, error: ServiceError) -> None:
    """Count a call that was refused with an error."""
    signed, called = signed_for(request), called_of(request)
    if signed is None:
        return
    if called.service == "dynamodb":
        DYNAMODB.refused(signed.region, called.operation, error.code, request.body)
    elif called.service == "kinesis":
        KINESIS.refused(signed.region, called.operation, _stream(request.body), error.code)
    elif error.code == _THROTTLED_INVOCATION and (function := _FUNCTION.fullmatch(request.path)):
        name = unquote(function[1]).rpartition("function:")[2].partition(":")[0]
        RECORDER.series(signed.region, metric("AWS/Lambda", "Throttles", FunctionName=name), "Count").add(1)


def _stream(body: bytes) -> str:
    try:
        named = msgspec.json.decode(body, type=_Named)
    except (msgspec.DecodeError, RecursionError):
        return ""
    return named.StreamName or named.StreamARN.rpartition("/")[2]
