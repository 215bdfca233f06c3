"""A table's items beside a plain dictionary of them: with and without sort keys, in the order of Query and of Scan."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.dynamodb.items import Key, StoredItem
from sandbox.dynamodb.schema import KeySchema, KeySchemaElement
from sandbox.dynamodb.storage import HASHES, Store, hash_of

ALONE = KeySchema(KeySchemaElement("pk", "S"))
SORTED = KeySchema(KeySchemaElement("pk", "S"), KeySchemaElement("sk", "S"))
SCHEMAS = pytest.mark.parametrize("schema", [ALONE, SORTED], ids=["alone", "sorted"])
# Few keys, so that a partition is empty, has one item and several, and again.
writes = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(0, 9), st.booleans()))


def _in_order(items: dict[Key, StoredItem]) -> list[StoredItem]:
    """In the order of a Scan: by the hash of the partition key, then by the sort key."""
    return [items[key] for key in sorted(items, key=lambda key: (hash_of(key.hash), key.hash, key.range))]


@SCHEMAS
@given(made=writes, looked=st.booleans())
def test_a_store_has_what_a_dictionary_has(
    schema: KeySchema, made: list[tuple[str, str, int, bool]], looked: bool
) -> None:
    store, expected = Store(schema), dict[Key, StoredItem]()
    for hash_, range_, size, kept in made:
        key = Key(hash_, range_ if schema.range else "")
        old = store.get(key)
        assert old is expected.pop(key, None)
        new = StoredItem.stored(key, b"{}", size) if kept else None
        store.change(key, old, new)
        if new is not None:
            expected[key] = new
        if looked:
            # An order that was asked for once is kept up to date.
            assert list(store.scanned(0, HASHES, None)) == _in_order(expected)
    assert list(store.scanned(0, HASHES, None)) == _in_order(expected)
    assert set(store) == set(expected.values())
    assert len(store) == len(expected)
    assert store.size_bytes == sum(item.size_bytes for item in expected.values())
    for hash_ in "abc":
        order, items = store.partition(hash_)
        own = {key.range: item for key, item in expected.items() if key.hash == hash_}
        assert items == own
        assert [range_ for _, range_ in order.between(None, None)] == sorted(own)
        assert store.partition_bytes(hash_) == sum(item.size_bytes for item in own.values())


@SCHEMAS
@given(made=writes)
def test_a_scan_goes_on_after_any_key_whether_it_is_still_there_or_not(
    schema: KeySchema, made: list[tuple[str, str, int, bool]]
) -> None:
    store, kept = Store(schema), dict[Key, StoredItem]()
    for hash_, range_, size, stays in made:
        key = Key(hash_, range_ if schema.range else "")
        if stays and key not in kept:
            kept[key] = StoredItem.stored(key, b"{}", size)
            store.change(key, None, kept[key])
    ordered = _in_order(kept)
    for after in [Key(hash_, range_) for hash_ in "abc" for range_ in ("xyz" if schema.range else ("",))]:
        place = (hash_of(after.hash), after.hash, after.range)
        following = [item for item in ordered if (hash_of(item.key.hash), item.key.hash, item.key.range) > place]
        assert list(store.scanned(0, HASHES, after)) == following
