"""Conversion of a resource's inputs to the request of an AWS operation.

The provider's property names are the API's in a different case (`dynamodbStreamParameters` for
`DynamoDBStreamParameters`), so botocore's model of an operation has both its inputs and their types. A handler passes
names with other differences in `names`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sandbox.deploy.inputs import Inputs
from sandbox.errors import SandboxError

Shape = Any
"""botocore.model.Shape, which is untyped."""

_NO_NAMES: Mapping[str, str] = {}


def fill(shape: Shape, inputs: Inputs, names: Mapping[str, str] = _NO_NAMES) -> dict[str, Any]:
    """Read the inputs that are members of a structure.

    An input outside the structure, at any depth, stays unread. `names` maps a property's name, at any depth, to the
    member's if they differ by more than case.

    Raises:
        SandboxError: a value has the wrong type; the text has its path.
    """
    members: Mapping[str, Shape] = shape.members
    by_name = {member.casefold(): member for member in members}
    filled: dict[str, Any] = {}
    for name in list(inputs.untouched()):
        renamed = names.get(name)
        member = renamed if renamed in members else by_name.get(name.casefold())
        if member is not None:
            filled[member] = _member(members[member], inputs, name, names)
    return filled


def pairs(shape: Shape, mapping: Mapping[str, str]) -> list[dict[str, str]] | dict[str, str]:
    """A map such as tags in the member's form: a map, or a list of keys and values."""
    if shape.type_name == "map":
        return dict(mapping)
    key, value = _pair(shape) or ("Key", "Value")
    return [{key: name, value: text} for name, text in mapping.items()]


def _member(shape: Shape, inputs: Inputs, name: str, names: Mapping[str, str]) -> Any:
    if shape.type_name == "structure":
        block = inputs.block(name)
        return {} if block is None else fill(shape, block, names)
    if shape.type_name == "list":
        if shape.member.type_name != "structure":
            return [_scalar(shape.member, item, inputs.path(name)) for item in inputs.strings(name)]
        if isinstance(inputs.peek(name), dict) and _pair(shape):
            return pairs(shape, inputs.mapping(name))
        return [fill(shape.member, block, names) for block in inputs.blocks(name)]
    if shape.type_name == "map":
        return {key: _scalar(shape.value, value, inputs.path(name)) for key, value in inputs.mapping(name).items()}
    return _scalar(shape, inputs.take(name), inputs.path(name))


def _pair(shape: Shape) -> tuple[str, str] | None:
    """The names of a list element's two members if it is a key (or name) and a value."""
    names = cast("list[str]", list(shape.member.members))
    if len(names) != 2 or not names[0].endswith(("Key", "Name", "key")) or not names[1].endswith(("Value", "value")):
        return None
    return names[0], names[1]


def _scalar(shape: Shape, value: object, path: str) -> Any:
    match shape.type_name, value:
        case ("integer" | "long", float() | int()) if not isinstance(value, bool) and value == int(value):
            return int(value)
        case ("float" | "double", float() | int()) if not isinstance(value, bool):
            return float(value)
        case ("boolean", bool()) | ("string" | "timestamp", str()):
            return value
        case ("integer" | "long", str()) if value.isdecimal():
            return int(value)
        case ("list", list()):
            return [_scalar(shape.member, item, path) for item in cast("list[object]", value)]
        case _:
            raise SandboxError(f"{path} must be of AWS's type {shape.type_name}, and is {value!r}")
