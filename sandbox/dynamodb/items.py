"""An item of a table, kept as the JSON that the wire and the stream carry."""

from __future__ import annotations

from typing import NamedTuple, Self

import msgspec

from sandbox.dynamodb.values import Attributes

_decode = msgspec.json.Decoder(Attributes).decode
_encode = msgspec.json.Encoder().encode


class Key(NamedTuple):
    """An item's key: the contents of its key attributes in DynamoDB's form, binaries as base64 text.

    `range` is empty where the table has no sort key.
    """

    hash: str
    range: str = ""


class StoredItem:
    """An item as it is stored; nothing changes it.

    `image` is its JSON text, canonical except for the order of attributes;
    `size_bytes` is as DynamoDB counts.
    """

    __slots__ = ("image", "key", "size_bytes")

    def __init__(self, key: Key, attributes: Attributes, size_bytes: int) -> None:
        self.key = key
        self.image = _encode(attributes)
        self.size_bytes = size_bytes

    @classmethod
    def stored(cls, key: Key, image: bytes, size_bytes: int) -> Self:
        """An item whose image is known."""
        item = cls.__new__(cls)
        item.key, item.image, item.size_bytes = key, image, size_bytes
        return item

    @property
    def attributes(self) -> Attributes:
        """The attributes as they are on the wire, decoded each time: they are the caller's to change."""
        return _decode(self.image)

    def same_as(self, other: StoredItem) -> bool:
        """Whether the attributes are the same, in whatever order."""
        if len(self.image) != len(other.image):
            return False
        return self.image == other.image or self.attributes == other.attributes
