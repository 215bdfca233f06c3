"""A run by the command line: from its options to its exit code."""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
import time
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from loadgen.cli import arguments
from loadgen.cli.progress import JsonLines, ProgressView, Silent
from loadgen.distributed import worker_pool
from loadgen.distributed.processes import Processes
from loadgen.distributed.worker_pool import WorkerPool
from loadgen.dynamodb import target
from loadgen.dynamodb.writer import Limits
from loadgen.job import Job
from loadgen.metrics.counters import MetricsRow
from loadgen.report import page, summary
from loadgen.report import report as reports
from loadgen.report.abort import Abort
from loadgen.report.expected import Expected
from loadgen.report.report import RunReport
from loadgen.report.threshold import Threshold
from loadgen.schedule import profiles
from loadgen.schedule.mix import Mix
from loadgen.schedule.plan import Plan, Preload
from loadgen.schedule.profile import AnyProfile, Constant
from loadgen.schedule.trace import recorded
from loadgen.workloads import custom
from stack import Exit, StackOutputs, UserError, check_writable, resolve_options

DEFAULT_DURATION_S = 60.0
# A closed loop that ends by its count.
_COUNTED_DURATION_S = 7 * 24 * 3600.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main(argv: Sequence[str]) -> int:
    """Carry out a run, and save its report; the exit code."""
    parser = arguments.parser()
    options = parser.parse_args(argv)
    try:
        plan = _plan(options)
    except ArgumentTypeError as error:
        parser.error(str(error))
    outputs = resolve_options(options)
    for option in ("report", "html", "ledger", "prometheus"):
        check_writable(option, getattr(options, option))
    report = asyncio.run(_run(options, plan, outputs))
    report.thresholds = [threshold.check(report) for threshold in _thresholds(options.threshold)]
    # The figures first: they are known even when the files cannot be written.
    summary.show(report)
    report.save(options.report)
    if options.html is not None:
        page.write(report, options.html)
    sys.stdout.write(f"report: {options.report}" + (f"   page: {options.html}" if options.html else "") + "\n")
    return _exit_code(report)


def _thresholds(given: Sequence[Threshold]) -> Sequence[Threshold]:
    """Those given; and that no write failed, unless one of them says how many may."""
    if any(threshold.metric in ("failed", "acked_share") for threshold in given):
        return given
    return [*given, Threshold.parse("failed==0")]


def _plan(options: Namespace) -> Plan:
    if sum(given is not None for given in (options.rps, options.users, options.trace)) != 1:
        raise ArgumentTypeError(
            "give one of --rps, the rate, --users, how many send one operation after the other, and --trace, "
            "what was recorded"
        )
    if options.trace is not None:
        _check_trace(options)
    if options.users is not None:
        _check_closed(options)
    elif options.think > 0:
        raise ArgumentTypeError("--think is how long each of --users waits: with --rps, nobody does")
    seed = secrets.randbits(31) if options.seed is None else cast("int", options.seed)
    profile = _profile(options, seed)
    orders, per_s = options.preload
    preload = Preload(orders, per_s or options.rps or 1.0)
    if options.mix.insert == orders == 0:
        raise ArgumentTypeError("the mix has no inserts, and updates and deletes need orders: --preload some")
    if orders and options.workload:
        raise ArgumentTypeError("--preload is for orders: a --workload writes what its `change` says")
    fastest = max(options.rps or profile.rate(0.0), preload.per_s if orders else 0.0)
    return Plan(
        profile=profile,
        limit=options.count,
        preload=preload,
        warm_up_s=options.warm_up,
        mix=options.mix,
        keys=options.keys,
        item_bytes=options.item_size,
        max_write_units=options.max_write_units,
        seed=seed,
        batch=options.batch,
        batch_wait_s=options.batch_wait,
        max_in_flight=options.users or options.max_in_flight or min(max(round(fastest), 256), 4096),
        users=options.users or 0,
        think_s=options.think,
    )


def _check_trace(options: Namespace) -> None:
    """ArgumentTypeError for options that a trace has no use for."""
    given = {
        "--profile": options.profile != "constant",
        "--duration": options.duration is not None,
        "--preload": options.preload[0] > 0,
        "--warm-up": options.warm_up > 0,
        "--workload": options.workload is not None,
        "--mix": options.mix != Mix(),
        "--cluster": options.cluster is not None,
    }
    for option, is_given in given.items():
        if is_given:
            raise ArgumentTypeError(f"{option} does not go with --trace, which says what is written, and when")


def _check_closed(options: Namespace) -> None:
    """ArgumentTypeError for options that a closed loop has no use for."""
    given = {
        "--profile": options.profile != "constant",
        "--preload": options.preload[0] > 0,
        "--batch": options.batch > 1,
        "--max-in-flight": options.max_in_flight is not None,
    }
    for option, is_given in given.items():
        if is_given:
            raise ArgumentTypeError(f"{option} goes with --rps: each of --users sends one operation at a time")
    for threshold in options.threshold:
        if threshold.metric.startswith("intended_"):
            raise ArgumentTypeError(f"{threshold.expression!r}: with --users intended latency is not defined")


def _profile(options: Namespace, seed: int) -> AnyProfile:
    """The profile; with a count and no duration it goes on until the count is reached."""
    duration_s = cast("float | None", options.duration)
    count = cast("int | None", options.count)
    if options.trace is not None:
        return recorded(options.trace, options.speed)
    if options.users is not None:
        longest_s = DEFAULT_DURATION_S if count is None else _COUNTED_DURATION_S
        return Constant(0.0, duration_s or longest_s)
    if duration_s is not None or count is None:
        return profiles.profile(options.profile, options.rps, duration_s or DEFAULT_DURATION_S, seed)
    return profiles.profile(options.profile, options.rps, profiles.enough_s(options.profile, options.rps, count), seed)


async def _run(options: Namespace, plan: Plan, outputs: StackOutputs) -> RunReport:
    workers = _workers(options)
    interrupts = Interrupts()
    job: Job | None = None
    try:
        await workers.launch()
        job = await _job(options, plan, outputs)
        expected = Expected.of(job, options.price)
        await workers.prepare(worker_pool.split(job, workers.segments))
        interrupts.call(workers.stop)
        abort = Abort(_thresholds(options.threshold) if options.abort else (), None if plan.users else plan.count)
        report = await _carry_out(workers, job, _progress(options, job), expected, interrupts, abort)
        report.cost = expected.report(report.counts.write_units + report.warm_up.write_units)
        return report
    except asyncio.CancelledError:
        if job is None or not interrupts.count:
            raise KeyboardInterrupt from None
        return reports.build(job, [], start_epoch_ns=time.time_ns(), interrupted=True)
    finally:
        await workers.close()
        interrupts.close()


def _workers(options: Namespace) -> WorkerPool:
    if options.cluster is None:
        return Processes(options.processes)
    from loadgen.distributed.cluster import Cluster

    return Cluster(options.cluster, options.workload)


async def _carry_out(
    workers: WorkerPool, job: Job, progress: ProgressView, expected: Expected, interrupts: Interrupts, abort: Abort
) -> RunReport:
    aborted: str | None = None

    def on_row(row: MetricsRow) -> None:
        nonlocal aborted
        progress.row(row)
        if aborted is None and (lost := abort.row(row)) is not None:
            aborted = lost.expression
            workers.stop()

    start_epoch_ns = time.time_ns() + round(workers.lead_s * 1e9)
    progress.begin(expected)
    try:
        parts = await workers.run(start_epoch_ns, on_row)
    finally:
        progress.end()
    report = reports.build(job, parts, start_epoch_ns=start_epoch_ns, interrupted=interrupts.count > 0)
    report.aborted = aborted
    return report


async def _job(options: Namespace, plan: Plan, outputs: StackOutputs) -> Job:
    """The job, once the tables are known to be there."""
    table = outputs.require("table_name")
    where = target.endpoint(outputs)
    script = cast("str | None", options.workload)
    tables = [table] if script is None else list(custom.load(script, table).tables)
    of_orders = script is None and options.trace is None
    ledger = cast("Path | None", options.ledger)
    return Job(
        plan=plan,
        endpoint=where,
        table=table,
        writer=options.writer,
        keys=await target.key_attributes(options.writer, where, tables, orders=of_orders),
        limits=Limits(connections=plan.max_in_flight),
        ledger=None if ledger is None else str(ledger.absolute()),
        script=script,
    )


def _progress(options: Namespace, job: Job) -> ProgressView:
    view = _view(options, job)
    if options.prometheus is None:
        return view
    from loadgen.cli.prometheus import PrometheusFile

    return PrometheusFile(options.prometheus, job.table, view)


def _view(options: Namespace, job: Job) -> ProgressView:
    if options.quiet:
        return Silent()
    if sys.stderr.isatty():
        from loadgen.report.live import LiveView

        return LiveView(job.plan, job.table)
    return JsonLines()


def _exit_code(report: RunReport) -> int:
    if report.failure is not None:
        raise UserError(f"The run was given up. {report.failure}")
    if report.interrupted:
        return Exit.INTERRUPTED
    if report.lost:
        return Exit.INCOMPLETE
    if report.counts.acked == 0 or not all(threshold.met for threshold in report.thresholds):
        return Exit.NOT_AS_WANTED
    return 0


class Interrupts:
    """Ctrl-C and SIGTERM: counts them. They cancel the task that made this, until `call` says what to do instead."""

    def __init__(self) -> None:
        self.count = 0
        task = asyncio.current_task()
        self._stop: Callable[[], object] = (lambda: None) if task is None else task.cancel
        self._running = False
        self._loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            self._loop.add_signal_handler(number, self._interrupt)

    def call(self, stop: Callable[[], None]) -> None:
        """From now on, stop the run by this call instead."""
        self._stop = stop
        self._running = True

    def close(self) -> None:
        """Restore the signals' handlers."""
        for number in _SIGNALS:
            self._loop.remove_signal_handler(number)

    def _interrupt(self) -> None:
        self.count += 1
        if self.count == 1 and self._running:
            sys.stderr.write("\nstopping: waiting for the replies of what is in flight (again to stop at once)\n")
        self._stop()
