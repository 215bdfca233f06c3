"""Carry out a run from Python, in this process: `loadgen.run`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from loadgen.dynamodb.target import key_attributes
from loadgen.dynamodb.writer import Endpoint, Limits
from loadgen.engine.segment import Segment
from loadgen.job import Job, SegmentResult
from loadgen.metrics.counters import MetricsRow
from loadgen.report.report import RunReport, build
from loadgen.schedule.plan import Plan
from loadgen.workloads.custom import Script


def run(
    plan: Plan,
    endpoint: Endpoint,
    *,
    table: str,
    workload: Script | None = None,
    writer: str = "fast",
    ledger: Path | None = None,
    on_row: Callable[[MetricsRow], None] | None = None,
) -> RunReport:
    """Carry out a plan in this process, on an event loop by uvloop; see `run_async`."""
    import uvloop

    carried_out = run_async(plan, endpoint, table=table, workload=workload, writer=writer, ledger=ledger, on_row=on_row)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(carried_out)


async def run_async(
    plan: Plan,
    endpoint: Endpoint,
    *,
    table: str,
    workload: Script | None = None,
    writer: str = "fast",
    ledger: Path | None = None,
    on_row: Callable[[MetricsRow], None] | None = None,
) -> RunReport:
    """Carry out a plan on the running event loop and return its report.

    Without a `workload`, sales orders are written to `table`, whose partition key must be `order_id`. A workload names
    its own tables, and `table` is then what the report calls the target. `writer` is "fast" or "aioboto3"; `ledger` is
    a file to which acknowledged writes are appended; `on_row` receives the row of each second when it ends. The event
    loop must do nothing else meanwhile: other work delays the writes. A cancelled task ends without a report.

    Raises: UserError: the tables cannot be written, or no credentials are found. `RunReport.failure` is the reason why
    a run stopped after its start.
    """
    tables = [table] if workload is None else list(workload.tables)
    job = Job(
        plan=plan,
        endpoint=endpoint,
        table=table,
        writer=writer,
        keys=await key_attributes(writer, endpoint, tables, orders=workload is None),
        limits=Limits(connections=plan.max_in_flight),
        ledger=None if ledger is None else str(ledger),
        script=None if workload is None else f"{type(workload).__module__}:{type(workload).__qualname__}",
    )
    rows: list[MetricsRow] = []

    def keep(row: MetricsRow) -> None:
        rows.append(row)
        if on_row is not None:
            on_row(row)

    segment = Segment(job, keep, workload)
    try:
        await segment.prepare()
        start_epoch_ns = time.time_ns()
        totals = await segment.run(start_epoch_ns)
    finally:
        await segment.close()
    return build(job, [SegmentResult(0, rows, totals)], start_epoch_ns=start_epoch_ns, interrupted=False)
