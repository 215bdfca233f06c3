"""moto's replies, corrected to conform to botocore's model.

moto writes null where AWS omits a member, and adds members that the operation does not have. boto3 ignores both; the
SDKs that are generated from the model do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from sandbox.front.control.call import ControlCall
from sandbox.front.control.output import amended
from sandbox.front.reply import HttpReply

_JSON = frozenset({"json", "rest-json"})
_ELSEWHERE = frozenset({"header", "headers", "statusCode"})
_INTEGERS = frozenset({"integer", "long"})


def conformed(call: ControlCall, reply: HttpReply) -> HttpReply:
    """Return the reply of a successful call without nulls and unknown members, and with integers as numbers.

    A reply in XML is returned unchanged.
    """
    if call.protocol not in _JSON or not reply.body or call.output_shape is None:
        return reply
    shape = _body_of(call.output_shape)
    if shape is None:
        return reply
    try:
        found = msgspec.json.decode(reply.body)
    except msgspec.DecodeError:
        return reply
    kept = _kept(shape, found)
    return reply if kept == found else amended(call, reply, kept)


def _body_of(shape: Any) -> Any:
    """The structure in the body; None if the body is anything else."""
    payload = shape.serialization.get("payload")
    body = shape.members[payload] if payload else shape
    return body if body.type_name == "structure" and not body.serialization.get("eventstream") else None


def _kept(shape: Any, value: object) -> Any:
    kind: str = shape.type_name
    if kind == "structure" and isinstance(value, dict) and not getattr(shape, "is_document_type", False):
        return _members(shape, cast("Mapping[str, object]", value))
    if kind == "list" and isinstance(value, list):
        return [_kept(shape.member, item) for item in cast("list[object]", value)]
    if kind == "map" and isinstance(value, dict):
        return {name: _kept(shape.value, item) for name, item in cast("Mapping[str, object]", value).items()}
    if kind in _INTEGERS and isinstance(value, str) and value.isdecimal():
        return int(value)
    if kind in _INTEGERS and isinstance(value, float) and value.is_integer():
        return int(value)
    return cast("Any", value)


def _members(shape: Any, value: Mapping[str, object]) -> dict[str, Any]:
    members = {member.serialization.get("name", name): member for name, member in shape.members.items()}
    return {
        name: _kept(members[name], item)
        for name, item in value.items()
        if item is not None and name in members and members[name].serialization.get("location") not in _ELSEWHERE
    }
