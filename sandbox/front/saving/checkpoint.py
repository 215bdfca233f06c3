"""Snapshots: the current state, so that the journal before it can be deleted.

A snapshot has the entries of all items, objects and messages at a position of the journal. It is written in pieces,
between other calls, and is valid once complete. Changes made in the meantime are in the journal after the position.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

from moto.sqs.models import Message

from sandbox.dynamodb.items import StoredItem
from sandbox.front.dynamodb import engines
from sandbox.front.native import HELD
from sandbox.front.record_log import all_logs
from sandbox.front.saving import messages, objects
from sandbox.front.saving.held import COLLECTION
from sandbox.front.saving.pickling import dumps
from sandbox.front.saving.tokens import token_entry
from sandbox.front.tables import all_tables, table_of, uid_of
from sandbox.journal.entries import EntryReceiver, element_entry, item_entry
from sandbox.journal.frames import framed
from sandbox.journal.journal import Journal, JournalFile
from sandbox.journal.recovery import DamagedError, replay_segment

_SUFFIX = ".snapshot"
_PIECE_BYTES = 256 << 10


def newest_snapshot(directory: Path, to: EntryReceiver) -> int:
    """Pass the entries of the newest snapshot to a receiver; return its position, 0 without a snapshot.

    Raises:
        DamagedError: the snapshot is incomplete.
    """
    for begun in directory.glob("*.part"):
        begun.unlink()
    found = _snapshots(directory)
    if not found:
        return 0
    position, path = max(found.items())
    segment = JournalFile(path, 0)
    try:
        if replay_segment(segment, to, records_only=False) != segment.size:
            raise DamagedError(f"{path} is damaged")
    finally:
        segment.close()
    return position


async def write_snapshot(journal: Journal) -> int:
    """Write a snapshot of the current state and delete the files that it replaces; return its size in bytes."""
    journal.commit()
    position = journal.rotate()
    path = journal.directory / f"{position:020d}{_SUFFIX}"
    temporary = path.with_suffix(".part")
    size = 0
    with temporary.open("wb") as file:
        for piece in _pieces():
            size += file.write(framed(piece))
            await asyncio.sleep(0)
        file.flush()
        await asyncio.get_running_loop().run_in_executor(None, os.fsync, file.fileno())
    temporary.replace(path)
    await journal.synced()
    for before, old in _snapshots(journal.directory).items():
        if before < position:
            old.unlink()
    drop_unused(journal, position)
    return size


def drop_unused(journal: Journal, position: int) -> None:
    """Delete the segments before a snapshot's position that contain no shard's records."""
    spans = [span for log in all_logs() for span in log.spans()]
    for segment in journal.segments[:-1]:
        in_use = any(first < segment.end and last >= segment.start for first, last in spans)
        if segment.end <= position and not in_use:
            journal.drop(segment)


def _pieces() -> Iterator[bytes]:
    """The entries of the current state in pieces; each piece is built when it is needed."""
    # Items are immutable, so that this list stays the state at this time however late they are written.
    items = [(uid_of(table), item) for table in all_tables() for item in table_of(table).store]
    names, queued = list(objects.everything()), list(messages.everything())
    piece: list[bytes] = []
    size = 0
    for entry in _entries(items, names, queued):
        piece.append(entry)
        size += len(entry)
        if size >= _PIECE_BYTES:
            yield b"".join(piece)
            piece, size = [], 0
    if piece:
        yield b"".join(piece)


def _entries(
    items: list[tuple[bytes, StoredItem]], names: list[tuple[str, str]], queued: list[tuple[str, Message]]
) -> Iterator[bytes]:
    for uid, item in items:
        yield item_entry(uid, item.key.hash.encode(), item.key.range.encode(), item.size_bytes, item.image)
    for uid, name in names:
        state = objects.state_of(uid, name)
        if state is not None:
            yield element_entry(uid, name, dumps(state))
    for uid, message in queued:
        yield element_entry(uid, message.id, dumps(message))
    for region, engine in engines():
        for token, done in engine.tokens.all():
            yield token_entry(region, token, done)
    for name, content in HELD.elements():
        yield element_entry(COLLECTION, name, content)


def _snapshots(directory: Path) -> dict[int, Path]:
    return {int(path.name.removesuffix(_SUFFIX)): path for path in directory.glob(f"*{_SUFFIX}")}
