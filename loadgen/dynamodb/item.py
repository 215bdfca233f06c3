"""DynamoDB items as JSON text: fragments that are rendered once and joined many times, and their sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import msgspec
from msgspec import Struct

Attribute = Mapping[str, object]
Item = Mapping[str, Attribute]

UNIT_BYTES = 1024


class Fragment(Struct, frozen=True, gc=False):
    """Some attributes of an item as JSON members without braces, and their bytes in the item's size."""

    text: bytes
    size_bytes: int

    def __add__(self, other: Fragment) -> Fragment:
        """Return the attributes of both."""
        return Fragment(self.text + other.text, self.size_bytes + other.size_bytes)


NOTHING = Fragment(b"", 0)


def fragment(attributes: Item) -> Fragment:
    """Render attributes once; `text` begins with a comma so that fragments follow each other."""
    return Fragment(b"," + msgspec.json.encode(attributes)[1:-1], item_size(attributes))


def item_size(item: Item) -> int:
    """Return the bytes of an item as DynamoDB counts them: the names in UTF-8 and the values.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def write_units(size_bytes: int) -> int:
    """Return the write units for an item of this size: one for each KiB begun, at least one."""
    return -(-size_bytes // UNIT_BYTES) or 1


def _value_size(value: Attribute) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(cast("str", content).encode())
        case "N":
            return _number_size(cast("str", content))
        case "B":
            return len(cast("str", content)) * 3 // 4
        case "SS":
            return sum(len(text.encode()) for text in cast("Sequence[str]", content))
        case "NS":
            return sum(map(_number_size, cast("Sequence[str]", content)))
        case "BS":
            return sum(len(text) * 3 // 4 for text in cast("Sequence[str]", content))
        case "M":
            members = cast("Item", content)
            return 3 + len(members) + item_size(members)
        case "L":
            elements = cast("Sequence[Attribute]", content)
            return 3 + len(elements) + sum(map(_value_size, elements))
        case _:
            return 1


def _number_size(text: str) -> int:
    """Return a number's bytes: about one for two significant digits, one more, and one for the sign."""
    digits = text.lstrip("-").replace(".", "").strip("0")
    return (len(digits) + 1) // 2 + 1 + text.startswith("-")
