"""Digests of rows and images, as Athena's SQL would compute them."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Raw

from lake.athena import Row
from lake.fingerprints import Fingerprints, bucket_of
from lake.inventory import BucketDigest
from lake.reader import ChangeCounts, Digests
from transform.schema import LakeTable


def key_text(row: Row) -> bytes:
    """The key's text of a row whose first column is a string key."""
    return b'{"S":"%b"}' % str(row[0]).encode()


class Digested:
    """Digests that are computed already."""

    def __init__(self, table: LakeTable, rows: Iterable[Row], images: Iterable[Raw], changes: ChangeCounts) -> None:
        prints = Fingerprints(table)
        self._digests = Digests({}, {}, changes)
        for row in rows:
            _add(self._digests.view, *prints.of_row(row))
        for item in images:
            found = prints.of_text(item)
            _add(self._digests.images, found.key, found.image)

    def result(self) -> Digests:
        """The digests."""
        return self._digests

    def stop(self) -> None:
        """Nothing runs."""


def _add(digests: dict[int, BucketDigest], key: bytes, digest: int) -> None:
    rows, total = digests.get(bucket_of(key), BucketDigest())
    digests[bucket_of(key)] = BucketDigest(rows + 1, total + digest)
