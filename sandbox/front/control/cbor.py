"""Calls in Smithy's RPC v2 CBOR, which AWS's newer SDKs speak to CloudWatch and moto does not.

aws-sdk-go-v2 does since service/cloudwatch v1.52 (its CHANGELOG.md), and so the
AWS provider. Such a call is put into the protocol that botocore's model of the
service names, answered as any other, and its answer put back.
https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, cast
from urllib.parse import urlencode

from moto.core.utils import get_service_model

from sandbox.front.control.call import Call, parse, signed_for
from sandbox.front.control.output import members_of
from sandbox.front.reply import Reply, Request, random_hex

_PATH = re.compile(r"/service/[^/]+/operation/([^/]+)")
_PROTOCOL = ("smithy-protocol", "rpc-v2-cbor")
_SENT_OTHERWISE = frozenset({"accept", "content-length", "content-type", "smithy-protocol"})
_serializers: Any = import_module("botocore.serialize")
_parsers: Any = import_module("botocore.parsers")
_models: Any = import_module("botocore.model")
_ERROR = (
    _models.DenormalizedStructureBuilder()
    .with_members({"__type": {"type": "string"}, "message": {"type": "string"}})
    .build_model()
)


def answered(request: Request, answer: Callable[[Request], Reply]) -> Reply | None:
    """The reply to a call in CBOR, by `answer` to the same call in its service's own protocol; None for any other."""
    operation = _PATH.fullmatch(request.path)
    signed = signed_for(request)
    if operation is None or signed is None or _PROTOCOL not in request.headers:
        return None
    translated = _translated(request, signed.service, operation[1])
    reply = answer(translated)
    call = parse(translated)
    return reply if call is None else _in_cbor(call, reply)


def _translated(request: Request, service: str, operation: str) -> Request:
    model: Any = get_service_model(service).operation_model(operation)
    protocol = model.service_model.metadata["protocol"]
    parameters = _decoded(request.body) if request.body else {}
    sent = _serializers.create_serializer(protocol).serialize_to_request(parameters, model)
    body: str | bytes | dict[str, Any] = sent["body"]
    text = urlencode(body) if isinstance(body, dict) else body
    kept = [(name, value) for name, value in request.headers if name not in _SENT_OTHERWISE]
    headers = [*kept, *((name.lower(), str(value)) for name, value in sent["headers"].items())]
    return Request(sent["method"], sent["url_path"], "", headers, text.encode() if isinstance(text, str) else text)


def _in_cbor(call: Call, reply: Reply) -> Reply:
    headers = [_PROTOCOL, ("content-type", "application/cbor"), ("x-amzn-requestid", random_hex(16))]
    if reply.status < 300:
        shape = call.output_shape
        members = _known(members_of(call, reply), shape) if shape else {}
        return Reply(200, headers, _encoded(members, shape or _ERROR))
    parser: Any = _parsers.create_parser(call.protocol)
    parsed = parser.parse({"status_code": reply.status, "headers": {}, "body": reply.body}, call.output_shape)
    code, message = parsed["Error"]["Code"], parsed["Error"].get("Message", "")
    headers.append(("x-amzn-query-error", f"{code};Sender"))
    return Reply(reply.status, headers, _encoded({"__type": _shape_name(call, code), "message": message}, _ERROR))


def _shape_name(call: Call, code: str) -> str:
    """The name of the operation's error with a code, which several errors of a service may share."""
    model: Any = call.model
    return next((shape.name for shape in model.error_shapes if shape.error_code == code), code)


def _known(members: Mapping[str, Any], shape: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name in shape.members}


def _decoded(body: bytes) -> dict[str, Any]:
    parser = _parsers.RpcV2CBORParser()
    return cast("dict[str, Any]", parser.parse_data_item(parser.get_peekable_stream_from_bytes(body)))


def _encoded(members: Mapping[str, Any], shape: Any) -> bytes:
    serializer = _serializers.RpcV2CBORSerializer()
    serialized = bytearray()
    serializer._serialize_data_item(serialized, members, shape)
    return bytes(serialized)
