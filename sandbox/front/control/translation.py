"""Translation of calls whose protocol moto does not support for their service, and of the replies.

- JSON and Smithy's RPC v2 CBOR to CloudWatch: boto3 1.44 and the AWS CLI 1.46 use JSON, the SDKs for Java, Go
  (aws-sdk-go-v2 service/cloudwatch v1.52, CHANGELOG.md) and JavaScript CBOR; moto supports the query protocol.
  https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
  https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
- CBOR to Kinesis, which the SDK for Java and so the KCL use: AWS's JSON protocol with the body in CBOR
  (`sandbox.front.cbor`).

Both directions follow botocore's model of the operation; members that the model lacks are omitted, as AWS omits them.
"""

from __future__ import annotations

import gzip
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from urllib.parse import urlencode

import msgspec
from botocore.exceptions import DataNotFoundError, UnknownServiceError
from moto.core.utils import get_service_model

from sandbox.front import cbor
from sandbox.front.protocols import Protocol, protocol_of, signed_for
from sandbox.front.reply import HttpReply, Request, ServiceError, random_hex

_RPC_PATH = re.compile(r"/service/[^/]+/operation/([^/]+)")
_REPLACED_HEADERS = frozenset(
    {"accept", "content-encoding", "content-length", "content-type", "smithy-protocol", "x-amz-target"}
)
_SUPPORTED_BY_MOTO = ("json", "query", "ec2", "rest-json", "rest-xml")
_serializers: Any = import_module("botocore.serialize")
_parsers: Any = import_module("botocore.parsers")


@dataclass(frozen=True)
class _Form:
    """The form of a body in a protocol: its content type, and how to read and write values, times and blobs."""

    content_type: str
    read: Callable[[bytes], Any]
    write: Callable[[object], bytes]
    time: Callable[[datetime], object]
    blob: Callable[[bytes], object]


def _same(value: Any) -> Any:
    return value


_FORMS = {
    Protocol.JSON: _Form(
        "application/x-amz-json-1.0",
        msgspec.json.decode,
        msgspec.json.encode,
        datetime.timestamp,
        lambda blob: b64encode(blob).decode(),
    ),
    Protocol.AWS_CBOR: _Form(
        "application/x-amz-cbor-1.1",
        lambda body: cbor.decode(body, cbor.MILLISECONDS),
        lambda value: cbor.encode(value, cbor.MILLISECONDS),
        _same,
        _same,
    ),
    Protocol.RPC_V2_CBOR: _Form(
        "application/cbor",
        lambda body: cbor.decode(body, cbor.SECONDS),
        lambda value: cbor.encode(value, cbor.SECONDS),
        _same,
        _same,
    ),
}


@dataclass(frozen=True)
class Translation:
    """A translated call: `request` has a protocol that moto supports, `reply` returns the reply in the client's."""

    request: Request
    protocol: Protocol
    inner: str
    model: Any

    def reply(self, inner: HttpReply) -> HttpReply:
        """Return the reply, or the error, in the client's protocol."""
        form, shape = _FORMS[self.protocol], self.model.output_shape
        headers = {name.lower(): value for name, value in inner.headers}
        parser: Any = _parsers.create_parser(self.inner)
        parsed = parser.parse({"status_code": inner.status, "headers": headers, "body": inner.body}, shape)
        if inner.status < 300:
            members: object = {} if shape is None else _sent(parsed, shape, form)
            return HttpReply(200, self._headers(form), form.write(members))
        code, message = parsed["Error"]["Code"], parsed["Error"].get("Message", "")
        body = {"__type": self._shape_name(code), "message": message}
        # The error's code in the query protocol: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
        query = [("x-amzn-query-error", f"{code};Sender")] if self.inner == "query" else []
        return HttpReply(inner.status, [*self._headers(form), *query], form.write(body))

    def _headers(self, form: _Form) -> list[tuple[str, str]]:
        headers = [("content-type", form.content_type), ("x-amzn-requestid", random_hex(16))]
        return [("smithy-protocol", "rpc-v2-cbor"), *headers] if self.protocol is Protocol.RPC_V2_CBOR else headers

    def _shape_name(self, code: str) -> str:
        """The name of the operation's error with a code; several errors of a service may have the same code."""
        return next((shape.name for shape in self.model.error_shapes if shape.error_code == code), code)


def translation_of(request: Request) -> Translation | None:
    """Return the translation of a call; None if moto supports its protocol, or the request is not a call.

    Raises:
        ServiceError: the body does not conform to its protocol.
    """
    protocol, signed = protocol_of(request), signed_for(request)
    if protocol not in _FORMS or signed is None:
        return None
    try:
        service: Any = get_service_model(signed.service)
        inner = _inner_protocol(service, protocol)
        if inner is None:
            return None
    except (DataNotFoundError, UnknownServiceError):
        return None
    operation = _operation(request)
    if operation not in service.operation_names:
        return None
    model: Any = service.operation_model(operation)
    given = _read(request, _FORMS[protocol], model)
    sent = _serializers.create_serializer(inner, include_validation=False).serialize_to_request(given, model)
    body: str | bytes | dict[str, Any] = sent["body"]
    text = urlencode(body) if isinstance(body, dict) else body
    kept = [(name, value) for name, value in request.headers if name not in _REPLACED_HEADERS]
    headers = [*kept, *((name.lower(), str(value)) for name, value in sent["headers"].items())]
    content = text.encode() if isinstance(text, str) else text
    return Translation(Request(sent["method"], sent["url_path"], "", headers, content), protocol, inner, model)


def _inner_protocol(service: Any, protocol: Protocol) -> str | None:
    """The protocol that moto supports for a service; None if it is the client's."""
    own = str(service.metadata["protocol"])
    listed: list[str] = [own, *service.metadata.get("protocols", ())]
    if own in _SUPPORTED_BY_MOTO:
        return None if protocol is Protocol.JSON and "json" in listed else own
    # botocore's model prefers a different protocol since moto implemented the older one.
    return next((name for name in ("query", "json") if name in listed), None)


def _operation(request: Request) -> str:
    """The operation that a call names; `absent` refuses one that does not exist."""
    path = _RPC_PATH.fullmatch(request.path)
    return path[1] if path else dict(request.headers).get("x-amz-target", "").rpartition(".")[2]


def _read(request: Request, form: _Form, model: Any) -> dict[str, Any]:
    """The call's parameters in the types that botocore requires."""
    headers = dict(request.headers)
    try:
        body = gzip.decompress(request.body) if headers.get("content-encoding") == "gzip" else request.body
        value: Any = form.read(body) if body else {}
        return {} if model.input_shape is None else _typed(value, model.input_shape)
    except (OSError, AttributeError, TypeError, ValueError, msgspec.DecodeError) as error:
        raise ServiceError("SerializationException", f"The body is not of the form of {model.name}: {error}") from None


def _typed(value: Any, shape: Any) -> Any:
    """The value with its times as aware datetimes and its blobs as bytes, without members that the shape lacks."""
    kind: str = shape.type_name
    if kind == "structure":
        members = shape.members
        known = {name: member for name, member in value.items() if name in members and member is not None}
        return {name: _typed(member, members[name]) for name, member in known.items()}
    if kind == "list":
        return [_typed(item, shape.member) for item in value]
    if kind == "map":
        return {name: _typed(item, shape.value) for name, item in value.items()}
    if kind == "timestamp" and isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if kind == "blob" and isinstance(value, str):
        return b64decode(value, validate=True)
    return value


def _sent(value: Any, shape: Any, form: _Form) -> Any:
    """The value of botocore's parser in the form of a protocol."""
    kind: str = shape.type_name
    if kind == "structure":
        fields: Mapping[str, Any] = value
        members = shape.members
        return {name: _sent(member, members[name], form) for name, member in fields.items() if name in members}
    if kind == "list":
        return [_sent(item, shape.member, form) for item in value]
    if kind == "map":
        return {name: _sent(item, shape.value, form) for name, item in value.items()}
    if kind == "timestamp":
        return form.time(value)
    return form.blob(value) if kind == "blob" and isinstance(value, bytes) else value
