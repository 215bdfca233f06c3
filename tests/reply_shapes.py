"""Checks that a reply has the form of botocore's model: types, required members, no other members.

A client that is generated from the same model (the SDKs for Java, Go and Rust) fails at deviations that boto3 ignores.
The models are AWS's own: https://github.com/boto/botocore/tree/develop/botocore/data.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast
from xml.etree import ElementTree

from botocore import parsers

_NUMBERS = frozenset({"float", "double"})
_INTEGERS = frozenset({"integer", "long"})
_ELSEWHERE = frozenset({"header", "headers", "statusCode"})
_ENVELOPE = frozenset({"ResponseMetadata", "requestId", "RequestId"})


@contextmanager
def watched() -> Generator[list[str]]:
    """Collect the deviations of all replies that botocore parses in this process meanwhile."""
    faults: list[str] = []
    parser: Any = parsers.ResponseParser
    inner: Callable[..., Any] = parser.parse

    def parse(self: object, response: Mapping[str, Any], shape: Any) -> Any:
        if response["status_code"] < 300 and shape is not None:
            faults.extend(faults_of(self, response, shape))
        return inner(self, response, shape)

    parser.parse = parse
    try:
        yield faults
    finally:
        parser.parse = inner


def faults_of(parser: object, response: Mapping[str, Any], shape: Any) -> list[str]:
    """Yield the deviations of one reply's body, each as `Shape.member: fault`."""
    body: Any = response["body"]
    if not isinstance(body, bytes) or not body or response["headers"].get("smithy-protocol") == "rpc-v2-cbor":
        return []
    payload = shape.serialization.get("payload")
    target = shape.members[payload] if payload else shape
    if target.type_name != "structure" or target.serialization.get("eventstream"):
        return []
    if isinstance(parser, (parsers.BaseXMLResponseParser, parsers.RestXMLParser)):
        return list(_in_xml(target, _result(target, ElementTree.fromstring(body)), shape.name))
    return list(_in_json(target, json.loads(body), shape.name))


def _in_json(shape: Any, value: object, path: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        yield from _members(shape, cast("dict[str, object]", value), path)
    elif kind == "list" and isinstance(value, list):
        for item in cast("list[object]", value):
            yield from _in_json(shape.member, item, f"{path}[]")
    elif kind == "map" and isinstance(value, dict):
        for item in cast("dict[str, object]", value).values():
            yield from _in_json(shape.value, item, f"{path}{{}}")
    elif not _is(kind, value):
        yield f"{path}: {value!r} is no {kind}"


def _members(shape: Any, value: Mapping[str, object], path: str) -> Iterator[str]:
    if getattr(shape, "is_document_type", False):
        return
    members = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
    inside = {n for n, (_, member) in members.items() if member.serialization.get("location") not in _ELSEWHERE}
    for name in value.keys() - inside:
        yield f"{path}: no member {name}"
    for name in inside & value.keys():
        yield from _in_json(members[name][1], value[name], f"{path}.{name}")
    required = {name for name in inside if members[name][0] in shape.required_members}
    for name in required - value.keys():
        yield f"{path}: {name} is missing"


def _is(kind: str, value: object) -> bool:
    if kind in {"string", "blob", "char"}:
        return isinstance(value, str)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in _INTEGERS:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind in _NUMBERS:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return kind == "timestamp" and isinstance(value, (int, float, str)) and not isinstance(value, bool)


def _result(shape: Any, root: ElementTree.Element) -> ElementTree.Element:
    wrapper = shape.serialization.get("resultWrapper")
    return next((child for child in root if _tag(child) == wrapper), root)


def _in_xml(shape: Any, node: ElementTree.Element, path: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure":
        yield from _elements(shape, node, path)
    elif kind == "list":
        name = shape.member.serialization.get("name", "member")
        for child in node:
            if _tag(child) != name:
                yield f"{path}: an item is called {_tag(child)} and not {name}"
            yield from _in_xml(shape.member, child, f"{path}[]")
    elif kind != "map" and len(node):
        yield f"{path}: elements in a {kind}"
    elif kind in _INTEGERS and not (node.text or "").lstrip("-").isdecimal():
        yield f"{path}: {node.text!r} is no {kind}"
    elif kind == "boolean" and node.text not in {"true", "false"}:
        yield f"{path}: {node.text!r} is no boolean"


def _elements(shape: Any, node: ElementTree.Element, path: str) -> Iterator[str]:
    members: dict[str, tuple[str, Any]] = {}
    for name, member in shape.members.items():
        if member.serialization.get("location") in _ELSEWHERE or member.serialization.get("xmlAttribute"):
            continue
        flat = member.type_name == "list" and member.serialization.get("flattened")
        own = member.member.serialization.get("name") if flat else None
        members[own or member.serialization.get("name", name)] = (name, member)
    for child in node:
        tag = _tag(child)
        if tag in members:
            member = members[tag][1]
            flat = member.type_name in {"list", "map"} and member.serialization.get("flattened")
            item = member.member if flat and member.type_name == "list" else member
            yield from _in_xml(item, child, f"{path}.{tag}")
        elif tag not in _ENVELOPE:
            yield f"{path}: no member {tag}"
    present = {_tag(child) for child in node}
    for tag, (name, _) in members.items():
        if name in shape.required_members and tag not in present:
            yield f"{path}: {tag} is missing"


def _tag(node: ElementTree.Element) -> str:
    return node.tag.rpartition("}")[2]
