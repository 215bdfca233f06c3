"""A table that is read and digested in parts by other processes, on this machine or on the workers of a cluster.

Each part is a parallel Scan of some segments. What comes back are the sums of its buckets, not its items. The
fingerprints of the items stay in a file of each part, on this machine; what a cluster's workers have read they read
again for the buckets that differ.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct

from lake.clients import client
from lake.fingerprints import BUCKETS, Fingerprint, Fingerprints
from lake.inventory import Inventory, ItemDigests, read_entries
from lake.items import Items
from stack import StackOutputs, UserError
from transform.schema import LakeTable


class TablePart(Struct, frozen=True, kw_only=True):
    """One of so many parts of a table, and what of it is read.

    With a `path`, the items' fingerprints are written there; with `buckets`, those of these buckets come back.
    """

    outputs: StackOutputs
    table: LakeTable
    number: int
    parts: int
    share: int = BUCKETS
    path: str | None = None
    buckets: list[int] | None = None


class DigestedPart(Struct, frozen=True):
    """A part's number of items, its packed sums, and the fingerprints that were asked for, as in an inventory's file.

    `refusal` is what is wrong with the table, in a sentence.
    """

    items: int = 0
    sums: bytes = b""
    entries: bytes = b""
    refusal: str | None = None


class Workers(Protocol):
    """Processes that digest parts of a table."""

    @property
    def count(self) -> int:
        """The number of workers."""
        ...

    def digested(self, parts: list[TablePart]) -> Iterator[DigestedPart]:
        """Digest these parts; the results come in any order. Raises: UserError: a worker is lost."""
        ...

    def close(self) -> None:
        """End them."""
        ...


_PARTS_EACH = 4
"""So many parts a worker, so that all work to the end when some are slower."""


class PartedDigests(ItemDigests):
    """A table's digests by parts; with `files`, the workers' fingerprints are kept on this machine until `close`."""

    def __init__(
        self, outputs: StackOutputs, table: LakeTable, share: int, workers: Callable[[], Workers], *, files: bool
    ) -> None:
        super().__init__()
        self._outputs, self._table, self._share, self._workers = outputs, table, share, workers
        self._directory = tempfile.TemporaryDirectory(prefix="lake-verify-") if files else None
        self._paths: list[Path] = []

    def close(self) -> None:
        """Delete the files."""
        if self._directory is not None:
            self._directory.cleanup()

    def read(self, watch: Callable[[int], None]) -> None:
        """Read the table; `watch` receives the number of items so far.

        Raises: UserError: a worker is lost, or DynamoDB cannot have written an item.
        """
        for part in self._digested():
            self.merge(part.sums)
            watch(self.items)

    def entries(self, buckets: Collection[int]) -> Iterator[Fingerprint]:
        """Yield the fingerprints of the items of some buckets."""
        if self._directory is None:
            for part in self._digested(sorted(buckets)):
                yield from read_entries(BytesIO(part.entries), buckets)
        for path in self._paths:
            with path.open("rb") as file:
                yield from read_entries(file, buckets)

    def _digested(self, buckets: list[int] | None = None) -> Iterator[DigestedPart]:
        workers = self._workers()
        try:
            count = workers.count * _PARTS_EACH
            if self._directory is not None:
                self._paths = [Path(self._directory.name) / str(number) for number in range(count)]
            parts = [
                TablePart(
                    outputs=self._outputs,
                    table=self._table,
                    number=number,
                    parts=count,
                    share=self._share,
                    path=str(self._paths[number]) if self._paths else None,
                    buckets=buckets,
                )
                for number in range(count)
            ]
            for part in workers.digested(parts):
                if part.refusal is not None:
                    raise UserError(part.refusal)
                yield part
        finally:
            workers.close()


def digest_part(encoded: bytes) -> bytes:
    """Read and digest a part; both are in msgpack."""
    part = msgspec.msgpack.decode(encoded, type=TablePart)
    try:
        return msgspec.msgpack.encode(_digest(part))
    except UserError as error:
        return msgspec.msgpack.encode(DigestedPart(refusal=str(error)))


@lru_cache(maxsize=1)
def _items(outputs: StackOutputs, table: LakeTable) -> Items:
    # A client takes as long to make as a thousand items to read.
    return Items(client("dynamodb", outputs), outputs.require("table_name"), table)


def _digest(part: TablePart) -> DigestedPart:
    items = _items(part.outputs, part.table)
    with Path(part.path).open("wb") if part.path else tempfile.TemporaryFile() as file:
        inventory = Inventory(Fingerprints(part.table), part.share, file)
        for page in items.pages(part.number, part.parts):
            inventory.add(page)
        entries = b"" if part.buckets is None else inventory.packed_entries(part.buckets)
        return DigestedPart(inventory.items, inventory.packed(), entries)
