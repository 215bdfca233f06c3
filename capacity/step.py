"""One step of a capacity run: load at one rate, cool-down, and the flow of every stage."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct, structs

from capacity import bottleneck, metrics
from capacity.bottleneck import CAPTURE, DELIVERY
from capacity.flow import Passages, StageFlow, flow
from capacity.metrics import CloudWatchMetrics, MetricReading
from capacity.objective import Objective
from capacity.pipeline import LAKE_RESOLUTION_S, DeployedPipeline, LakeArrivals, StreamRead, next_second
from capacity.report import CapacityStep
from loadgen.distributed import worker_pool
from loadgen.distributed.processes import Processes
from loadgen.dynamodb import contributors, target
from loadgen.dynamodb.writer import Limits
from loadgen.job import Job
from loadgen.report import report as reports
from loadgen.report.report import RunReport
from loadgen.schedule.plan import Plan
from loadgen.schedule.profiles import profile
from stack import StackOutputs, UserError

_SETTLED_SHARE = 0.3
# The writer counts by second; within one, its writes are spread evenly.
_PARTS = 20
_PERCENTILES = ("p50", "p90", "p99", "p99.9")


class StepLoad(Struct, frozen=True, kw_only=True):
    """The constants of all steps: the plan without its rate, the number of sending processes, the longest cool-down."""

    plan: Plan
    processes: int = 1
    drain_timeout_s: float = 600.0


class StepRunner:
    """Carries out steps on one deployed pipeline. `watch` receives a short description of the current activity."""

    def __init__(
        self,
        outputs: StackOutputs,
        load: StepLoad,
        objectives: list[Objective],
        watch: Callable[[str], None],
    ) -> None:
        self._outputs = outputs
        self._load = load
        self._objectives = objectives
        self._watch = watch
        self._table = outputs.require("table_name")
        self.pipeline = DeployedPipeline(outputs)
        self._metrics = CloudWatchMetrics(outputs)

    def run(self, rate: float, load_s: float) -> CapacityStep:
        """Load at a rate for a time, wait until the backlog is gone, and find the limiting stage, if any."""
        dead_letters = self.pipeline.dead_letters()
        self._watch(f"{rate:,.0f}/s for {load_s:.0f} s")
        report, began, before = asyncio.run(self._write(rate, load_s))
        ended = time.monotonic()
        self._watch(f"{rate:,.0f}/s: cool-down")
        arrived = self.pipeline.drain(
            began,
            report.counts.acked,
            self._load.drain_timeout_s,
            lambda came, changes: self._watch(f"{rate:,.0f}/s: cool-down, {came:,} of {changes:,} have arrived"),
        )
        drain_s = time.monotonic() - ended
        stream = self.pipeline.stream(began, report.counts.acked)
        step = self._metrics.since(before, report.counts.acked if stream is None else stream.passages.total)
        dead = self.pipeline.dead_letters()
        found = metrics.signals(
            step,
            None if dead is None or dead_letters is None else dead - dead_letters,
            self.pipeline.failed_objects(began),
        )
        written = Passages(
            (row["second"] + part / _PARTS, row["acked"] / _PARTS)
            for row in report.series
            for part in range(1, _PARTS + 1)
        )
        executed_s = (found.pipe_duration_ms or 0.0) / 1000
        flows = self._flows(written, stream, arrived, began, load_s, executed_s)
        freshness = arrived.freshness
        checked = [objective.check(report, freshness) for objective in self._objectives]
        shards = [] if stream is None else stream.loads(load_s * _SETTLED_SHARE, load_s)
        total = sum(one.changes for one in arrived.arrived)
        left = max(0, report.counts.acked - total)
        return CapacityStep(
            rate=rate,
            load_s=load_s,
            acked_per_s=round(report.rate, 2),
            acked=report.counts.acked,
            dropped=report.counts.dropped,
            failed=sum(report.counts.failed.values()),
            throttled=dict(report.counts.throttled),
            latency_ms={
                name: {percentile: latency.percentiles_ms[percentile] for percentile in _PERCENTILES}
                for name, latency in report.latency.items()
            },
            objectives=checked,
            flows=flows,
            shards=shards,
            signals=found,
            freshness=freshness,
            left=left,
            drain_s=round(drain_s, 2),
            change_bytes=0.0 if stream is None else round(stream.bytes_each, 1),
            generator=report.generator.verdict,
            bottleneck=bottleneck.find(report, flows, shards, found, checked),
        )

    def _flows(
        self,
        written: Passages,
        stream: StreamRead | None,
        arrived: LakeArrivals,
        began: datetime,
        load_s: float,
        executed_s: float,
    ) -> list[StageFlow]:
        """Return the flows of capture and delivery; `executed_s` is the duration of one of the Pipe's executions."""
        delivered = arrived.passages(began)
        period_s, blur_s = self.pipeline.buffered_s, LAKE_RESOLUTION_S
        if stream is None:
            return [flow(DELIVERY, written, delivered, load_s, period_s=period_s, resolution_s=blur_s)]
        captured = stream.passages
        return [
            flow(CAPTURE, written, captured, load_s, period_s=executed_s),
            flow(DELIVERY, captured, delivered, load_s, period_s=period_s, resolution_s=blur_s),
        ]

    async def _write(self, rate: float, load_s: float) -> tuple[RunReport, datetime, MetricReading]:
        """Return the writer's report, the due time of its first write, and the metrics until then."""
        plan = structs.replace(
            self._load.plan,
            profile=profile("constant", rate, load_s, 0),
            seed=secrets.randbits(31),
            max_in_flight=min(max(round(rate), 256), 4096),
        )
        where = target.endpoint(self._outputs)
        job = Job(
            plan=plan,
            endpoint=where,
            table=self._table,
            writer="fast",
            keys=await target.key_attributes("fast", where, [self._table], orders=True),
            limits=Limits(connections=plan.max_in_flight),
        )
        workers = Processes(self._load.processes)
        try:
            await workers.launch()
            await workers.prepare(worker_pool.split(job, workers.segments))
            before = self._metrics.now()
            began = next_second(workers.lead_s)
            start_epoch_ns = int(began.timestamp()) * 1_000_000_000
            parts = await workers.run(start_epoch_ns, lambda _: None)
        finally:
            await workers.close()
        report = reports.build(job, parts, start_epoch_ns=start_epoch_ns, interrupted=False)
        if report.failure is not None or report.lost:
            reason = report.failure or report.lost[0].reason
            raise UserError(f"The load at {rate:,.0f}/s stopped early: {reason.rstrip('.')}.")
        if report.counts.throttled:
            asked = contributors.RunKeys(began=began, ended=datetime.now(UTC), accessed=False, throttled=True)
            report.keys = await contributors.read("fast", where, [self._table], asked)
        return report, began, before
