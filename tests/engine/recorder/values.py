"""Converts the protocol's property values to Python's, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.rpc import UNKNOWN, unwrap_rpc_secret

DEFAULTS = "__defaults"
"""The property in which the bridge records the inputs that it filled in (schema.go, "Additional Notes")."""

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"


def plain(properties: Struct) -> dict[str, Any]:
    """Return a message's properties: whole numbers as int, no null values, UNKNOWN for unknown values."""
    return cast("dict[str, Any]", _plain(MessageToDict(properties)))


def message(properties: Mapping[str, Any]) -> Struct:
    """Return the message of properties."""
    return ParseDict(dict(properties), Struct())


def is_known(value: object) -> bool:
    """Whether a value is known at every depth."""
    match value:
        case dict():
            return all(is_known(inner) for inner in cast("dict[str, object]", value).values())
        case list():
            return all(is_known(inner) for inner in cast("list[object]", value))
        case _:
            return value != UNKNOWN


def comparable(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs as the provider compares them: an archive as its content's hash, independent of its path."""
    return {name: _comparable(value) for name, value in inputs.items() if name != DEFAULTS}


def _comparable(value: object) -> object:
    match value:
        case dict():
            inner = cast("dict[str, object]", value)
            if inner.get(_SIGNATURE) == _ARCHIVE and "hash" in inner:
                return inner["hash"]
            return comparable(inner)
        case list():
            return [_comparable(one) for one in cast("list[object]", value)]
        case _:
            return value


def _plain(value: object) -> object:
    value = unwrap_rpc_secret(value)
    match value:
        case dict():
            inner = cast("dict[str, object]", value)
            return {name: _plain(one) for name, one in inner.items() if one is not None}
        case list():
            return [_plain(one) for one in cast("list[object]", value)]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


__all__ = ["DEFAULTS", "UNKNOWN", "comparable", "is_known", "message", "plain"]
