"""A table's keys and secondary indexes, and the checks of an item's key attributes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from sandbox.dynamodb.errors import DynamoError, invalid, invalid_parameter
from sandbox.dynamodb.items import Key
from sandbox.dynamodb.values import Attributes, Value, kind_of, measure_item, measure_key

_MAX_HASH_BYTES = 2048
_MAX_RANGE_BYTES = 1024
_USUAL_CHARACTERS = _MAX_HASH_BYTES // 4
_EMPTY = {"S": "string", "B": "binary"}
"""The types whose values may be empty in any attribute except a key's."""
_NO_SCALAR = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed"
_MISMATCH = "The provided key element does not match the schema"


@dataclass(frozen=True)
class KeySchemaElement:
    """A key attribute and its type: S, N or B."""

    name: str
    kind: str


@dataclass(frozen=True)
class KeySchema:
    """A partition key, and an optional sort key."""

    hash: KeySchemaElement
    range: KeySchemaElement | None = None

    def __iter__(self) -> Iterator[KeySchemaElement]:
        yield self.hash
        if self.range is not None:
            yield self.range

    @cached_property
    def compiled(self) -> tuple[tuple[bytes, ...], tuple[int, ...]]:
        """The names and the types of the key attributes in the compiled module's form."""
        return tuple(part.name.encode() for part in self), tuple(ord(part.kind) for part in self)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the key attributes."""
        return (self.hash.name,) if self.range is None else (self.hash.name, self.range.name)

    def key_of(self, attributes: Mapping[str, Value]) -> Key:
        """The key of attributes that contain it."""
        content = attributes[self.hash.name][self.hash.kind]
        if self.range is None:
            return Key(content)
        return Key(content, attributes[self.range.name][self.range.kind])

    def shown(self, key: Key) -> Attributes:
        """A key as attributes."""
        shown: Attributes = {self.hash.name: {self.hash.kind: key.hash}}
        if self.range is not None:
            shown[self.range.name] = {self.range.kind: key.range}
        return shown


@dataclass(frozen=True)
class Index:
    """A secondary index. `projected` are the attributes that it contains, None for all."""

    name: str
    kind: Literal["Global", "Local"]
    key: KeySchema
    projected: frozenset[str] | None = None

    def holds(self, attributes: Mapping[str, Value]) -> bool:
        """Return whether an item is in the index: it has all of the index's key attributes."""
        return all(part.name in attributes for part in self.key)

    def entry(self, attributes: Attributes) -> Attributes:
        """The attributes of an item that the index contains."""
        if self.projected is None:
            return attributes
        return {name: value for name, value in attributes.items() if name in self.projected}


@dataclass(frozen=True)
class TableSchema:
    """A table's name, key and indexes."""

    name: str
    key: KeySchema
    indexes: Mapping[str, Index] = field(default_factory=dict[str, Index])

    def put_key(self, attributes: Attributes) -> Key:
        """The key of an item to be put, whose attributes are measured.

        Raises:
            DynamoError: the key is missing, empty, too long or has a wrong type, or an index's key is invalid.
        """
        for part in self.key:
            value = attributes.get(part.name)
            if value is None:
                raise invalid_parameter(f"Missing the key {part.name} in the item")
            if part.kind not in value:
                raise invalid_parameter(
                    f"Type mismatch for key {part.name} expected: {part.kind} actual: {kind_of(value)}"
                )
            _refuse_empty(part, value)
        self._refuse_long(attributes)
        if self.indexes:
            self.refuse_index_keys(attributes)
        return self.key.key_of(attributes)

    def given_key(self, attributes: Attributes) -> Key:
        """The key that a request names, which must have only the key attributes.

        Raises:
            DynamoError: attributes are missing or superfluous, empty, too long or of a wrong type.
        """
        usual = self._usual_key(attributes)
        if usual is not None:
            return usual
        measure_item(attributes)
        if len(attributes) != len(self.key.names):
            raise invalid(_MISMATCH)
        for part in self.key:
            value = attributes.get(part.name)
            if value is None or part.kind not in value:
                raise invalid(_MISMATCH)
            _refuse_empty(part, value)
        self._refuse_long(attributes)
        return self.key.key_of(attributes)

    def _usual_key(self, attributes: Attributes) -> Key | None:
        """The key if it is one text that is certainly valid; else None."""
        value = attributes.get(self.key.hash.name)
        if self.key.range is not None or len(attributes) != 1 or value is None or len(value) != 1:
            return None
        content = value.get("S") if self.key.hash.kind == "S" else None
        return Key(content) if type(content) is str and 0 < len(content) <= _USUAL_CHARACTERS else None

    def refuse_index_keys(self, attributes: Attributes, before: Attributes | None = None) -> None:
        """Raise DynamoError if an index's key attribute is empty or its type is not the index's.

        With `before`, the item before an update, only the attributes that the update changed are checked.
        """
        for index in sorted(self.indexes.values(), key=lambda index: index.name):
            for part in index.key:
                value = attributes.get(part.name)
                if value is None or (before is not None and before.get(part.name) == value):
                    continue
                error = index_key_error(index, part, value, updated=before is not None)
                if error is not None:
                    raise error

    def refuse_within(self, names: Collection[str]) -> None:
        """Raise DynamoError if an attribute within which an expression reads is a key of the table or of an index.

        mhart/dynalite test/getItem.js, test/scan.js and test/updateItem.js, recorded on AWS.
        """
        for name in self.key.names:
            if name in names:
                raise invalid(f"{_NO_SCALAR}: Key: {name}")
        for index in self.indexes.values():
            for name in index.key.names:
                if name in names:
                    raise invalid(f"{_NO_SCALAR}: IndexKey: {name}")

    def _refuse_long(self, attributes: Attributes) -> None:
        hash_, range_ = self.key.hash, self.key.range
        if measure_key(attributes[hash_.name]) > _MAX_HASH_BYTES:
            raise invalid_parameter(
                f"Size of hashkey has exceeded the maximum size limit of{_MAX_HASH_BYTES} bytes"  # AWS's own spelling
            )
        if range_ is not None and measure_key(attributes[range_.name]) > _MAX_RANGE_BYTES:
            raise invalid_parameter(
                f"Aggregated size of all range keys has exceeded the size limit of {_MAX_RANGE_BYTES} bytes"
            )


def refuse_empty_key(part: KeySchemaElement, value: Value) -> None:
    """Raise DynamoError if a key attribute's value is an empty text or binary."""
    _refuse_empty(part, value)


def _refuse_empty(part: KeySchemaElement, value: Value) -> None:
    if part.kind in _EMPTY and value[part.kind] == "":
        raise invalid(
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
            f"empty {_EMPTY[part.kind]} value. Key: {part.name}"
        )


def index_key_error(index: Index, part: KeySchemaElement, value: Value, *, updated: bool = False) -> DynamoError | None:
    """The error for an invalid value of an index's key attribute; None for a valid one."""
    if part.kind not in value:
        return invalid_parameter(
            f"Type mismatch for Index Key {part.name} Expected: {part.kind} Actual: {kind_of(value)} "
            f"IndexName: {index.name}"
        )
    if part.kind in _EMPTY and value[part.kind] == "":
        how = "The update expression attempted to update a secondary index key to a value that is not supported."
        where = ""
        if not updated:
            how = "A value specified for a secondary index key is not supported."
            where = f" IndexName: {index.name}, IndexKey: {part.name}"
        return invalid(
            f"One or more parameter values are not valid. {how} The AttributeValue for a key attribute cannot contain "
            f"an empty {_EMPTY[part.kind]} value.{where}"
        )
    limit = _MAX_HASH_BYTES if part is index.key.hash else _MAX_RANGE_BYTES
    return invalid_parameter("Size limit exceeded") if measure_key(value) > limit else None
