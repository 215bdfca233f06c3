from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from msgspec import Raw
from rich.console import Console
from rich.text import Text

from lake.athena import Row
from lake.comparison import Difference
from lake.drain import LogState
from lake.findings import show, write_json
from lake.fingerprints import bucket_of
from lake.ledger import AcknowledgedWrites
from lake.progress import progress_display
from lake.reader import ChangeCounts, ComparedKeys, LastImage
from lake.verification import Patience, Verification, Verifier, VerifyProgress
from lake.way import Way
from stack.ledger import Acknowledged
from tests.things import column_of, things
from tests.unit.lake.digested import Digested, key_text

TABLE = things(
    column_of("id", "string"),
    column_of("version", "bigint"),
    sort_key=None,
)
PATIENCE = Patience(quiet_s=2, settle_s=60, timeout_s=600)
TRUTH: list[Row] = [("a", "2"), ("b", "1"), ("c", None)]
START = datetime(2026, 1, 1, tzinfo=UTC)


def item_of(row: Row) -> Raw:
    """A row's item, in DynamoDB JSON."""
    attributes = {"id": {"S": row[0]}} | ({"version": {"N": row[1]}} if row[1] is not None else {})
    return Raw(msgspec.json.encode(attributes))


class World:
    """A table, and a lake into which changes arrive at set times; time passes while someone sleeps."""

    def __init__(self, *arrivals: tuple[float, str, str | None, str], reading_s: float = 0.0) -> None:
        """Each arrival: when (seconds), key, version, op. Reading the table takes `reading_s`."""
        self.now = 0.0
        self._arrivals = arrivals
        self._reading_s = reading_s
        self.way = Way()
        self.table = list(TRUTH)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def pages(self) -> Iterator[list[Raw]]:
        self.now += self._reading_s
        yield list(map(item_of, self.table))

    def get(self, keys: Sequence[Row]) -> list[Raw]:
        return [item_of(row) for row in self.table if row[:1] in keys]

    def _arrived(self) -> list[tuple[str, str | None, str]]:
        return [arrival[1:] for arrival in self._arrivals if arrival[0] <= self.now]

    def log_state(self) -> LogState:
        newest = max((at for at, *_ in self._arrivals if at <= self.now), default=0.0)
        return LogState(len(self._arrived()), f"{int(START.timestamp() + newest):012d}0{0:040d}")

    def _view(self) -> list[Row]:
        latest = {key: (key, version) for key, version, _ in self._arrived()}
        return list(latest.values())

    def digests(self) -> Digested:
        arrived = self._arrived()
        return Digested(TABLE, self._view(), map(item_of, self._view()), ChangeCounts(len(arrived), len(set(arrived))))

    def view_rows(self, buckets: Collection[int]) -> Iterator[Row]:
        yield from (row for row in self._view() if bucket_of(key_text(row)) in buckets)

    def last_images(self, buckets: Collection[int]) -> Iterator[LastImage]:
        times = {key: at for at, key, *_ in self._arrivals if at <= self.now}
        for row in self._view():
            if bucket_of(key_text(row)) in buckets:
                image = msgspec.json.encode(item_of(row)).decode()
                moment = datetime.fromtimestamp(START.timestamp() + times[str(row[0])], UTC)
                yield LastImage(row[:1], image, moment)

    def changed_keys(self, since: datetime) -> Iterator[Row]:
        seconds = (since - START).total_seconds()
        yield from {(key,): None for at, key, *_ in self._arrivals if seconds <= at <= self.now}

    def change_counts(self, *, versions: bool) -> Iterator[Row]:
        assert versions
        for key, version, op in set(self._arrived()):
            yield key, op, version, "1"

    def verify(
        self, delivery: AcknowledgedWrites | None = None, seen: list[VerifyProgress] | None = None, **options: Any
    ) -> Verification:
        watch = (seen if seen is not None else []).append
        return Verifier(
            TABLE,
            self,
            self,
            PATIENCE,
            delivery=delivery,
            way=lambda _: self.way,
            watch=watch,
            clock=self.clock,
            sleep=self.sleep,
            wall=lambda: START.timestamp() + self.now,
            **options,
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


def test_a_comparison_that_takes_longer_than_settling_is_followed_by_a_look() -> None:
    """The log moves while the table is read, for longer than `settle_s`: it has not settled."""
    late = tuple((65.0 * at, key, version, op) for at, (_, key, version, op) in enumerate(COMPLETE))
    with World(*late, reading_s=70).verify() as verification:
        assert (verification.report.ok, verification.report.ended) == (True, "all right")


def test_what_is_on_its_way_and_does_not_move_is_stalled_and_not_lost() -> None:
    world = World(*COMPLETE[:-1])
    world.way = Way(in_stream=1, in_delivery=0)
    with world.verify() as verification:
        assert verification.report.ended == "stalled"
        out = io.StringIO()
        show(verification, Console(file=out, width=120), limit=20)
    assert "changes are on their way" in out.getvalue()
    assert "1 in the table's stream" in out.getvalue()


def test_nothing_on_its_way_is_compared_at_once() -> None:
    world = World(*COMPLETE)
    world.way = Way(in_stream=0, in_delivery=0)
    with world.verify() as verification:
        assert verification.report.waited_s == 0


def test_keys_that_change_while_the_table_is_read_are_not_compared_as_of_then() -> None:
    """Key b changes every five seconds and never equals the table; c is missing until 50 s."""
    noise = tuple((at * 5.0, "b", str(at + 7), "MODIFY") for at in range(100))
    world = World(*COMPLETE[:-1], (50.0, "c", None, "INSERT"), *noise)
    with world.verify(as_of=START) as verification:
        assert verification.report.ok
        assert verification.report.moving == 1
        assert 50 <= verification.report.waited_s < 60


def test_a_key_that_has_not_changed_since_is_lost_when_later_changes_have_arrived() -> None:
    noise = tuple((at * 5.0, "b", str(at + 7), "MODIFY") for at in range(100))
    with World(*COMPLETE[:-1], *noise).verify(as_of=START) as verification:
        assert verification.report.ended == "settled"
        assert list(verification.differences()) == [Difference("missing", ("c",))]
        assert verification.report.waited_s < 80


def test_only_what_has_changed_since_is_compared_and_read_by_key() -> None:
    world = World((0.0, "a", "1", "INSERT"), (10.0, "b", "1", "INSERT"), reading_s=1000)
    world.now = 20.0
    scope = ComparedKeys(since=datetime.fromtimestamp(START.timestamp() + 5, UTC))
    with world.verify(scope=scope) as verification:
        assert [found.key for found in verification.differences()] == [("a",)], "which the view here shows nevertheless"
        assert verification.report.items == 1


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
    with World(*COMPLETE).verify(AcknowledgedWrites(ledger, "t")) as verification:
        assert not verification.report.ok
        assert (verification.report.writes, verification.report.lost) == (2, 1)
        assert [write.key for write in verification.lost_writes()] == ["z"]


def test_writes_of_an_erased_key_are_counted_apart() -> None:
    ledger = [Acknowledged(key, "insert", 1, "t") for key in ("a", "z", "z")]
    with World(*COMPLETE).verify(AcknowledgedWrites(ledger, "t", erased=["z"])) as verification:
        assert verification.report.ok
        assert (verification.report.writes, verification.report.erased) == (1, 2)
        show(verification, Console(file=(out := io.StringIO())), limit=20)
    assert "1 acknowledged write, 0 not in the change log; 2 more of erased keys" in out.getvalue()


def test_writes_to_an_earlier_table_of_the_name_are_told_from_lost_ones() -> None:
    created = datetime(2026, 1, 2, 4, 4, 5, tzinfo=timezone(timedelta(hours=1)))
    times = ("2026-01-02T03:04:04.999999Z", "2026-01-02T03:04:05.000001Z", "")
    ledger = [Acknowledged("z", "insert", version, "t", at) for version, at in enumerate(times, 1)]
    with World(*COMPLETE).verify(AcknowledgedWrites(ledger, "t", created)) as verification:
        assert (verification.report.lost, verification.report.earlier) == (3, 1)
        show(verification, Console(file=(out := io.StringIO())), limit=20)
    assert "1 write of the ledger came before the table was created" in out.getvalue()


@pytest.fixture
def wrong() -> Iterator[Verification]:
    world = World((0, "a", "1", "INSERT"), (0, "b", "1", "INSERT"), (0, "x", "1", "INSERT"))
    delivery = AcknowledgedWrites([Acknowledged("a", "update", 2, "t")], "t")
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


def test_the_verdict_breaks_between_words_on_a_terminal(wrong: Verification) -> None:
    terminal, file = io.StringIO(), io.StringIO()
    show(wrong, Console(file=terminal, width=40, force_terminal=True, no_color=True), limit=0)
    show(wrong, Console(file=file, width=40), limit=0)
    whole = file.getvalue().splitlines()[0]
    assert len(whole) > 40, "elsewhere it is one line"
    first = Text.from_ansi(terminal.getvalue()).plain.splitlines()[0]
    assert len(first) <= 40
    assert f"{whole} ".startswith(f"{first.rstrip()} ")


def test_the_summary_shows_the_first_and_says_that_there_is_more(wrong: Verification) -> None:
    out = io.StringIO()
    show(wrong, Console(file=out, width=40), limit=1)
    assert "There are more: --report PATH writes all of them.\n" in out.getvalue(), "a line of a file stays whole"


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


@pytest.mark.parametrize(("differences", "waits"), [(0, False), (2, True)])
def test_only_differences_wait_for_late_changes(differences: int, waits: bool) -> None:
    out = io.StringIO()
    with progress_display(Console(file=out, force_terminal=True, width=120)) as watch:
        watch(VerifyProgress("compared", differences, 1.5))
    assert f"compared: {differences} differences" in out.getvalue()
    assert ("waiting for late changes" in out.getvalue()) == waits


def test_progress_counts_what_each_phase_reads() -> None:
    seen: list[VerifyProgress] = []
    World(*COMPLETE).verify(seen=seen).close()
    last = {progress.phase: progress.count for progress in seen}
    assert last == {"waiting": 4, "table": 3, "digests": 3, "compared": 0}
