"""One segment of a run, start to end: in this process, in a child, or on a cluster's worker."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from loadgen import compiled, custom, pools
from loadgen.custom import Scripted
from loadgen.engine import Engine
from loadgen.figures import Counts, Figures, Row
from loadgen.ledger import LedgerFile
from loadgen.orders import Orders
from loadgen.plan import Plan
from loadgen.pools import Pools
from loadgen.retry import RetryPolicy
from loadgen.workload import Workload
from loadgen.writer import Endpoint, Limits, Writer

WARM_CONNECTIONS = 32


class Job(Struct, frozen=True, kw_only=True):
    """All that a segment needs to know but for the start, which all segments have in common.

    `keys` are the key attributes of the tables, by name; `script` is the name
    of a workload of the user's own, instead of orders.
    """

    plan: Plan
    endpoint: Endpoint
    table: str
    writer: str
    keys: dict[str, tuple[str, ...]]
    policy: RetryPolicy = RetryPolicy()
    limits: Limits = Limits()
    ledger: str | None = None
    script: str | None = None


class Result(Struct, kw_only=True):
    """What a segment came to. `cpu_s` is the processor time of the sending, of `elapsed_s` in all.

    `native` says whether the compiled module was there, where the segment ran.
    """

    segment: int
    counts: Counts
    warm_up: Counts
    elapsed_s: float
    cpu_s: float
    failure: str | None = None
    braked: bool = False
    native: bool = False


class Segment:
    """Carries out a job: `prepare`, then `run` at the start that all segments have in common."""

    def __init__(self, job: Job, on_row: Callable[[Row], None] | None = None) -> None:
        self._job = job
        self._on_row = on_row
        self._writer = open_writer(job.writer, job.endpoint, job.limits)
        self._pools: Pools | None = None
        self._engine: Engine | None = None
        self._stopped = False

    async def prepare(self) -> None:
        """Make the pools and open the writer, so that the start is not late."""
        if self._job.script is None:
            self._pools = pools.build(self._job.plan.seed)
        await self._writer.open(min(self._job.limits.connections, WARM_CONNECTIONS))

    async def run(self, start_epoch_ns: int) -> Result:
        """Carry out the plan from this wall time on."""
        job, plan = self._job, self._job.plan
        start_ns = time.monotonic_ns() + start_epoch_ns - time.time_ns()
        figures = Figures(start_ns, plan.warm_up_s)
        self._engine = Engine(
            plan,
            self._workload(start_epoch_ns),
            self._writer,
            figures,
            start_ns=start_ns,
            keys=job.keys,
            policy=job.policy,
            ledger=LedgerFile(Path(job.ledger)) if job.ledger is not None else None,
            on_row=self._on_row,
        )
        if self._stopped:
            self._engine.stop()
        cpu_s = time.thread_time()
        await self._engine.run()
        return Result(
            segment=plan.segment,
            counts=figures.measured.counts(),
            warm_up=figures.warm_up.counts(),
            elapsed_s=(time.monotonic_ns() - start_ns) / 1e9,
            cpu_s=time.thread_time() - cpu_s,
            failure=self._engine.failure,
            braked=self._engine.braked,
            native=compiled.native is not None,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._writer.close()

    def stop(self) -> None:
        """The first time: send no more, and wait for replies. The second time: wait for nothing."""
        if self._engine is not None:
            if self._stopped:
                self._engine.abandon()
            else:
                self._engine.stop()
        self._stopped = True

    def _workload(self, start_epoch_ns: int) -> Workload:
        job, plan = self._job, self._job.plan
        if job.script is not None:
            return Scripted(
                custom.load(job.script, job.table),
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
            segment=plan.segment,
            segments=plan.segments,
            epoch_ns=start_epoch_ns,
            whole_items=plan.batch > 1,
            item_bytes=plan.item_bytes,
        )


def open_writer(name: str, endpoint: Endpoint, limits: Limits) -> Writer:
    """The writer called `name`, not yet open."""
    if name == "fast":
        from loadgen.fast import FastWriter

        return FastWriter(endpoint, limits)
    from loadgen.reference import ReferenceWriter

    return ReferenceWriter(endpoint, limits)
