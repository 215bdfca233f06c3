"""The digests of a table's items: a sum for each bucket in memory, and each item's in a temporary file."""

from __future__ import annotations

import struct
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import IO, NamedTuple

from msgspec import Raw

from lake.canonical import read_image
from lake.fingerprints import BUCKETS, Fingerprint, Fingerprints, bucket_of
from lake.values import UnwritableError
from stack import UserError

_ENTRY = struct.Struct("<HIQQ")
_READ_BYTES = 1 << 20
_SUM_BYTES = 16
"""A table would need 10^20 items for a sum of 60-bit digests that has more."""


class BucketDigest(NamedTuple):
    """A bucket's digest: the number of its rows, and the sum of their digests."""

    rows: int = 0
    total: int = 0


class ItemDigests(ABC):
    """A table's items for a comparison: their number, the digests of each bucket, and fingerprints of some buckets.

    `moment` is the time of their state in seconds since 1970, if they have one state and not that of their reading;
    `moved` is the number of keys that are not among them because they changed then.
    """

    moment: float | None = None
    moved: int = 0

    def __init__(self) -> None:
        self._rows = [0] * BUCKETS
        self._images = [0] * BUCKETS
        self._counts = [0] * BUCKETS
        self.items: int = 0

    @abstractmethod
    def close(self) -> None:
        """Delete its files."""

    @abstractmethod
    def entries(self, buckets: Collection[int]) -> Iterator[Fingerprint]:
        """Yield the fingerprints of the items of some buckets."""

    def rows(self, bucket: int) -> BucketDigest:
        """Return the digest of a bucket's rows."""
        return BucketDigest(self._counts[bucket], self._rows[bucket])

    def images(self, bucket: int) -> BucketDigest:
        """Return the digest of a bucket's images."""
        return BucketDigest(self._counts[bucket], self._images[bucket])

    def packed(self) -> bytes:
        """Return all digests, for `merge` in another process."""
        sums = (total.to_bytes(_SUM_BYTES, "big") for total in (*self._counts, *self._rows, *self._images))
        return b"".join(sums)

    def merge(self, packed: bytes) -> None:
        """Add the digests of other items."""
        sums = [int.from_bytes(packed[at : at + _SUM_BYTES], "big") for at in range(0, len(packed), _SUM_BYTES)]
        for place, start in ((self._counts, 0), (self._rows, BUCKETS), (self._images, 2 * BUCKETS)):
            for bucket in range(BUCKETS):
                place[bucket] += sums[start + bucket]
        self.items += sum(sums[:BUCKETS])


class Inventory(ItemDigests):
    """The fingerprints of items, in `file` if that is given; `close` deletes its own.

    `share` selects the first buckets as a sample.
    """

    def __init__(self, fingerprints: Fingerprints, share: int = BUCKETS, file: IO[bytes] | None = None) -> None:
        super().__init__()
        self._fingerprints = fingerprints
        self._share = share
        self._file = file or tempfile.TemporaryFile(prefix="lake-verify-")  # noqa: SIM115 - until close

    def close(self) -> None:
        """Close its file."""
        self._file.close()

    def add(self, items: Iterable[Raw]) -> None:
        """Add items in DynamoDB JSON. Raises: UserError: DynamoDB cannot have written one of them."""
        of_text, pack, share = self._fingerprints.of_text, _ENTRY.pack, self._share
        counts, rows, images = self._counts, self._rows, self._images
        entries: list[bytes] = []
        for item in items:
            try:
                key, row, image = of_text(item)
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

    def entries(self, buckets: Collection[int]) -> Iterator[Fingerprint]:
        """Yield the fingerprints of the items of some buckets."""
        self._file.seek(0)
        yield from read_entries(self._file, buckets)

    def packed_entries(self, buckets: Collection[int]) -> bytes:
        """Return the same, for `read_entries` in another process."""
        return b"".join(
            _ENTRY.pack(bucket_of(key), len(key), row, image) + key for key, row, image in self.entries(buckets)
        )


def read_entries(file: IO[bytes], buckets: Collection[int]) -> Iterator[Fingerprint]:
    """Yield the fingerprints of some buckets that are in a file."""
    wanted = frozenset(buckets)
    for bucket, key, row, image in _read(file.read):
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


def _refusal(item: Raw, error: UnwritableError) -> UserError:
    first = ", ".join(f"{name} {bytes(value).decode(errors='replace')}" for name, value in read_image(item).items())
    return UserError(
        f"The table has an item with the value {error}, which DynamoDB cannot have written: {first[:200]}. Delete it, "
        "or check that the endpoint is DynamoDB's."
    )
