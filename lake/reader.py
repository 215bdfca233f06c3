"""Reads the lake through Athena: the change log's state, digests of the view and of the images, and their rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime

from msgspec import Struct

from lake.athena import Athena, Begun, Row, quote
from lake.drain import LogState
from lake.fingerprints import BUCKETS, bucket_name, bucket_sql, digest_sql, hash_sql, texts_sql
from lake.inventory import BucketDigest
from lake.ledger import version_column
from lake.values import found
from transform.schema import ENVELOPE, IMAGES, LakeTable

_EVENT_ID, _OP, _SEQUENCE, _CHANGED_AT = (column.name for column in ENVELOPE)
_AFTER = IMAGES[1].name
_VIEW, _IMAGE, _LOG = "view", "image", "log"
_REMOVE = "REMOVE"


class ChangeCounts(Struct, frozen=True):
    """The number of the change log's rows and of its distinct changes."""

    rows: int
    distinct: int

    @property
    def duplicates(self) -> int:
        """Rows that repeat a change."""
        return self.rows - self.distinct


class ComparedKeys(Struct, frozen=True):
    """The compared keys: keys of the buckets below `share`, with a last change since a time."""

    share: int = BUCKETS
    since: datetime | None = None


class Digests(Struct):
    """The digests of the view's rows and of the last images, by bucket, and the change log's counts."""

    view: dict[int, BucketDigest]
    images: dict[int, BucketDigest]
    changes: ChangeCounts

    @property
    def rows(self) -> int:
        """The number of the view's rows."""
        return sum(digest.rows for digest in self.view.values())


class BegunDigests:
    """Digests that Athena computes in the background."""

    def __init__(self, begun: Begun) -> None:
        self._begun = begun
        self.stop = begun.stop

    def result(self) -> Digests:
        """Wait for them."""
        digests = Digests({}, {}, ChangeCounts(0, 0))
        for side, bucket, rows, total in self._begun.rows():
            if side == _LOG:
                digests.changes = ChangeCounts(int(rows or 0), int(total or 0))
                continue
            place = digests.view if side == _VIEW else digests.images
            place[int(bucket or "0", 16)] = BucketDigest(int(rows or 0), int(total or 0))
        return digests


class LastImage(Struct, frozen=True):
    """The last change of a key: the image after it (None for a REMOVE), and its time."""

    key: Row
    after: str | None
    changed_at: datetime | None


class LakeReader:
    """A change log and its view in an Athena database."""

    def __init__(
        self, athena: Athena, table: LakeTable, change_log: str, view: str, scope: ComparedKeys | None = None
    ) -> None:
        self._athena = athena
        self._table = table
        self._scope = scope or ComparedKeys()
        self.change_log = change_log
        self.view = view

    def log_state(self) -> LogState:
        """The change log's number of rows and highest sequence."""
        rows, last = self._athena.one(f"SELECT count(*), max({quote(_SEQUENCE)}) FROM {quote(self.change_log)}")
        return LogState(int(rows or 0), last)

    def arrived(self, event_ids: Collection[str]) -> frozenset[str]:
        """Return those of these changes that are in the change log."""
        if not event_ids:
            return frozenset()
        ids = ", ".join("'" + event_id.replace("'", "''") + "'" for event_id in event_ids)
        column = quote(_EVENT_ID)
        sql = f"SELECT DISTINCT {column} FROM {quote(self.change_log)} WHERE {column} IN ({ids})"
        return frozenset(event_id for (event_id,) in self._athena.stream(sql) if event_id is not None)

    def digests(self) -> BegunDigests:
        """Start the computation of all buckets' digests, in one statement."""
        log = f"SELECT '{_LOG}', '', count(*), CAST(count(DISTINCT {quote(_EVENT_ID)}) AS decimal(38,0))"
        image = image_hash(quote(_AFTER))
        parts = (
            self._sums(_VIEW, f"SELECT {self._key_hash()} AS k, {self._row_hash()} AS d FROM {self._rows()}"),
            self._sums(
                _IMAGE,
                f"SELECT {self._key_hash()} AS k, {image} AS d FROM {self._last()} WHERE alive",
            ),
            f"{log} FROM {quote(self.change_log)}",
        )
        return BegunDigests(self._athena.begin(" UNION ALL ".join(parts)))

    def view_rows(self, buckets: Collection[int]) -> Iterator[Row]:
        """Yield the view's rows of some buckets, unordered, as the canonical text of the table's columns."""
        columns = self._table.columns
        names = ", ".join(quote(column.name) for column in columns)
        where = self._in(buckets, f"{self._key_hash()}")
        for row in self._athena.stream(f"SELECT {names} FROM {self._rows()}{where}"):
            yield tuple(map(found, columns, row))

    def last_images(self, buckets: Collection[int]) -> Iterator[LastImage]:
        """Yield the last change of each key of some buckets, including removed keys."""
        keys = self._table.key_columns
        names = ", ".join(quote(column.name) for column in keys)
        sql = (
            f"SELECT {names}, CASE WHEN alive THEN {quote(_AFTER)} END, {quote(_CHANGED_AT)} FROM {self._last()}"
            + self._in(buckets, self._key_hash())
        )
        for *cells, after, changed_at in self._athena.stream(sql):
            key = tuple(map(found, keys, cells))
            yield LastImage(key, after, _moment(changed_at))

    def changed_keys(self, since: datetime) -> Iterator[Row]:
        """Return the keys with a change since a time, as canonical text."""
        keys = self._table.key_columns
        names = ", ".join(quote(column.name) for column in keys)
        sql = f"SELECT DISTINCT {names} FROM {quote(self.change_log)} WHERE {_since(since)}"
        for cells in self._athena.stream(sql):
            yield tuple(map(found, keys, cells))

    def change_counts(self, *, versions: bool) -> Iterator[Row]:
        """Yield the number of distinct changes for each key, op and version (NULL without `versions`), in this order.

        Raises: UserError: there are versions but no column has the attribute `version`.
        """
        keys = (column.name for column in self._table.key_columns)
        version = [version_column(self._table).name] if versions else []
        by = ", ".join(map(quote, (*keys, _OP, *version)))
        shown = by if versions else f"{by}, CAST(NULL AS varchar)"
        sql = f"SELECT {shown}, count(DISTINCT {quote(_EVENT_ID)}) FROM {quote(self.change_log)} GROUP BY {by}"
        return self._athena.stream(sql)

    def _rows(self) -> str:
        since = self._scope.since
        where = "" if since is None else f" WHERE {_since(since)}"
        return f"(SELECT * FROM {quote(self.view)}{where})"

    def _last(self) -> str:
        """The last change of each key: its key columns, `after`, `changed_at`, and whether the key is `alive`."""
        keys = ", ".join(quote(column.name) for column in self._table.key_columns)
        last = ", ".join(
            f"max_by({value}, {quote(_SEQUENCE)}) AS {name}"
            for value, name in (
                (quote(_AFTER), quote(_AFTER)),
                (quote(_CHANGED_AT), quote(_CHANGED_AT)),
                (f"{quote(_OP)} <> '{_REMOVE}'", "alive"),
            )
        )
        last += f", max({quote(_SEQUENCE)}) AS {quote(_SEQUENCE)}"
        inner = f"SELECT {keys}, {last} FROM {self._log()} GROUP BY {keys}"
        chosen = " AND ".join(self._chosen())
        return f"(SELECT * FROM ({inner}) WHERE {chosen})" if chosen else f"({inner})"

    def _log(self) -> str:
        """The change log's rows."""
        return quote(self.change_log)

    def _chosen(self) -> list[str]:
        """The conditions of the compared keys, on their last changes."""
        return [] if self._scope.since is None else [_since(self._scope.since)]

    def _sums(self, side: str, hashes: str) -> str:
        share = self._scope.share
        sample = "" if share == BUCKETS else f" WHERE {bucket_sql('k')} < '{bucket_name(share)}'"
        return (
            f"SELECT '{side}', {bucket_sql('k')}, count(*), sum({digest_sql('d')}) FROM ({hashes}){sample} "
            f"GROUP BY {bucket_sql('k')}"
        )

    def _in(self, buckets: Collection[int], hash_: str) -> str:
        """Return the condition that a row is in one of the buckets.

        All 4,096 names take 28 kB of the 262,144 bytes that a statement may have:
        https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
        """
        names = ", ".join(f"'{bucket_name(bucket)}'" for bucket in sorted(buckets))
        return f" WHERE {bucket_sql(hash_)} IN ({names})"

    def _key_hash(self) -> str:
        return hash_sql(texts_sql(self._table, self._table.key_columns))

    def _row_hash(self) -> str:
        return hash_sql(texts_sql(self._table, self._table.columns))


def image_hash(image: str) -> str:
    """Return SQL for the hash of an image's canonical form, from the SQL of its text."""
    return hash_sql(f"json_format(json_parse({image}))")


def _since(since: datetime) -> str:
    return f"{quote(_CHANGED_AT)} >= TIMESTAMP '{since.astimezone(UTC):%Y-%m-%d %H:%M:%S}'"


def _moment(cell: str | None) -> datetime | None:
    return None if cell is None else datetime.fromisoformat(cell).replace(tzinfo=UTC)
