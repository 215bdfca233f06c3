"""The front's replies: a status, headers and a body, in the forms of AWS's JSON protocols."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import getrandbits
from typing import NamedTuple
from zlib import crc32

import msgspec

Headers = list[tuple[str, str]]

JSON_1_0 = "application/x-amz-json-1.0"
JSON_1_1 = "application/x-amz-json-1.1"


class Request(NamedTuple):
    """An HTTP request. `path` is as it arrived, percent-encoded; header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes


class HttpReply(NamedTuple):
    """An HTTP response; a streamed one has its parts in `chunks`."""

    status: int
    headers: Headers
    body: bytes
    chunks: AsyncIterator[bytes] | None = None


class ServiceError(Exception):
    """An error of an AWS service: its code, which is the exception's name, and its message."""

    def __init__(self, code: str, message: str, status: int = 400, details: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.details = details or {}


def json_reply(status: int, body: bytes, content_type: str = JSON_1_0) -> HttpReply:
    """A reply in a JSON protocol, with the request id and, for DynamoDB, the checksum that its clients verify."""
    headers = [("content-type", content_type), ("x-amzn-requestid", f"{getrandbits(208):052X}")]
    if content_type == JSON_1_0:
        headers.append(("x-amz-crc32", str(crc32(body))))
    return HttpReply(status, headers, body)


def error_reply(error: ServiceError, content_type: str = JSON_1_0) -> HttpReply:
    """An error in a JSON protocol. https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html"""
    body = msgspec.json.encode({"__type": error.code, "message": error.message, **error.details})
    reply = json_reply(error.status, body, content_type)
    reply.headers.append(("x-amzn-errortype", error.code))
    return reply


def random_hex(count: int) -> str:
    """Random bytes in hexadecimal, for identifiers; the system's own generator takes as long as the rest of a call."""
    return f"{getrandbits(count * 8):0{count * 2}x}"
