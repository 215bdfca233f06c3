"""Conversion between an operation's output and the reply in its protocol."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast
from zlib import crc32

import msgspec
from moto.core.errors import ErrorLookupFactory
from moto.core.exceptions import ServiceException
from moto.core.serialize import get_serializer_class

from sandbox.front.control.call import ControlCall
from sandbox.front.reply import HttpReply, ServiceError, random_hex

_JSON = frozenset({"json", "rest-json"})
_CHECKSUM = "x-amz-crc32"
_NO_BODY_STATUSES = frozenset({204, 304})


class _AwsError(ServiceException):
    """An error for moto's serializer, which accepts only its own class."""


def reply_of(call: ControlCall, output: Mapping[str, Any]) -> HttpReply:
    """Return the reply with an output's members, serialized by botocore's model of the operation."""
    return _serialized(call, output)


def error_of(call: ControlCall, error: ServiceError) -> HttpReply:
    """Return the reply with an error, in the form and with the status of the model.

    An error that the model lacks has its own status.
    """
    exception = _AwsError(error.code, error.message)
    for name, value in error.details.items():
        setattr(exception, name, value)
    with warnings.catch_warnings():
        # A model need not have every error of its service.
        warnings.simplefilter("ignore", UserWarning)
        reply = _serialized(call, exception)
    known = ErrorLookupFactory().for_service(call.service_model).from_code(error.code)
    return reply._replace(status=error.status) if known is None else reply


def members_of(call: ControlCall, reply: HttpReply) -> dict[str, Any]:
    """The members of the output that a reply carries."""
    if call.protocol in _JSON:
        return msgspec.json.decode(reply.body or b"{}", type=dict[str, Any])
    parser: Any = import_module("botocore.parsers").create_parser(call.protocol)
    headers = {name.lower(): value for name, value in reply.headers}
    parsed = parser.parse({"status_code": reply.status, "headers": headers, "body": reply.body}, call.output_shape)
    return {name: value for name, value in parsed.items() if name != "ResponseMetadata"}


def amended(call: ControlCall, reply: HttpReply, members: Mapping[str, Any]) -> HttpReply:
    """Return the reply with its members replaced."""
    if call.protocol not in _JSON:
        return _serialized(call, members)
    body = msgspec.json.encode(members)
    # DynamoDB's clients verify this checksum; with a wrong one they treat the body as truncated.
    headers = [(name, str(crc32(body)) if name.lower() == _CHECKSUM else value) for name, value in reply.headers]
    return HttpReply(reply.status, headers, body)


def _serialized(call: ControlCall, result: object) -> HttpReply:
    serializer: Any = get_serializer_class(call.service, call.protocol)(operation_model=call.model)
    serialized = serializer.serialize(result)
    body: bytes | str = serialized["body"]
    headers = [(name.lower(), str(value)) for name, value in cast("dict[str, object]", serialized["headers"]).items()]
    headers.append(("x-amzn-requestid", random_hex(16)))
    status: int = serialized["status_code"]
    content = body.encode() if isinstance(body, str) else body
    return HttpReply(status, headers, b"" if status in _NO_BODY_STATUSES else content)
