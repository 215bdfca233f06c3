"""The restoration of the journal's entries into moto's objects."""

from __future__ import annotations

from typing import Any

import msgspec
from moto.s3.models import s3_backends
from moto.sqs.models import Message

from sandbox.dynamodb.items import Key, StoredItem
from sandbox.dynamodb.storage import Store
from sandbox.front.dynamodb import engine_of
from sandbox.front.record_log import log_of
from sandbox.front.saving import bodies, messages, objects, tokens
from sandbox.front.saving.held import COLLECTION as HELD
from sandbox.front.saving.pickling import loads
from sandbox.front.saving.recorded import COLLECTION, RecordedCall
from sandbox.front.tables import all_tables, table_of, uid_of


class Restoring:
    """Receives the journal's entries in order, after moto's backends are loaded.

    `writes`, `records` and `objects` count the entries.
    """

    def __init__(self) -> None:
        self.writes = 0
        self.records = 0
        self.objects = 0
        self.messages = 0
        self.calls: list[RecordedCall] = []
        self.held: dict[str, bytes] = {}
        self._stores = _stores()
        self._elements: dict[str, dict[str, bytes]] = {}

    def record(self, uid: bytes, index: int, at_s: float, position: int, size: int) -> None:
        """Restore a record of a shard; ignore one of a deleted stream."""
        log = log_of(uid)
        if log is not None:
            log.adopt(index, at_s, position, size)
            self.records += 1

    def item(self, uid: bytes, hash_: str, range_: str, size_bytes: int, image: bytes | None) -> None:
        """Restore an item of a table; ignore one of a deleted table."""
        self.writes += 1
        store = self._stores.get(uid)
        if store is None:
            return
        key = Key(hash_, range_)
        store.change(key, store.get(key), None if image is None else StoredItem.stored(key, image, size_bytes))

    def element(self, collection: str, name: str, content: bytes | None) -> None:
        """Store an element of a collection; `finish` restores the last state of each."""
        if collection == COLLECTION:
            self.calls.append(msgspec.msgpack.decode(content or b"", type=RecordedCall))
        elif collection == HELD and content is None:
            self.held.pop(name, None)
        elif collection == HELD and content is not None:
            self.held[name] = content
        elif content is None:
            self._elements.get(collection, {}).pop(name, None)
        else:
            self._elements.setdefault(collection, {})[name] = content

    def finish(self) -> None:
        """Restore the objects and messages, and delete the files that no object uses."""
        queued: dict[str, dict[str, Message]] = {}
        with bodies.noting() as names:
            for collection, elements in self._elements.items():
                region = tokens.region_of(collection)
                if region is not None:
                    for name, content in elements.items():
                        tokens.put_back(engine_of(region), name, content)
                    continue
                if collection.startswith("messages "):
                    queued[collection] = {name: loads(content) for name, content in elements.items()}
                    continue
                store = objects.store_named(collection)
                if store is not None:
                    for name, content in elements.items():
                        store.restore(name, loads(content))
                    self.objects += len(elements)
        self.messages = messages.restore(queued)
        bodies.remove_except(names)


def fill_accounts() -> None:
    """Fill moto's table of the buckets' owners, which is outside its backends."""
    for account_id, partition, backend in s3_backends.iter_backends():
        state: dict[str, Any] = vars(backend)
        for name in (*state["buckets"], *state.get("table_buckets", ())):
            s3_backends.bucket_accounts[name] = (partition, account_id)


def _stores() -> dict[bytes, Store]:
    return {uid_of(table): table_of(table).store for table in all_tables()}
