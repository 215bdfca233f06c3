"""An item of a table, stored as the JSON of requests and stream records."""

from __future__ import annotations

from typing import NamedTuple, Self

import msgspec

from sandbox.dynamodb.values import Attributes

_decode = msgspec.json.Decoder(Attributes).decode
_encode = msgspec.json.Encoder().encode


class Key(NamedTuple):
    """An item's key: the contents of its key attributes in DynamoDB's form, binaries as base64 text.

    `range` is empty if the table has no sort key.
    """

    hash: str
    range: str = ""


class StoredItem:
    """An immutable stored item.

    `image` is its JSON text, canonical except for the order of attributes; `size_bytes` is DynamoDB's size.
    """

    __slots__ = ("image", "key", "size_bytes")

    def __init__(self, key: Key, attributes: Attributes, size_bytes: int) -> None:
        self.key = key
        self.image = _encode(attributes)
        self.size_bytes = size_bytes

    @classmethod
    def stored(cls, key: Key, image: bytes, size_bytes: int) -> Self:
        """An item with a known image."""
        item = cls.__new__(cls)
        item.key, item.image, item.size_bytes = key, image, size_bytes
        return item

    @property
    def attributes(self) -> Attributes:
        """The attributes in the JSON of requests, decoded for each caller, who may change them."""
        return _decode(self.image)

    def same_as(self, other: StoredItem) -> bool:
        """Return whether the attributes are equal, regardless of their order."""
        if len(self.image) != len(other.image):
            return False
        return self.image == other.image or self.attributes == other.attributes
