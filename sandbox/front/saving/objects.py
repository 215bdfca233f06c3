"""S3's objects and incomplete uploads, saved one by one.

A bucket's objects are in a `KeyStore`, its uploads in an `Uploads`: each records what is added or removed. A change in
place (an object's access list, a part of an upload) is recorded by the caller of moto.
"""

# pyright: reportUnknownMemberType=false
# moto's stores are untyped dictionaries.

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any
from uuid import uuid4
from weakref import WeakValueDictionary

import moto.s3.utils
from moto.s3.models import FakeKey, FakeMultipart, MultipartDict

from sandbox.front.saving.bodies import StoredBody

_stores: WeakValueDictionary[str, KeyStore | Uploads] = WeakValueDictionary()
_changed: dict[tuple[str, str], None] = {}


_Versions: Any = vars(moto.s3.utils)["_VersionedKeyStore"]


class KeyStore(_Versions):
    """The versions of a bucket's objects by their keys. `uid` is the store's name in the journal."""

    def __init__(self, uid: str | None = None) -> None:
        super().__init__()
        self.uid = uid or f"objects {uuid4().hex}"
        _stores[self.uid] = self

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _key_store, (self.uid,)

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        changed(self, key)

    def setlist(self, key: Any, list_: Any) -> None:
        """Replace the versions of a key."""
        super().setlist(key, list_)
        changed(self, key)

    def pop(self, key: str) -> None:
        """Remove all versions of a key."""
        super().pop(key)
        changed(self, key)

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        changed(self, key)

    def state_of(self, name: str) -> Any:
        """The versions of an object; None if it has no versions."""
        return self.getlist(name) or None

    def restore(self, name: str, state: Any) -> None:
        """Restore an object's saved versions."""
        _set(self, name, state)


class Uploads(MultipartDict):
    """The incomplete uploads of a bucket, by their ids."""

    def __init__(self, uid: str | None = None) -> None:
        super().__init__()
        self.uid = uid or f"uploads {uuid4().hex}"
        _stores[self.uid] = self

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _uploads, (self.uid,)

    def __setitem__(self, key: str, value: FakeMultipart) -> None:
        super().__setitem__(key, value)
        changed(self, key)

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        changed(self, key)

    def state_of(self, name: str) -> Any:
        """An upload; None if it does not exist."""
        return self.get(name)

    def restore(self, name: str, state: Any) -> None:
        """Restore a saved upload."""
        _set(self, name, state)


def _set(store: Any, name: str, state: Any) -> None:
    """Set an element of a store without recording a change."""
    dict.__setitem__(store, name, state)


def changed(store: KeyStore | Uploads, name: str) -> None:
    """Record that an object or an upload has changed."""
    _changed[store.uid, name] = None


def pending() -> list[tuple[str, str]]:
    """The changed elements that are not saved: the store's name and the element's."""
    return list(_changed)


def saved(uid: str, name: str) -> None:
    """Record that a change is saved."""
    del _changed[uid, name]


def everything() -> Iterator[tuple[str, str]]:
    """The names of all current stores and their elements."""
    for store in list(_stores.values()):
        for name in list(store):
            yield store.uid, name


def state_of(uid: str, name: str) -> Any:
    """The state of an element; None if it is deleted."""
    store = _stores.get(uid)
    return None if store is None else store.state_of(name)


def store_named(uid: str) -> KeyStore | Uploads | None:
    """The store with a name; None if its bucket is deleted."""
    return _stores.get(uid)


def reduced(key: FakeKey) -> tuple[Callable[..., FakeKey], tuple[Any, ...]]:
    """Pickle an object with the name of its content's file instead of the content."""
    state = dict(vars(key))
    body: StoredBody = state.pop("_value_buffer")
    del state["lock"]
    return _key, (state, body.save(), body.closed)


def _key(state: dict[str, Any], name: str, closed: bool) -> FakeKey:
    key: Any = object.__new__(FakeKey)
    body = StoredBody(name=name)
    body.closed = closed
    vars(key).update(state, _value_buffer=body, lock=Lock())
    return key


def _key_store(uid: str) -> KeyStore:
    return KeyStore(uid)


def _uploads(uid: str) -> Uploads:
    return Uploads(uid)
