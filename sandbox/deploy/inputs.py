"""A view of a resource's inputs that records which were read.

A handler that ignores an input would deploy something different from the program. So handlers read from an `Inputs`
instead of the dict, and an unread input at any depth is an error with its path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from sandbox.errors import SandboxError


class Inputs:
    """One object of a resource's inputs: the top level, or a nested block.

    Names are the provider's (camelCase). Each reader marks its input as read and raises SandboxError with the path for
    a wrong type. None means an absent input.
    """

    def __init__(self, values: Mapping[str, Any], path: str = "") -> None:
        self._values = {name: value for name, value in values.items() if value is not None}
        self._path = path
        self._taken: set[str] = set()
        self._blocks: dict[str, list[Inputs]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def path(self, name: str) -> str:
        """An input's path in the resource: `rules[0].status`."""
        return f"{self._path}.{name}" if self._path else name

    def peek(self, name: str) -> Any:
        """The whole value; it stays unread."""
        return self._values.get(name)

    def take(self, name: str) -> Any:
        """The whole value; everything inside it counts as read."""
        self._taken.add(name)
        return self._values.get(name)

    def text(self, name: str) -> str | None:
        """A string."""
        return cast("str | None", self._typed(name, str, "a string"))

    def require(self, name: str) -> str:
        """A required string.

        Raises:
            SandboxError: it is absent.
        """
        value = self.text(name)
        if value is None:
            raise SandboxError(f"{self.path(name)} is required")
        return value

    def flag(self, name: str) -> bool | None:
        """A boolean."""
        return cast("bool | None", self._typed(name, bool, "a boolean"))

    def integer(self, name: str) -> int | None:
        """An integer; Pulumi sends every number as a double."""
        value = cast("float | None", self._typed(name, (int, float), "a number"))
        if value is None:
            return None
        if isinstance(value, bool) or value != int(value):
            raise SandboxError(f"{self.path(name)} must be an integer, not {value}")
        return int(value)

    def strings(self, name: str) -> list[str]:
        """A list of strings; empty if absent."""
        return cast("list[str] | None", self._typed(name, list, "a list")) or []

    def mapping(self, name: str) -> dict[str, str]:
        """A map with the user's keys (tags, environment variables); empty if absent."""
        return cast("dict[str, str] | None", self._typed(name, dict, "a map")) or {}

    def block(self, name: str) -> Inputs | None:
        """A nested object as a view, whose unread inputs are also errors."""
        if name not in self._values:
            return None
        if name not in self._blocks:
            self._blocks[name] = [self._view(self._values[name], self.path(name))]
        return self._blocks[name][0]

    def blocks(self, name: str) -> list[Inputs]:
        """A list of objects, each a view like `block`; empty if absent."""
        if name not in self._values:
            return []
        if name not in self._blocks:
            elements = self._values[name]
            if not isinstance(elements, list):
                raise SandboxError(f"{self.path(name)} must be a list")
            self._blocks[name] = [
                self._view(element, f"{self.path(name)}[{index}]")
                for index, element in enumerate(cast("list[Any]", elements))
            ]
        return self._blocks[name]

    def untouched(self) -> Iterator[str]:
        """The names of this object's members of which neither value nor block was read."""
        return (name for name in self._values if name not in self._taken and name not in self._blocks)

    def unread(self) -> list[str]:
        """The paths of all unread inputs at any depth."""
        paths: list[str] = []
        for name in self._values:
            if name in self._taken:
                continue
            if name in self._blocks:
                paths += (path for block in self._blocks[name] for path in block.unread())
            else:
                paths.append(self.path(name))
        return paths

    def _typed(self, name: str, type_: type | tuple[type, ...], what: str) -> object:
        value = self.take(name)
        if value is not None and not isinstance(value, type_):
            raise SandboxError(f"{self.path(name)} must be {what}")
        return cast("object", value)

    @staticmethod
    def _view(value: object, path: str) -> Inputs:
        if not isinstance(value, dict):
            raise SandboxError(f"{path} must be an object")
        return Inputs(cast("dict[str, Any]", value), path)
