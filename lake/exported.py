"""The items of a DynamoDB export, with which a lake is compared: Athena digests them, and only differing ones are read.

The digests are computed by the same SQL as those of the change log, from columns that `lake.image_columns` reads from
the export's lines. The items of buckets that differ are read, and compared as a table's items are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from typing import Any

from msgspec import Raw

from lake.athena import Athena, Row
from lake.backfill import checked
from lake.described import SourceTable
from lake.export_rows import ITEM, items_sql, line_table_sql
from lake.exports import Export, ExportClient, completed
from lake.fingerprints import BUCKETS, Fingerprint, Fingerprints, bucket_name, bucket_sql, digest_sql
from lake.inventory import ItemDigests
from lake.objects import S3Client
from lake.past import PastLake
from lake.scratch import scratch
from stack import UserError

_SCHEMA = "CREATE TABLE item (key BLOB PRIMARY KEY, image TEXT) WITHOUT ROWID;"


def full_export(client: ExportClient, s3: S3Client, arn: str, table: SourceTable) -> Export:
    """Return a table's complete full export. Raises: UserError: it is anything else, or older than the stream."""
    found = checked(completed(client, s3, arn, wait=False), table)
    if found.kind != "full":
        raise UserError(f"The export {arn} has the changes of a period and not the table's items: name a full one.")
    return found


class ExportedItems:
    """A full export's items, through a table of its lines in the lake's database until `close`.

    `lake` reads the change log as of the export. A key with a change in the second of the export is left out on both
    sides, because the change can be in the export or not.
    """

    def __init__(
        self, athena: Athena, glue: Any, database: str, lake: PastLake, export: Export, share: int = BUCKETS
    ) -> None:
        self._athena = athena
        self._glue = glue
        self._database = database
        self._lake = lake
        self._export = export
        self._share = share
        self._fingerprints = Fingerprints(lake.table)
        self._read = scratch(_SCHEMA)
        self._name = f"verify_{export.id.replace('-', '_')}"

    def close(self) -> None:
        """Drop the table of lines; the export stays."""
        self._read.close()
        with suppress(self._glue.exceptions.EntityNotFoundException):
            self._glue.delete_table(DatabaseName=self._database, Name=self._name)

    def digests(self, watch: Callable[[int], None] = lambda _: None) -> ItemDigests:
        """Compute the items' digests in Athena; `watch` receives the number of items. Raises: QueryError."""
        found = ExportDigests(self, self._lake.moment.timestamp())
        if self._export.files:
            folder, _, _ = self._export.files[0].location.rpartition("/")
            self._athena.query(line_table_sql(self._name, f"{folder}/"))
            bucket, rows = bucket_sql("k"), digest_sql("d")
            sums = f"count(*), sum({rows}), sum({digest_sql('i')})"
            sql = f"SELECT {bucket}, {sums} FROM ({self._hashes()}){self._sample()} GROUP BY {bucket}"
            for name, count, row, image in self._athena.stream(sql):
                found.put(int(name or "0", 16), int(count or 0), int(row or 0), int(image or 0))
        found.moved = self._lake.moved_keys()
        watch(found.items)
        return found

    def entries(self, buckets: Collection[int]) -> Iterator[Fingerprint]:
        """Read the items of some buckets, keep them for `get`, and yield their fingerprints."""
        names = ", ".join(f"'{bucket_name(bucket)}'" for bucket in sorted(buckets))
        if not names:
            return
        for image in self._images(f" WHERE {bucket_sql('k')} IN ({names})"):
            found = self._fingerprints.of_text(Raw(image.encode()))
            self._read.execute("INSERT OR REPLACE INTO item VALUES (?, ?)", (found.key, image))
            yield found

    def get(self, keys: Sequence[Row]) -> list[Raw]:
        """Return the items with these keys, of those that were read."""
        wanted = ((self._fingerprints.key_of(cells),) for cells in keys)
        found = (self._read.execute("SELECT image FROM item WHERE key = ?", key).fetchone() for key in wanted)
        return [Raw(row[0].encode()) for row in found if row is not None]

    def pages(self) -> Iterator[list[Raw]]:
        """Read every item, one by one."""
        return ([Raw(image.encode())] for image in self._images(""))

    def _images(self, where: str) -> Iterator[str]:
        if self._export.files:
            for (image,) in self._athena.stream(f"SELECT {ITEM} FROM ({self._hashes(ITEM)}){where}"):
                yield image or "{}"

    def _hashes(self, *more: str) -> str:
        """SQL for the hashes of each item's key, row and image (k, d, i), and more columns of `items_sql`."""
        selected = ", ".join((*self._lake.hashes(ITEM), *more))
        return f"SELECT {selected} FROM {self._lake.without_moved(items_sql(self._lake.table, self._name))}"

    def _sample(self) -> str:
        return "" if self._share == BUCKETS else f" WHERE {bucket_sql('k')} < '{bucket_name(self._share)}'"


class ExportDigests(ItemDigests):
    """The digests of an export's items. `moment` is the time of their state, in seconds since 1970."""

    def __init__(self, items: ExportedItems, moment: float) -> None:
        super().__init__()
        self._items = items
        self.moment = moment

    def put(self, bucket: int, count: int, row: int, image: int) -> None:
        """Set a bucket's digests."""
        self._counts[bucket], self._rows[bucket], self._images[bucket] = count, row, image
        self.items += count

    def close(self) -> None:
        """Do nothing: the items stay open."""

    def entries(self, buckets: Collection[int]) -> Iterator[Fingerprint]:
        """Read the items of some buckets and yield their fingerprints."""
        return self._items.entries(buckets)
