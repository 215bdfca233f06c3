"""The digests of a table's items: a sum for each bucket in memory, and each item's in a temporary file."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from lake.canonical import RawItem
from lake.fingerprints import BUCKETS, Fingerprint, Fingerprints, bucket_of
from lake.values import UnwritableError
from stack import UserError

_ENTRY = struct.Struct("<HIQQ")
_READ_BYTES = 1 << 20


class BucketDigest(NamedTuple):
    """A bucket's digest: the number of its rows, and the sum of their digests."""

    rows: int = 0
    total: int = 0


class Inventory:
    """The fingerprints of items; `close` deletes the file.

    `share` selects the first buckets as a sample.
    """

    def __init__(self, fingerprints: Fingerprints, share: int = BUCKETS) -> None:
        self._fingerprints = fingerprints
        self._share = share
        self._file = tempfile.TemporaryFile(prefix="lake-verify-")  # noqa: SIM115 - until close
        self._rows = [0] * BUCKETS
        self._images = [0] * BUCKETS
        self._counts = [0] * BUCKETS
        self.items = 0

    def close(self) -> None:
        """Delete the file."""
        self._file.close()

    def add(self, items: Iterable[RawItem]) -> None:
        """Add items. Raises: UserError: DynamoDB cannot have written one of them."""
        of_item, pack, share = self._fingerprints.of_item, _ENTRY.pack, self._share
        counts, rows, images = self._counts, self._rows, self._images
        entries: list[bytes] = []
        for item in items:
            try:
                key, row, image = of_item(item)
            except UnwritableError as error:
                raise _refusal(item, error) from None
            bucket = bucket_of(key)
            if bucket < share:
                counts[bucket] += 1
                rows[bucket] += row
                images[bucket] += image
                entries.append(pack(bucket, len(key), row, image))
                entries.append(key)
        self.items += len(entries) // 2
        self._file.write(b"".join(entries))

    def rows(self, bucket: int) -> BucketDigest:
        """The digest of a bucket's rows."""
        return BucketDigest(self._counts[bucket], self._rows[bucket])

    def images(self, bucket: int) -> BucketDigest:
        """The digest of a bucket's images."""
        return BucketDigest(self._counts[bucket], self._images[bucket])

    def entries(self, buckets: Collection[int]) -> Iterator[Fingerprint]:
        """The fingerprints of the items of some buckets."""
        self._file.seek(0)
        wanted = frozenset(buckets)
        for bucket, key, row, image in _read(self._file.read):
            if bucket in wanted:
                yield Fingerprint(key, row, image)


def _read(read: Callable[[int], bytes]) -> Iterator[tuple[int, bytes, int, int]]:
    left, size = b"", _ENTRY.size
    while chunk := read(_READ_BYTES):
        left += chunk
        at = 0
        while at + size <= len(left):
            bucket, length, row, image = _ENTRY.unpack_from(left, at)
            end = at + size + length
            if end > len(left):
                break
            yield bucket, left[at + size : end], row, image
            at = end
        left = left[at:]


def _refusal(item: RawItem, error: UnwritableError) -> UserError:
    first = ", ".join(f"{name} {bytes(value).decode(errors='replace')}" for name, value in item.items())
    return UserError(
        f"The table has an item with the value {error}, which DynamoDB cannot have written: {first[:200]}. Delete it, "
        "or check that the endpoint is DynamoDB's."
    )
