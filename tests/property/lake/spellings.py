"""The same JSON value in another spelling."""

from __future__ import annotations

from random import Random
from typing import Any, cast


def shuffled(value: Any, random: Random) -> Any:
    """The value with the members of its objects in another order."""
    if isinstance(value, dict):
        members = list(cast("dict[str, Any]", value).items())
        return {name: shuffled(member, random) for name, member in random.sample(members, len(members))}
    if isinstance(value, list):
        return [shuffled(element, random) for element in cast("list[Any]", value)]
    return value
