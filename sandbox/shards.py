"""Reads the shards of a stream in an order that preserves the order of each key's changes.

DynamoDB streams and Kinesis streams differ only in their calls: a shard is read through an iterator that expires, a
closed shard ends, and the children of a shard are read only after all its records are accepted. The `Checkpoint` has
the accepted position; a restarted reader resumes there, so delivery is at-least-once.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from sandbox.awsjson import RemoteError
from sandbox.faults.points import POINTS
from sandbox.state import StateDir

log = logging.getLogger(__name__)

ENDED = "SHARD_END"
"""Replaces the sequence number once all of a closed shard is accepted."""


class SourceRecord(Protocol):
    """The common members of a stream's record: its sequence number and arrival time (epoch seconds)."""

    @property
    def sequence(self) -> str:
        """Its sequence number."""
        ...

    @property
    def arrived_at(self) -> float:
        """Its arrival time, in epoch seconds."""
        ...


R = TypeVar("R", bound=SourceRecord)


class Shard(Struct, frozen=True):
    """A shard, its parents (none, one, or two after a merge), and whether it is open."""

    id: str
    parents: tuple[str, ...] = ()
    is_open: bool = True


class RecordPage(Struct, Generic[R], frozen=True):
    """The result of one read.

    `iterator` is None at the end of a closed shard; `at_tip` is whether the page is certainly the last, `more` whether
    it certainly is not.
    """

    records: list[R]
    iterator: str | None
    at_tip: bool
    more: bool


class StreamApi(Protocol[R]):
    """The calls of a stream."""

    def shards(self) -> list[Shard]:
        """All shards whose records are not all trimmed."""
        ...

    def iterator(self, shard_id: str, after: str | None) -> str:
        """Return an iterator after a sequence number, or from the oldest record."""
        ...

    def read(self, iterator: str) -> RecordPage[R]:
        """Return the records of one call."""
        ...


class Checkpoint:
    """The accepted position of each shard, in a file that is replaced atomically, so it survives SIGKILL.

    `identity` identifies the reader: a recreated pipe or delivery stream with the same name starts from the beginning.
    """

    def __init__(self, state: StateDir, name: str, identity: str) -> None:
        self._state = state
        self._path: Path = state.checkpoints / f"{name}.json"
        self._identity = identity
        self._dirty = False
        saved = state.read_json(self._path) or {}
        shards: dict[str, str] = saved["shards"] if saved.get("identity") == identity else {}
        self._shards = shards

    def accepted(self, shard_id: str) -> str | None:
        """The last accepted sequence number; None without one or after the end of the shard."""
        sequence = self._shards.get(shard_id)
        return None if sequence == ENDED else sequence

    def has_ended(self, shard_id: str) -> bool:
        """Return whether all records of a closed shard are accepted."""
        return self._shards.get(shard_id) == ENDED

    def advance(self, shard_id: str, sequence: str) -> None:
        """Accept all records up to and including this sequence number."""
        self._shards[shard_id] = sequence
        self._dirty = True

    def end(self, shard_id: str) -> None:
        """Accept all records of this closed shard."""
        self._shards[shard_id] = ENDED
        self._dirty = True

    def forget(self, shard_ids: set[str]) -> None:
        """Remove shards that the stream has trimmed."""
        for shard_id in shard_ids & self._shards.keys():
            del self._shards[shard_id]
            self._dirty = True

    def all(self) -> dict[str, str]:
        """The accepted position of each shard: a sequence number, or `ENDED`. Thread-safe."""
        return dict(self._shards)

    def known(self) -> set[str]:
        """The shards with a position."""
        return set(self._shards)

    def save(self) -> None:
        """Write the file if anything has changed."""
        if self._dirty:
            POINTS.reach("before-checkpoint")
            self._state.write_json(self._path, {"identity": self._identity, "shards": self._shards})
            self._dirty = False
            POINTS.reach("after-checkpoint")


class Cursor(Generic[R]):
    """One shard, read from its checkpoint.

    `since` (epoch seconds) skips earlier arrivals: LATEST means the records from the creation of the pipe or delivery
    stream on, even if no worker was running then.
    """

    def __init__(self, api: StreamApi[R], shard: Shard, after: str | None, since: float | None) -> None:
        self.shard = shard
        self.exhausted = False
        self.has_more = False
        self._api = api
        self._last_read = after
        self._since = since if after is None else None
        self._iterator: str | None = None

    def read(self) -> list[R]:
        """Return the next records, possibly an empty list.

        After an error the cursor keeps its position and gets a new iterator.

        Raises:
            CallError: the stream could not be read.
        """
        if self.exhausted:
            return []
        try:
            iterator = self._iterator or self._api.iterator(self.shard.id, self._last_read)
            self._iterator = None
            page = self._api.read(iterator)
        except RemoteError as error:
            if error.code == "ExpiredIteratorException":
                return []
            if error.code == "TrimmedDataAccessException":
                log.warning("shard %s: records after %s have expired in the stream", self.shard.id, self._last_read)
                self._last_read = None
                return []
            raise
        self._iterator = page.iterator
        self.has_more = page.more
        if page.records:
            self._last_read = page.records[-1].sequence
        if page.iterator is None or (page.at_tip and not page.records and not self.shard.is_open):
            self.exhausted = True
        return page.records if self._since is None else self._skip(page.records, self._since)

    def _skip(self, records: list[R], since: float) -> list[R]:
        kept = [record for record in records if record.arrived_at >= since]
        if kept:
            self._since = None
        return kept


class ShardReader(Generic[R]):
    """The cursors of the shards that may be read now: those whose parents are fully accepted."""

    def __init__(self, api: StreamApi[R], checkpoint: Checkpoint, since: float | None) -> None:
        self._api = api
        self._checkpoint = checkpoint
        self._since = since
        self.cursors: dict[str, Cursor[R]] = {}

    def discover(self) -> None:
        """List the shards and open cursors for those that are now readable.

        Raises:
            CallError: the stream could not be described.
        """
        shards = {shard.id: shard for shard in self._api.shards()}
        self._checkpoint.forget(self._checkpoint.known() - shards.keys())
        for shard_id in self.cursors.keys() - shards.keys():
            log.warning("shard %s has expired in the stream", shard_id)
            del self.cursors[shard_id]
        for shard in shards.values():
            if shard.id in self.cursors:
                self.cursors[shard.id].shard = shard
            elif not self._checkpoint.has_ended(shard.id) and self._is_readable(shard, shards):
                after = self._checkpoint.accepted(shard.id)
                self.cursors[shard.id] = Cursor(self._api, shard, after, self._since)

    def finish(self, shard_id: str) -> None:
        """Accept an exhausted shard: its children may be read."""
        del self.cursors[shard_id]
        self._checkpoint.end(shard_id)
        self._checkpoint.save()
        self.discover()

    def _is_readable(self, shard: Shard, shards: dict[str, Shard]) -> bool:
        return all(parent not in shards or self._checkpoint.has_ended(parent) for parent in shard.parents)
