"""Compare the table with the lake until they are equal or the log is stable."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, Protocol, Self

from msgspec import Struct

from lake.athena import Row
from lake.comparison import Comparison, Difference
from lake.drain import Drain, LogState
from lake.ledger import Delivery, LostWrite
from lake.reader import Changes
from transform.schema import Table

Phase = Literal["waiting", "table", "view", "ledger", "compared"]
Ending = Literal["all right", "settled", "timeout"]

_PROGRESS_ROWS = 1000


class VerifyProgress(Struct, frozen=True):
    """The progress of a verification.

    `count` is the phase's counter: the change log's rows while waiting, items and rows read, and at the end the
    differences (keys, and writes of the ledger).
    """

    phase: Phase
    count: int
    waited_s: float


class Report(Struct, frozen=True, kw_only=True):
    """The result of a verification.

    `items` are the table's, `rows` the view's; `missing`, `extra` and `different` count keys. `log_rows` are the change
    log's rows, `changes` its distinct changes and `duplicates` the rest. `writes` are the ledger's, of which `lost` are
    not in the change log; None without a ledger. `ended` says why the wait ended: no differences, the log was unchanged
    for `settle_s`, or the timeout.
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


class Verification(Struct, frozen=True):
    """A report, and all differences in temporary files until `close`. A context manager."""

    report: Report
    comparison: Comparison
    delivery: Delivery | None

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


class Source(Protocol):
    """The source of truth: the DynamoDB table."""

    def rows(self) -> Iterator[Row]:
        """Every item as the canonical text of its columns."""
        ...


class Lake(Protocol):
    """The subject of the verification: the change log and its view."""

    def log_state(self) -> LogState:
        """The change log's state."""
        ...

    def changes(self) -> Changes:
        """How many rows and distinct changes the change log has."""
        ...

    def view_rows(self) -> Iterator[Row]:
        """The view's rows as the canonical text of the columns."""
        ...

    def change_counts(self) -> Iterator[Row]:
        """How many distinct changes the log holds for each key, op and version."""
        ...


class Patience(Struct, frozen=True, kw_only=True):
    """How long to wait, in seconds.

    When the change log is unchanged for `quiet_s`, a comparison is worthwhile. When it is unchanged for `settle_s`, the
    differences are final. `timeout_s` limits the whole wait.
    """

    quiet_s: float
    settle_s: float
    timeout_s: float


class Verifier:
    """One verification of a lake against its source."""

    def __init__(
        self,
        table: Table,
        source: Source,
        lake: Lake,
        patience: Patience,
        *,
        delivery: Delivery | None = None,
        watch: Callable[[VerifyProgress], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`delivery` has the ledger's writes; `watch` receives progress."""
        self._table = table
        self._source = source
        self._lake = lake
        self._patience = patience
        self._delivery = delivery
        self._watch = watch
        self._drain = Drain(self._look, patience.timeout_s, clock=clock, sleep=sleep)

    def run(self) -> Verification:
        """Compare whenever the log is quiet, and again after it changes, until there is no difference or the timeout
        expires.
        """
        while True:
            self._drain.until_quiet(self._patience.quiet_s)
            comparison = Comparison(self._table)
            wrong = self._compare(comparison)
            if not wrong:
                return self._verification(comparison, "all right")
            if not self._drain.until_changed(self._patience.settle_s):
                return self._verification(comparison, "timeout" if self._drain.timed_out else "settled")
            comparison.close()

    def _compare(self, comparison: Comparison) -> int:
        """Compare once; return the number of different keys and lost writes."""
        comparison.expect(self._counted("table", self._source.rows()))
        comparison.find(self._counted("view", self._lake.view_rows()))
        wrong = comparison.missing + comparison.extra + comparison.different
        if self._delivery is not None:
            self._delivery.find(self._counted("ledger", self._lake.change_counts()))
            wrong += self._delivery.lost
        self._tell("compared", wrong)
        return wrong

    def _verification(self, comparison: Comparison, ended: Ending) -> Verification:
        changes, delivery = self._lake.changes(), self._delivery
        report = Report(
            ok=ended == "all right",
            items=comparison.items,
            rows=comparison.rows,
            missing=comparison.missing,
            extra=comparison.extra,
            different=comparison.different,
            log_rows=changes.rows,
            changes=changes.distinct,
            duplicates=changes.duplicates,
            writes=None if delivery is None else delivery.writes,
            lost=None if delivery is None else delivery.lost,
            ended=ended,
            waited_s=round(self._drain.waited_s, 3),
            settle_s=self._patience.settle_s,
        )
        return Verification(report, comparison, delivery)

    def _look(self) -> LogState:
        state = self._lake.log_state()
        self._tell("waiting", state.rows)
        return state

    def _counted(self, phase: Literal["table", "view", "ledger"], rows: Iterable[Row]) -> Iterator[Row]:
        count = 0
        for count, row in enumerate(rows, 1):
            if count % _PROGRESS_ROWS == 0:
                self._tell(phase, count)
            yield row
        self._tell(phase, count)

    def _tell(self, phase: Phase, count: int) -> None:
        self._watch(VerifyProgress(phase, count, round(self._drain.waited_s, 3)))
