"""A run is aborted only when its thresholds could not hold at the end, and at the end when they do not."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from loadgen.dynamodb.writer import Endpoint
from loadgen.job import Job, SegmentResult, SegmentTotals
from loadgen.metrics.counters import Counts, Latencies, MetricsRow
from loadgen.metrics.histogram import coarse, new_buckets
from loadgen.report import report as reports
from loadgen.report.abort import Abort
from loadgen.report.threshold import Threshold
from loadgen.schedule.mix import Kind
from loadgen.schedule.plan import Plan
from loadgen.schedule.profile import Constant

SECONDS = 4
PER_S = 5
latencies_us = st.sampled_from([100, 900, 1000, 1001, 5000, 70_000])
seconds = st.lists(st.lists(latencies_us, min_size=0, max_size=PER_S), min_size=SECONDS, max_size=SECONDS)
recovering = st.sampled_from(["rate>=4", "intended_mean<3ms", "retried>=1", "acked_share<50%"])
decided = st.sampled_from(
    [
        *("intended_p50<1ms", "intended_p50<=1ms", "intended_p99<5ms", "intended_max<=5ms", "service_p75<2ms"),
        *("failed==0", "failed<3", "failed<=3", "failed==4", "acked_share>=80%", "acked_share>60%"),
    ]
)


def row_of(second: int, answered_us: Sequence[int]) -> MetricsRow:
    """A second in which PER_S writes are planned: those without a latency fail."""
    buckets = new_buckets()
    for value in answered_us:
        buckets[coarse(value)] += 1
    acked, failed = len(answered_us), PER_S - len(answered_us)
    counts = Counts(due=PER_S, planned=PER_S, sent=PER_S, acked=acked, failed={"5xx": failed})
    return MetricsRow(second=second, counts=counts, latencies=Latencies(buckets, dict(buckets), new_buckets()))


def mixed(rows: list[MetricsRow], gets: list[MetricsRow]) -> list[MetricsRow]:
    """Seconds of writes, and of reads beside them."""
    together: list[MetricsRow] = []
    for writes, reads in zip(rows, gets, strict=True):
        row = writes.copy()
        row.add(reads)
        row.kinds = {"write": writes, "get": reads}
        together.append(row)
    return together


def report_of(rows: list[MetricsRow]) -> reports.RunReport:
    totals = Counts()
    for row in rows:
        totals.add(row.counts)
    totals.planned = 0  # which the report knows from the plan
    job = Job(
        plan=Plan(profile=Constant(PER_S, SECONDS), seed=1),
        endpoint=Endpoint(region="eu-west-1"),
        table="orders",
        writer="fast",
        keys={},
    )
    kinds: dict[Kind, Counts] = {}
    for kind, part in (pair for row in rows for pair in row.kinds.items()):
        kinds.setdefault(kind, Counts()).add(part.counts)
    result = SegmentTotals(segment=0, kinds=kinds, counts=totals, warm_up=Counts(), elapsed_s=SECONDS, cpu_s=0.1)
    return reports.build(job, [SegmentResult(0, rows, result)], start_epoch_ns=0, interrupted=False)


@given(threshold=st.one_of(decided, recovering).map(Threshold.parse), run=seconds)
def test_what_is_aborted_would_have_failed(threshold: Threshold, run: list[list[int]]) -> None:
    rows = [row_of(second, answered) for second, answered in enumerate(run)]
    abort = Abort([threshold], SECONDS * PER_S)
    lost = any(abort.row(row) for row in rows)
    if lost:
        assert not threshold.check(report_of(rows)).met


@given(threshold=decided.map(Threshold.parse), run=seconds)
def test_what_fails_by_all_writes_is_aborted_at_the_latest_with_the_last(
    threshold: Threshold, run: list[list[int]]
) -> None:
    rows = [row_of(second, (answered * PER_S)[:PER_S] or [100] * PER_S) for second, answered in enumerate(run)]
    abort = Abort([threshold], SECONDS * PER_S)
    lost = any(abort.row(row) for row in rows)
    assert lost == (not threshold.check(report_of(rows)).met and threshold.metric != "failed")


@given(
    threshold=st.one_of(decided, recovering).map(lambda text: Threshold.parse(f"get:{text}")),
    writes=seconds,
    gets=seconds,
)
def test_what_a_kind_of_call_aborts_would_have_failed(
    threshold: Threshold, writes: list[list[int]], gets: list[list[int]]
) -> None:
    """Also where the planned number of these calls is not known, but that of all."""
    each = [[row_of(second, answered) for second, answered in enumerate(run)] for run in (writes, gets)]
    rows = mixed(each[0], each[1])
    abort = Abort([threshold], 2 * SECONDS * PER_S)
    lost = [abort.row(row) is not None for row in rows]
    alone = report_of(rows)
    if any(lost):
        assert not threshold.check(alone).met
    counts = alone.kind("get").counts
    assert (counts.acked, counts.planned) == (sum(map(len, gets)), SECONDS * PER_S)
    assert threshold.check(alone).value == replace(threshold, kind=None).check(report_of(each[1])).value


def test_the_warm_up_aborts_nothing() -> None:
    assert Abort([Threshold.parse("failed==0")], 20).row(row_of(-1, [])) is None
