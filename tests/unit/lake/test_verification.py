from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
from rich.console import Console

from lake.athena import Row
from lake.comparison import Difference
from lake.drain import LogState
from lake.findings import show, write_json
from lake.ledger import Delivery
from lake.progress import progress_display
from lake.reader import Changes
from lake.verification import Patience, Verification, Verifier, VerifyProgress
from stack.ledger import Acknowledged
from transform.schema import Column, KeyAttribute, Table

TABLE = Table(
    entity="thing",
    change_log="thing_changes",
    view="things",
    partition_key=KeyAttribute("id", "S"),
    sort_key=None,
    columns=(Column("id", "string", ("id",), ""), Column("version", "bigint", ("version",), "")),
)
PATIENCE = Patience(quiet_s=2, settle_s=60, timeout_s=600)
TRUTH: list[Row] = [("a", "2"), ("b", "1"), ("c", None)]


class World:
    """A table, and a lake into which changes arrive at set times; time passes while someone sleeps."""

    def __init__(self, *arrivals: tuple[float, str, str | None, str]) -> None:
        """Each arrival: when (seconds), key, version, op."""
        self.now = 0.0
        self._arrivals = arrivals

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def rows(self) -> Iterator[Row]:
        return iter(TRUTH)

    def _arrived(self) -> list[tuple[str, str | None, str]]:
        return [arrival[1:] for arrival in self._arrivals if arrival[0] <= self.now]

    def log_state(self) -> LogState:
        return LogState(len(self._arrived()), None)

    def changes(self) -> Changes:
        return Changes(len(self._arrived()), len(set(self._arrived())))

    def view_rows(self) -> Iterator[Row]:
        latest = {key: (key, version) for key, version, _ in self._arrived()}
        yield from latest.values()

    def change_counts(self) -> Iterator[Row]:
        for key, version, op in set(self._arrived()):
            yield key, op, version, "1"

    def verify(self, delivery: Delivery | None = None, seen: list[VerifyProgress] | None = None) -> Verification:
        watch = (seen if seen is not None else []).append
        return Verifier(
            TABLE, self, self, PATIENCE, delivery=delivery, watch=watch, clock=self.clock, sleep=self.sleep
        ).run()


COMPLETE = ((0.0, "a", "1", "INSERT"), (0.0, "a", "2", "MODIFY"), (0.0, "b", "1", "INSERT"), (0.0, "c", None, "INSERT"))


def test_what_is_right_is_not_waited_for_any_longer() -> None:
    with World(*COMPLETE).verify() as verification:
        assert verification.report.ok
        assert verification.report.ended == "all right"
        assert verification.report.waited_s < 3
        assert list(verification.differences()) == []


def test_late_data_is_waited_for_as_long_as_the_log_moves() -> None:
    late = tuple((50.0 * at, key, version, op) for at, (_, key, version, op) in enumerate(COMPLETE))
    with World(*late).verify() as verification:
        assert verification.report.ok
        assert 150 <= verification.report.waited_s < 160


def test_missing_rows_are_final_once_the_log_is_stable() -> None:
    with World(*COMPLETE[:-1]).verify() as verification:
        assert not verification.report.ok
        assert verification.report.ended == "settled"
        assert 60 <= verification.report.waited_s < 70
        assert list(verification.differences()) == [Difference("missing", ("c",))]


def test_a_log_that_never_rests_ends_in_a_timeout() -> None:
    noise = tuple((at * 30.0, "x", str(at), "MODIFY") for at in range(100))
    with World(*COMPLETE, *noise).verify() as verification:
        assert verification.report.ended == "timeout"
        assert list(verification.differences()) == [Difference("extra", ("x",))]


def test_duplicates_are_counted_and_harmless() -> None:
    with World(*COMPLETE, *COMPLETE).verify() as verification:
        report = verification.report
        assert report.ok
        assert (report.log_rows, report.changes, report.duplicates) == (8, 4, 4)


def test_a_write_that_is_only_in_the_ledger_is_lost_though_the_view_is_right() -> None:
    ledger = [Acknowledged("a", "insert", 1, "t"), Acknowledged("z", "insert", 1, "t")]
    with World(*COMPLETE).verify(Delivery(ledger, "t")) as verification:
        assert not verification.report.ok
        assert (verification.report.writes, verification.report.lost) == (2, 1)
        assert [write.key for write in verification.lost_writes()] == ["z"]


@pytest.fixture
def wrong() -> Iterator[Verification]:
    world = World((0, "a", "1", "INSERT"), (0, "b", "1", "INSERT"), (0, "x", "1", "INSERT"))
    delivery = Delivery([Acknowledged("a", "update", 2, "t")], "t")
    with world.verify(delivery) as verification:
        yield verification


def test_the_json_report_has_everything_that_is_wrong(wrong: Verification) -> None:
    out = io.StringIO()
    write_json(wrong, out)
    report = json.loads(out.getvalue())
    assert report["version"] == 1
    assert (report["missing"], report["extra"], report["different"], report["lost"]) == (1, 1, 1, 1)
    assert report["differences"] == [
        {"kind": "different", "key": ["a"], "column": "version", "expected": "2", "found": "1"},
        {"kind": "missing", "key": ["c"]},
        {"kind": "extra", "key": ["x"]},
    ]
    assert report["lost_writes"] == [{"key": "a", "op": "update", "version": 2}]


def test_the_summary_names_key_column_expected_and_found(wrong: Verification) -> None:
    out = io.StringIO()
    show(wrong, Console(file=out, width=120), limit=20)
    text = out.getvalue()
    assert "NOT VERIFIED" in text
    assert "1 missing, 1 extra, 1 different" in text
    assert ["different", "a", "version", "2", "1"] in [line.split() for line in text.splitlines()]
    assert "1 not in the change log" in text


def test_the_summary_shows_the_first_and_says_that_there_is_more(wrong: Verification) -> None:
    out = io.StringIO()
    show(wrong, Console(file=out, width=120), limit=1)
    assert "There are more: --report PATH" in out.getvalue()


def test_progress_is_json_lines_where_there_is_no_terminal() -> None:
    out = io.StringIO()
    with progress_display(Console(file=out)) as watch:
        for progress in (
            VerifyProgress("waiting", 1, 0.5),
            VerifyProgress("waiting", 2, 1.0),
            VerifyProgress("table", 3, 1.5),
        ):
            watch(progress)
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        {"phase": "waiting", "count": 1, "waited_s": 0.5},
        {"phase": "table", "count": 3, "waited_s": 1.5},
    ]


def test_progress_is_a_live_line_on_a_terminal() -> None:
    out = io.StringIO()
    with progress_display(Console(file=out, force_terminal=True, width=120)) as watch:
        watch(VerifyProgress("table", 1234, 1.5))
    assert "reading the table" in out.getvalue() or "change log" in out.getvalue()


def test_progress_counts_what_each_phase_reads() -> None:
    seen: list[VerifyProgress] = []
    World(*COMPLETE).verify(seen=seen).close()
    last = {progress.phase: progress.count for progress in seen}
    assert last == {"waiting": 4, "table": 3, "view": 3, "compared": 0}
