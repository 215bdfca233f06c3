"""Compares the table with the lake until they are equal or nothing moves any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Literal, Protocol, Self, TypeVar

from msgspec import Raw, Struct

from lake.athena import Row
from lake.comparison import Comparison, Difference
from lake.drain import Drain, LogState, PipelineState
from lake.fingerprints import BUCKETS, Fingerprints
from lake.inventory import Inventory, ItemDigests
from lake.ledger import AcknowledgedWrites, LostWrite
from lake.reader import ChangeCounts, ComparedKeys, Digests, LastImage
from lake.way import Way
from transform.schema import LakeTable

Phase = Literal["waiting", "table", "digests", "view", "images", "ledger", "compared"]
Ending = Literal["all right", "settled", "stalled", "timeout"]

_Row = TypeVar("_Row")
_PROGRESS_ROWS = 1000
_FETCHED = 1000
_SECONDS_DIGITS = 12


class VerifyProgress(Struct, frozen=True, omit_defaults=True):
    """The progress of a verification.

    `count` is the phase's counter: the change log's rows while waiting, items and rows read, and at the end the
    differences (keys, and writes of the ledger). `way` has the changes on their way while waiting.
    """

    phase: Phase
    count: int
    waited_s: float
    way: Way | None = None


class Report(Struct, frozen=True, kw_only=True):
    """The result of a verification.

    `items` are the table's, `rows` the view's; `missing`, `extra` and `different` count keys, `moving` the keys that
    were not compared because they changed after `as_of`, or in its second with an `export`, whose items were then
    compared with the change log as of that second. `shortened` counts images with shortened values, which count
    as equal. `log_rows` are the change log's rows, `changes` its distinct changes and `duplicates` the rest. `writes`
    are the ledger's, of which `lost` are not in the change log, and `unversioned` are checked by their key alone; None
    without a ledger. `earlier` of them were acknowledged before the table was created, and `erased` further ones are of
    keys that were named as erased. `ended` is why the wait ended:
    no differences; nothing on its way and nothing moved for `settle_s` (settled), or something on its way and nothing
    moved (stalled); or the timeout. `way` has the changes that were on their way then.
    """

    ok: bool
    items: int
    rows: int
    missing: int
    extra: int
    different: int
    log_rows: int
    changes: int
    duplicates: int
    writes: int | None
    lost: int | None
    ended: Ending
    waited_s: float
    settle_s: float
    unversioned: int | None = None
    earlier: int = 0
    erased: int = 0
    moving: int = 0
    shortened: int = 0
    share: float = 1.0
    since: datetime | None = None
    as_of: datetime | None = None
    export: str | None = None
    way: Way = Way()


class Verification(Struct, frozen=True):
    """A report, and all differences in temporary files until `close`. A context manager."""

    report: Report
    comparison: Comparison
    delivery: AcknowledgedWrites | None

    def differences(self, limit: int = -1) -> Iterator[Difference]:
        """The view's differences in key order; a negative `limit` returns all."""
        return self.comparison.differences(limit)

    def lost_writes(self, limit: int = -1) -> Iterator[LostWrite]:
        """The acknowledged writes that are not in the change log; a negative `limit` returns all."""
        return iter(()) if self.delivery is None else self.delivery.lost_writes(limit)

    def close(self) -> None:
        """Drop the temporary files."""
        self.comparison.close()
        if self.delivery is not None:
            self.delivery.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class VerifiedSource(Protocol):
    """The source of truth: the DynamoDB table."""

    def pages(self) -> Iterator[list[Raw]]:
        """Every item, page by page."""
        ...

    def get(self, keys: Sequence[Row]) -> list[Raw]:
        """The items with these keys."""
        ...


class Pending(Protocol):
    """Digests whose computation runs."""

    def result(self) -> Digests:
        """Wait for them."""
        ...

    def stop(self) -> None:
        """Stop computing them."""
        ...


class VerifiedLake(Protocol):
    """The subject of the verification: the change log and its view."""

    def log_state(self) -> LogState:
        """The change log's state."""
        ...

    def digests(self) -> Pending:
        """Start the computation of the digests of view and images."""
        ...

    def view_rows(self, buckets: Collection[int]) -> Iterator[Row]:
        """The view's rows of some buckets as the canonical text of the columns."""
        ...

    def last_images(self, buckets: Collection[int]) -> Iterator[LastImage]:
        """The last change of each key of some buckets."""
        ...

    def changed_keys(self, since: datetime) -> Iterator[Row]:
        """The keys with a change since a time."""
        ...

    def change_counts(self, *, versions: bool) -> Iterator[Row]:
        """Return the number of distinct changes for each key, op and version."""
        ...


class Patience(Struct, frozen=True, kw_only=True):
    """How long to wait, in seconds.

    A comparison starts when nothing has moved for `quiet_s`. The differences are final when nothing has moved for
    `settle_s`. `timeout_s` limits the whole wait.
    """

    quiet_s: float
    settle_s: float
    timeout_s: float


class Verifier:
    """One verification of a lake against its source."""

    def __init__(
        self,
        table: LakeTable,
        source: VerifiedSource,
        lake: VerifiedLake,
        patience: Patience,
        *,
        scope: ComparedKeys | None = None,
        as_of: datetime | None = None,
        delivery: AcknowledgedWrites | None = None,
        reading: Callable[[Callable[[int], None]], ItemDigests] | None = None,
        export: str | None = None,
        way: Callable[[str | None], Way] = lambda _: Way(),
        watch: Callable[[VerifyProgress], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`scope` selects the keys; with `as_of`, keys that have changed since are not compared.

        `delivery` has the ledger's writes, `way` returns the changes on their way, `watch` receives progress.
        `reading` digests the whole table elsewhere and tells the number of items as it goes; `export` names the export
        whose items these are.
        """
        self._table = table
        self._source = source
        self._lake = lake
        self._patience = patience
        self._scope = scope or ComparedKeys()
        self._as_of = as_of
        self._delivery = delivery
        self._reading = reading
        self._export = export
        self._way = way
        self._watch = watch
        self._fingerprints = Fingerprints(table)
        self._changes = ChangeCounts(0, 0)
        self._wall = wall
        self._inventory: ItemDigests | None = None
        self._read_at = 0.0
        self._drain = Drain(self._look, patience.timeout_s, clock=clock, sleep=sleep)

    def run(self) -> Verification:
        """Compare when nothing moves, and again after each movement.

        Ends when there is no difference, nothing moves any more or the timeout expires. With `as_of`, the table is read
        once.
        """
        way = self._drain.state.way
        if way.in_delivery is None or way.moving:
            self._await_quiet()
        try:
            while True:
                passed = self._passed()
                comparison = self._compared()
                lost = 0 if self._delivery is None else self._delivery.lost
                if not comparison.wrong and not lost:
                    return self._verification(comparison, "all right")
                if passed or not self._drain.until_changed(self._patience.settle_s):
                    return self._verification(comparison, "settled" if passed else self._ending())
                comparison.close()
                self._await_quiet()
        finally:
            self._forget()

    def _await_quiet(self) -> None:
        # A table under writes is never quiet.
        if self._as_of is None:
            self._drain.until_quiet(self._patience.quiet_s)
            self._forget()
        elif self._inventory is not None and self._inventory.moment is not None:
            # A late change of its second moves a key.
            self._forget()

    def _forget(self) -> None:
        """Read the table again at the next comparison."""
        if self._inventory is not None:
            self._inventory.close()
            self._inventory = None

    def _passed(self) -> bool:
        """Return whether the log has changes so much later than the table was read that all before have arrived."""
        last = self._drain.state.log.last
        if self._as_of is None or self._inventory is None or last is None:
            return False
        return int(last[:_SECONDS_DIGITS]) > self._read_at + self._patience.settle_s

    def _ending(self) -> Ending:
        if self._drain.timed_out:
            return "timeout"
        return "stalled" if self._drain.state.way.moving else "settled"

    def _compared(self) -> Comparison:
        """Compare once, while Athena computes its digests."""
        pending = self._lake.digests()
        try:
            inventory = self._inventory or self._read()
            digests = pending.result()
        except BaseException:
            pending.stop()
            raise
        comparison = Comparison(self._table, self._fingerprints, inventory, self._source.get)
        self._changes = digests.changes
        self._tell("digests", digests.rows)
        self._compare_rows(comparison, digests)
        wrong = comparison.wrong
        if self._delivery is not None:
            counts = self._lake.change_counts(versions=self._delivery.versions)
            self._delivery.find(self._counted("ledger", counts))
            wrong += self._delivery.lost
        self._tell("compared", wrong)
        return comparison

    def _read(self) -> ItemDigests:
        if self._reading is not None:
            self._inventory = inventory = self._reading(lambda items: self._tell("table", items))
            self._read_at = self._wall() if inventory.moment is None else inventory.moment
            return inventory
        self._inventory = inventory = Inventory(self._fingerprints, self._scope.share)
        for page in self._pages():
            inventory.add(page)
            self._tell("table", inventory.items)
        self._read_at = self._wall()
        return inventory

    def _pages(self) -> Iterator[list[Raw]]:
        if self._scope.since is None:
            yield from self._source.pages()
            return
        keys = [*self._lake.changed_keys(self._scope.since)]
        for start in range(0, len(keys), _FETCHED):
            yield self._source.get(keys[start : start + _FETCHED])

    def _compare_rows(self, comparison: Comparison, digests: Digests) -> None:
        """Compare the rows of the buckets whose digests differ."""
        views, images = comparison.suspects(digests, self._scope.share)
        if not views and not images:
            return
        written_meanwhile = self._as_of is not None and (self._inventory is None or self._inventory.moment is None)
        moving = self._moving(views | images) if written_meanwhile else frozenset[bytes]()
        comparison.expect(views | images, moving)
        if views:
            comparison.compare_rows(self._counted("view", self._lake.view_rows(views)), views)
        if images:
            comparison.compare_images(self._counted("images", self._lake.last_images(images)))

    def _moving(self, buckets: Collection[int]) -> frozenset[bytes]:
        """Return the keys that have changed since `as_of`."""
        return frozenset(
            self._fingerprints.key_of(last.key)
            for last in self._lake.last_images(buckets)
            if last.changed_at is not None and self._as_of is not None and last.changed_at >= self._as_of
        )

    def _verification(self, comparison: Comparison, ended: Ending) -> Verification:
        delivery, scope = self._delivery, self._scope
        report = Report(
            ok=ended == "all right",
            items=comparison.items,
            rows=comparison.rows,
            missing=comparison.missing,
            extra=comparison.extra,
            different=comparison.different,
            log_rows=self._changes.rows,
            changes=self._changes.distinct,
            duplicates=self._changes.duplicates,
            writes=None if delivery is None else delivery.writes,
            lost=None if delivery is None else delivery.lost,
            unversioned=None if delivery is None else delivery.unversioned,
            earlier=0 if delivery is None else delivery.earlier,
            erased=0 if delivery is None else delivery.erased_writes,
            moving=comparison.moving,
            shortened=comparison.shortened,
            share=scope.share / BUCKETS,
            since=scope.since,
            as_of=self._as_of,
            export=self._export,
            ended=ended,
            waited_s=round(self._drain.waited_s, 3),
            settle_s=self._patience.settle_s,
            way=self._drain.state.way,
        )
        return Verification(report, comparison, delivery)

    def _look(self) -> PipelineState:
        log = self._lake.log_state()
        state = PipelineState(log, self._way(log.last))
        self._watch(VerifyProgress("waiting", log.rows, round(self._drain.waited_s, 3), state.way))
        return state

    def _counted(self, phase: Literal["view", "images", "ledger"], rows: Iterable[_Row]) -> Iterator[_Row]:
        count = 0
        for count, row in enumerate(rows, 1):
            if count % _PROGRESS_ROWS == 0:
                self._tell(phase, count)
            yield row
        self._tell(phase, count)

    def _tell(self, phase: Phase, count: int) -> None:
        self._watch(VerifyProgress(phase, count, round(self._drain.waited_s, 3)))
