"""What a deployed resource's own API says of it, in the words of the resource's inputs, so that both can be compared.

A reader calls what the provider calls to read a resource (see the package
`provider` beside this) and names by the provider's names what the API names
otherwise; where the two differ by case alone, `differences` sees through it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, cast

from tests.integration.sandbox.provider import Aws
from tests.integration.sandbox.provider.calls import pairs


class Resource(NamedTuple):
    """What the deployer made: its type, its logical name, its id and what was asked for."""

    type: str
    name: str
    id: str
    inputs: Mapping[str, Any]


Reader = Callable[[Aws, Resource], Mapping[str, Any]]
READERS: dict[str, Reader] = {}


def reads(type_: str) -> Callable[[Reader], Reader]:
    def register(reader: Reader) -> Reader:
        READERS[type_] = reader
        return reader

    return register


def differences(given: object, found: object, path: str = "") -> Iterator[str]:
    """Where what was asked for is not what is there, each as a path and both values; more may be there."""
    given, found = _plain(given), _plain(found)
    if isinstance(given, dict) and isinstance(found, dict):
        asked = cast("dict[str, object]", given)
        there = {name.casefold(): value for name, value in cast("dict[str, object]", found).items()}
        for name, value in asked.items():
            yield from differences(value, there.get(name.casefold()), f"{path}.{name}" if path else name)
    elif isinstance(given, list) and isinstance(found, list):
        asked_list, there_list = cast("list[object]", given), cast("list[object]", found)
        if len(asked_list) != len(there_list):
            yield f"{path}: {given!r} is {found!r}"
        for index, (asked_one, there_one) in enumerate(zip(_sorted(asked_list), _sorted(there_list), strict=False)):
            yield from differences(asked_one, there_one, f"{path}[{index}]")
    elif given != found:
        yield f"{path}: {given!r} is {found!r}"


def _plain(value: object) -> object:
    """Documents in JSON as what they say, whole numbers as such, and flags as Booleans."""
    if isinstance(value, str):
        if value[:1] in ("{", "["):
            try:
                return _plain(json.loads(value))
            except ValueError:
                return value
        return {"true": True, "false": False}.get(value, int(value) if value.isdecimal() else value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _sorted(values: list[object]) -> list[object]:
    return sorted(values, key=str) if all(isinstance(value, str) for value in values) else values


def tags_of(tags: list[dict[str, str]]) -> dict[str, str]:
    return pairs(tags)


def also(found: Mapping[str, Any], **names: str) -> dict[str, Any]:
    """Members under the provider's names, too."""
    return {**found, **{name: found.get(member) for name, member in names.items()}}
