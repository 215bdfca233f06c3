"""The run report: one JSON document, from which the terminal view, the HTML page and `compare` are drawn.

`schema` counts the incompatible changes of its form. Latencies are in three
forms: the HdrHistogram in its standard encoding (microseconds), percentiles in
milliseconds, and percentiles second by second.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct, field

from loadgen.dynamodb.contributors import TableKeys
from loadgen.job import Job, SegmentResult, SegmentTotals
from loadgen.metrics.counters import METRICS, Counts, Latencies, MetricsRow
from loadgen.metrics.histogram import PERCENTILES, Buckets, encode, max_us, mean_us, percentiles
from loadgen.schedule.mix import KINDS, Kind
from loadgen.schedule.plan import Plan
from loadgen.schedule.trace import Recorded
from stack import UserError, save, version

SCHEMA = 1
CAPACITY = "capacity"
"""The kind of a report that `python -m loadgen capacity` writes."""
SCENARIOS = "scenarios"
"""The kind of a report of several scenarios together."""
_OTHERS = {
    CAPACITY: "a search for the capacity, which `compare` puts beside another one and `html` draws",
    SCENARIOS: "several scenarios together: name the report of one of them",
}
# A generator whose writes leave later than this is itself the limit of the run.
LATE_MS = 5.0
BUSY_SHARE = 0.9


Native = Literal["yes", "partly", "no", "unknown"]


class LatencyReport(Struct, kw_only=True):
    """A latency: the encoded histogram in µs, and its summary in ms."""

    histogram: str
    count: int
    mean_ms: float
    max_ms: float
    percentiles_ms: dict[str, float]


Second = dict[str, int | float]
"""One second of the run, all segments together, by name.

`second` counts from the end of the warm-up. It has every counter of `loadgen.metrics.counters.METRICS`, `in_flight` at
its end, and latencies in ms: service and intended p50 and p99, lag p99. In a run with reads or transactions it has the
same for each kind of call, as in `get:acked` and `get:service_p99_ms`, except counters that are 0.
"""


class KindReport(Struct, kw_only=True):
    """The results of one kind of call; `planned` means due."""

    counts: Counts
    latency: dict[str, LatencyReport]


class TargetReport(Struct, kw_only=True):
    """The target of the writes."""

    table: str
    region: str
    endpoint_url: str | None
    writer: str
    workload: str


class GeneratorReport(Struct, kw_only=True):
    """Whether the generator kept up: the CPU share of the whole and of the busiest segment, and a conclusion in words.

    `native` is whether the segments had the compiled module: "partly" when some had it, "unknown" in a report of an
    earlier version, or when no segment has sent its result.
    """

    segments: int
    cpu_share: float
    limited: bool
    verdict: str
    native: Native = "unknown"


class ThresholdReport(Struct, kw_only=True):
    """A threshold, its value (latencies in ms, shares from 0 to 1; `measured` has a unit), and whether it holds."""

    expression: str
    value: float
    met: bool
    measured: str = ""


class CostReport(Struct, kw_only=True):
    """The cost of the write units at a price per million: estimated before the run, and used."""

    price_per_million: float
    before: float
    after: float


class _Kind(Struct):
    kind: str = ""


class LostSegment(Struct, kw_only=True):
    """A segment whose worker was lost; the report lacks its results."""

    segment: int
    reason: str


class RunReport(Struct, kw_only=True):
    """A run. `aborted` is the threshold that ended it early because it could no longer hold.

    `kinds` has the parts of `counts` and `latency` by kind of call, in a run with calls other than writes. `keys` has
    the hot and the throttled keys of its tables, where DynamoDB tells whether they are counted.
    """

    schema: int
    tool: str
    started_at: str
    elapsed_s: float
    interrupted: bool
    limit_reached: bool = field(name="braked")
    failure: str | None
    lost: list[LostSegment]
    plan: Plan
    target: TargetReport
    counts: Counts
    warm_up: Counts
    latency: dict[str, LatencyReport]
    generator: GeneratorReport
    series: list[Second]
    thresholds: list[ThresholdReport] = []
    cost: CostReport | None = None
    aborted: str | None = None
    kinds: dict[Kind, KindReport] = {}
    keys: list[TableKeys] = []

    @property
    def latencies(self) -> tuple[str, ...]:
        """The names of the latencies; a closed loop has none from planned times."""
        return ("service",) if self.plan.users else ("service", "intended")

    @property
    def rate(self) -> float:
        """Acknowledged operations per second, over the measured seconds with planned operations."""
        return self.per_s(self.counts.acked)

    def per_s(self, number: int) -> float:
        """Return a number per second of that time."""
        seconds = min(self.plan.duration_s, self.elapsed_s - self.plan.before_s)
        return number / seconds if seconds > 0 else 0.0

    def kind(self, kind: Kind) -> KindReport:
        """Return the results of a kind of call; if all calls are writes, those of the whole run."""
        if kind in self.kinds:
            return self.kinds[kind]
        if kind == "write" and not self.kinds:
            return KindReport(counts=self.counts, latency=self.latency)
        return KindReport(counts=Counts(), latency=latency_reports(Latencies()))

    def save(self, path: Path) -> None:
        """Write the report as JSON. Raises: UserError: the path cannot be written."""
        save(path, msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")


def load(path: Path) -> RunReport:
    """Read a report. Raises: ValueError: not a report, or a schema that this version does not support."""
    try:
        report = msgspec.json.decode(path.read_bytes(), type=RunReport)
    except msgspec.MsgspecError as error:
        other = _OTHERS.get(kind(path))
        raise ValueError(
            f"{path} is not a report of a run: {error}" if other is None else f"{path} is the report of {other}"
        ) from None
    if report.schema != SCHEMA:
        raise ValueError(f"{path} is a report of schema {report.schema}, and this version reads schema {SCHEMA}")
    return report


def kind(path: Path) -> str:
    """Return the kind of the report in a file: CAPACITY, SCENARIOS, or "" for a run's report and any other file."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Kind).kind
    except (OSError, msgspec.MsgspecError):
        return ""


def read(path: Path) -> RunReport:
    """Call `load` for a command line. Raises: UserError: there is no such report."""
    try:
        return load(path)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise UserError(f"{error}.") from None


def build(job: Job, parts: Sequence[SegmentResult], *, start_epoch_ns: int, interrupted: bool) -> RunReport:
    """Build the report from the segments' results, without lost segments."""
    done = [part for part in parts if part.result is not None]
    results = [part.result for part in done if part.result is not None]
    counts, warm_up = Counts(planned=job.plan.count), Counts(planned=job.plan.before_count)
    for result in results:
        counts.add(result.counts)
        warm_up.add(result.warm_up)
    if job.plan.users:
        counts.planned, warm_up.planned = counts.due, warm_up.due
    rows: dict[int, MetricsRow] = {}
    latencies = Latencies()
    for row in (row for part in done for row in part.rows if row.second >= 0):
        latencies.add(row.latencies)
        if row.second in rows:
            rows[row.second].add(row)
        else:
            rows[row.second] = row
    failures = [result.failure for result in results if result.failure is not None]
    return RunReport(
        schema=SCHEMA,
        tool=f"sales-analytics-cdc {version()}",
        started_at=datetime.fromtimestamp(start_epoch_ns / 1e9, UTC).isoformat(),
        elapsed_s=round(max((result.elapsed_s for result in results), default=0.0), 3),
        interrupted=interrupted,
        limit_reached=any(result.limit_reached for result in results),
        failure=failures[0] if failures else None,
        lost=[LostSegment(segment=part.segment, reason=part.lost) for part in parts if part.lost is not None],
        plan=job.plan,
        target=TargetReport(
            table=job.table,
            region=job.endpoint.region,
            endpoint_url=job.endpoint.url,
            writer=job.writer,
            workload=_workload(job),
        ),
        counts=counts,
        warm_up=warm_up,
        latency=latency_reports(latencies),
        generator=_generator(results, latencies),
        series=[second(rows[number]) for number in sorted(rows)],
        kinds=_kinds(results, rows.values()),
    )


def _workload(job: Job) -> str:
    profile = job.plan.profile
    return f"trace {profile.path}" if isinstance(profile, Recorded) else job.script or "orders"


def _kinds(results: Sequence[SegmentTotals], rows: Iterable[MetricsRow]) -> dict[Kind, KindReport]:
    """Return the results of each kind of call; empty when all are writes."""
    counts: dict[Kind, Counts] = {}
    latencies: dict[Kind, Latencies] = {}
    for result in results:
        for kind, counted in result.kinds.items():
            counts.setdefault(kind, Counts()).add(counted)
    for row in rows:
        for kind, part in row.kinds.items():
            latencies.setdefault(kind, Latencies()).add(part.latencies)
    if counts.keys() <= {"write"}:
        return {}
    for counted in counts.values():
        counted.planned = counted.due
    return {
        kind: KindReport(counts=counts[kind], latency=latency_reports(latencies.get(kind, Latencies())))
        for kind in KINDS
        if kind in counts
    }


def latency_reports(latencies: Latencies) -> dict[str, LatencyReport]:
    """Return every latency by its name."""
    return {name: latency_report(getattr(latencies, name)) for name in latencies.__struct_fields__}


def latency_report(buckets: Buckets) -> LatencyReport:
    """Return the encoded histogram of buckets in µs, and its summary in ms."""
    values = percentiles(buckets, PERCENTILES)
    return LatencyReport(
        histogram=encode(buckets),
        count=sum(buckets.values()),
        mean_ms=round(mean_us(buckets) / 1e3, 3),
        max_ms=max_us(buckets) / 1e3,
        percentiles_ms={f"p{percentile:g}": value / 1e3 for percentile, value in zip(PERCENTILES, values, strict=True)},
    )


def second(row: MetricsRow) -> Second:
    """Convert a row to the report's form."""
    kinds = {
        f"{kind}:{name}": value
        for kind, one in row.kinds.items()
        for name, value in _figures(one).items()
        if value or name not in METRICS
    }
    return {"second": row.second, **_figures(row), "in_flight": row.in_flight, **kinds}


def _figures(row: MetricsRow) -> dict[str, int | float]:
    """Return a row's counters, and its latencies in ms."""
    service_p50, service_p99 = _ms(row.latencies.service, 50, 99)
    intended_p50, intended_p99 = _ms(row.latencies.intended, 50, 99)
    (lag_p99,) = _ms(row.latencies.lag, 99)
    return {
        **{name: metric.number(row.counts) for name, metric in METRICS.items()},
        "service_p50_ms": service_p50,
        "service_p99_ms": service_p99,
        "intended_p50_ms": intended_p50,
        "intended_p99_ms": intended_p99,
        "lag_p99_ms": lag_p99,
    }


def _generator(results: Sequence[SegmentTotals], latencies: Latencies) -> GeneratorReport:
    share = max((result.cpu_s / result.elapsed_s for result in results if result.elapsed_s > 0), default=0.0)
    (lag_p99_ms,) = _ms(latencies.lag, 99)
    late, busy = lag_p99_ms > LATE_MS, share > BUSY_SHARE
    if not latencies.lag:
        verdict = "the generator sent nothing"
    elif busy:
        verdict = f"the generator was the limit: it used {share:.0%} of a core; give it more with --processes"
    elif late:
        verdict = (
            f"the generator was late: 1 of 100 writes left {lag_p99_ms:.1f} ms or more after its time "
            f"though it used only {share:.0%} of a core; other programs may compete for the processor"
        )
    else:
        verdict = f"the generator kept up: {share:.0%} of a core, 99 of 100 writes left within {lag_p99_ms:.2f} ms"
    return GeneratorReport(
        segments=len(results),
        cpu_share=round(share, 4),
        limited=late or busy,
        verdict=verdict,
        native=_native(results),
    )


def _native(results: Sequence[SegmentTotals]) -> Native:
    found = {result.native for result in results}
    if len(found) != 1:
        return "partly" if found else "unknown"
    return "yes" if True in found else "no"


def _ms(buckets: Buckets, *wanted: float) -> list[float]:
    return [value / 1e3 for value in percentiles(buckets, wanted)]
