"""One segment of a run from start to end: in this process, in a child process, or on a cluster's worker."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from loadgen import compiled
from loadgen.dynamodb.writers import open_writer
from loadgen.engine.batched_inserts import BatchedInserts
from loadgen.engine.closed_loop import ClosedLoop
from loadgen.engine.engine import Engine
from loadgen.engine.planned_writes import PlannedWrites
from loadgen.engine.single_writes import SingleWrites
from loadgen.engine.source import CallSource
from loadgen.job import Job, SegmentTotals
from loadgen.ledger import Ledger, LedgerFile
from loadgen.metrics.counters import MetricsRow, SegmentMetrics
from loadgen.schedule.plan import Plan
from loadgen.workloads import earlier, pools, replay
from loadgen.workloads.base import Workload
from loadgen.workloads.custom import Script, Scripted
from loadgen.workloads.order import Order
from loadgen.workloads.orders import Orders
from loadgen.workloads.pools import Pools

WARM_CONNECTIONS = 32


class Segment:
    """Carries out a job: `prepare`, then `run` at the start that all segments have in common.

    `script` is the workload that the job names, if it is loaded already; else it is imported. Raises: UserError: there
    is no such workload.
    """

    def __init__(
        self, job: Job, on_row: Callable[[MetricsRow], None] | None = None, script: Script | None = None
    ) -> None:
        self._job = job
        self._script = script or replay.script(job.plan, job.script, job.table, job.keys)
        self._on_row = on_row
        self._writer = open_writer(job.writer, job.endpoint, job.limits)
        self._pools: Pools | None = None
        self._known: dict[int, Order] = {}
        self._engine: Engine | None = None
        self._stopped = False

    async def prepare(self) -> None:
        """Make the pools, open the writer and read earlier orders before the start, so that the start is punctual."""
        job = self._job
        if self._script is None:
            self._pools = pools.build(job.plan.seed)
        await self._writer.open(min(job.limits.connections, WARM_CONNECTIONS))
        if job.earlier:
            self._known = await earlier.read(self._writer, job.table, job.earlier, job.plan)

    async def run(self, start_epoch_ns: int) -> SegmentTotals:
        """Carry out the plan, which starts at this wall time."""
        job, plan = self._job, self._job.plan
        start_ns = time.monotonic_ns() + start_epoch_ns - time.time_ns()
        metrics = SegmentMetrics(start_ns, plan.before_s, closed=plan.users > 0)
        ledger = LedgerFile(Path(job.ledger)) if job.ledger is not None else None
        source = call_source(plan, self._workload(start_epoch_ns), metrics, start_ns=start_ns, ledger=ledger)
        self._engine = Engine(
            plan,
            source,
            self._writer,
            metrics,
            keys=job.keys,
            policy=job.policy,
            ledger=ledger,
            on_row=self._on_row,
        )
        if self._stopped:
            self._engine.stop()
        cpu_s = time.thread_time()
        await self._engine.run()
        return SegmentTotals(
            segment=plan.segment,
            counts=metrics.measured.counts(),
            kinds={kind: counters.counts() for kind, counters in metrics.measured.kinds().items()},
            warm_up=metrics.warm_up.counts(),
            elapsed_s=(time.monotonic_ns() - start_ns) / 1e9,
            cpu_s=time.thread_time() - cpu_s,
            failure=self._engine.failure,
            limit_reached=self._engine.limit_reached,
            native=compiled.native is not None,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._writer.close()

    def stop(self) -> None:
        """Stop sending and wait for replies; when called again, stop waiting too."""
        if self._engine is not None:
            if self._stopped:
                self._engine.abandon()
            else:
                self._engine.stop()
        self._stopped = True

    def _workload(self, start_epoch_ns: int) -> Workload:
        job, plan = self._job, self._job.plan
        if self._script is not None:
            return Scripted(
                self._script,
                job.keys,
                seed=plan.seed,
                segment=plan.segment,
                segments=plan.segments,
            )
        return Orders(
            self._pools or pools.build(plan.seed),
            plan.mix,
            plan.keys,
            table=job.table,
            seed=plan.seed,
            preload=plan.preload.orders,
            earlier=job.earlier,
            known=self._known,
            segment=plan.segment,
            segments=plan.segments,
            epoch_ns=start_epoch_ns,
            whole_items=plan.batch > 1,
            item_bytes=plan.item_bytes,
        )


def call_source(
    plan: Plan, workload: Workload, metrics: SegmentMetrics, *, start_ns: int, ledger: Ledger | None = None
) -> CallSource:
    """Return the fastest source of calls that supports a plan with this workload."""
    if plan.users:
        return ClosedLoop(plan, workload, metrics, start_ns=start_ns, ledger=ledger)
    if isinstance(workload, Orders) and BatchedInserts.fits(plan, workload):
        return BatchedInserts(plan, workload, metrics, start_ns=start_ns, ledger=ledger)
    if isinstance(workload, Orders) and SingleWrites.fits(plan):
        return SingleWrites(plan, workload, metrics, start_ns=start_ns, ledger=ledger)
    return PlannedWrites(plan, workload, metrics, start_ns=start_ns, ledger=ledger)
