"""An item of a table, kept as the JSON that the wire and the stream carry.

It takes the place of moto's own item, a tree of objects that costs a
millisecond to build and to serialize.
"""

from __future__ import annotations

from typing import Any, cast

import msgspec
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item

from sandbox.front.values import MAX_ITEM_BYTES, UnusualError, Value, from_moto, measure_item, to_moto

Attributes = dict[str, Value]
_decode = msgspec.json.Decoder(Attributes).decode
_encode = msgspec.json.Encoder().encode


class StoredItem(Item):
    """An item. `image` is its JSON text, canonical but for the order of attributes; `size_bytes` as DynamoDB counts.

    What moto reads of an item is built when it asks. moto changes items in
    place only in UpdateItem, which `as_moto` and a new StoredItem stand around.
    """

    def __init__(self, hash_key: DynamoType, range_key: DynamoType | None, attrs: dict[str, Any]) -> None:
        """As moto makes one: the attributes with binaries as bytes.

        Raises:
            ItemSizeTooLarge: it is larger than DynamoDB allows.
        """
        attributes = {name: from_moto(value) for name, value in attrs.items()}
        try:
            size_bytes = measure_item(attributes)
        except UnusualError:
            # moto takes some values that DynamoDB does not; they are kept as they are.
            size_bytes = len(_encode(attributes))
        self._set(hash_key, range_key, _encode(attributes), size_bytes)

    @classmethod
    def of(cls, hash_key: DynamoType, range_key: DynamoType | None, attrs: dict[str, Any]) -> StoredItem:
        """As moto makes one, from attributes with binaries as bytes."""
        return cast("StoredItem", cls(hash_key, range_key, attrs))

    @classmethod
    def measured(
        cls, hash_key: DynamoType, range_key: DynamoType | None, attributes: Attributes, size_bytes: int
    ) -> StoredItem:
        """From attributes as they are on the wire, already measured.

        Raises:
            ItemSizeTooLarge: it is larger than DynamoDB allows.
        """
        item = object.__new__(cls)
        item._set(hash_key, range_key, _encode(attributes), size_bytes)
        return item

    def _set(self, hash_key: DynamoType, range_key: DynamoType | None, image: bytes, size_bytes: int) -> None:
        if size_bytes > MAX_ITEM_BYTES:
            raise ItemSizeTooLarge
        self.hash_key = hash_key
        self.range_key = range_key
        self.image = image
        self.size_bytes = size_bytes

    @property
    def attributes(self) -> Attributes:
        """The attributes as they are on the wire, anew each time."""
        return _decode(self.image)

    def same_as(self, other: StoredItem) -> bool:
        """Whether the attributes are the same, in whatever order."""
        if len(self.image) != len(other.image):
            return False
        return self.image == other.image or self.attributes == other.attributes

    def as_moto(self) -> Item:
        """The same item as an object of moto's own."""
        return cast("Item", Item(self.hash_key, self.range_key, self.to_json()["Attributes"]))

    @property
    def attrs(self) -> dict[str, DynamoType]:
        """The attributes as moto reads them."""
        return {name: DynamoType(to_moto(value)) for name, value in self.attributes.items()}

    def to_json(self, root_attr_name: str = "Attributes") -> dict[str, Any]:
        """The attributes as moto answers them: binaries are bytes."""
        return {root_attr_name: {name: to_moto(value) for name, value in self.attributes.items()}}

    def size(self) -> int:
        """Bytes, as DynamoDB counts them."""
        return self.size_bytes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StoredItem) and self.same_as(other)

    __hash__ = None

    def __copy__(self) -> StoredItem:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> StoredItem:
        # Nothing changes a stored item.
        return self
