"""Carry out a run by the command line, from its options to its exit code; scenarios are concurrent runs."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import cast

from msgspec import structs

from loadgen.cli import arguments
from loadgen.cli.plan import plan_of
from loadgen.cli.progress import JsonLines, ProgressView, Silent
from loadgen.cli.scenarios import Scenario, read_scenarios
from loadgen.distributed import worker_pool
from loadgen.distributed.processes import Processes
from loadgen.distributed.worker_pool import WorkerPool
from loadgen.dynamodb import contributors, target
from loadgen.dynamodb.contributors import TableKeys
from loadgen.dynamodb.writer import Limits
from loadgen.job import Job
from loadgen.metrics.counters import MetricsRow
from loadgen.report import combined, page, summary
from loadgen.report import report as reports
from loadgen.report.abort import Abort
from loadgen.report.expected import Expected
from loadgen.report.report import RunReport
from loadgen.report.threshold import Threshold
from loadgen.schedule.plan import Plan
from loadgen.workloads import custom, earlier, orders
from stack import Exit, StackOutputs, UserError, check_distinct, check_writable, resolve_options
from stack.commandline import interrupts_deferred

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main(argv: Sequence[str]) -> int:
    """Carry out a run, or the scenarios of a file, save the reports and return the exit code."""
    parser = arguments.parser()
    options = parser.parse_args(argv)
    try:
        if options.scenarios is None:
            scenarios = [Scenario("", 0.0, options, plan_of(options))]
        else:
            scenarios = read_scenarios(options.scenarios, argv, parser)
    except ArgumentTypeError as error:
        parser.error(str(error))
    outputs = resolve_options(options)
    check_writable("report", options.report)
    for scenario in scenarios:
        _check_files(scenario.options)
    done = asyncio.run(_run_all(scenarios, outputs))
    # Who stops it once more would lose the report.
    with interrupts_deferred():
        _show_and_save(scenarios, done, options.report if options.scenarios is not None else None)
    return max((_exit_code(report) for report in done), key=_GRAVITY.index)


def _check_files(options: Namespace) -> None:
    """Raise UserError when the files of a run cannot be written, or would replace each other or what it reads."""
    written: dict[str, Path | None] = {}
    for option in ("report", "html", "ledger", "prometheus"):
        written[f"--{option}"] = path = getattr(options, option)
        check_writable(option, path)
    read = {"--trace": options.trace, "--scenarios": options.scenarios, "--continue-from": options.continue_from}
    check_distinct(written)
    # A ledger is appended to, also to that of an earlier run.
    check_distinct({name: path for name, path in written.items() if name != "--ledger"}, read)


def _show_and_save(scenarios: Sequence[Scenario], done: Sequence[RunReport], together: Path | None) -> None:
    for scenario, report in zip(scenarios, done, strict=True):
        report.thresholds = [threshold.check(report) for threshold in _thresholds(scenario.options.threshold)]
        # Print the summary first: it must appear even when the files cannot be written.
        summary.show(report, scenario.name)
    for scenario, report in zip(scenarios, done, strict=True):
        _save(scenario.options, report)
    if together is not None:
        _save_combined(together, scenarios, done)


def _save(options: Namespace, report: RunReport) -> None:
    report.save(options.report)
    if options.html is not None:
        page.write(report, options.html)
    sys.stdout.write(f"report: {options.report}" + (f"   page: {options.html}" if options.html else "") + "\n")


def _save_combined(path: Path, scenarios: Sequence[Scenario], done: Sequence[RunReport]) -> None:
    named = [(one.name, one.start_s, report) for one, report in zip(scenarios, done, strict=True)]
    together = combined.combine(named)
    combined.show(together)
    together.save(path)
    sys.stdout.write(f"report of all: {path}\n")


def _thresholds(given: Sequence[Threshold]) -> Sequence[Threshold]:
    """Return the given thresholds, and `failed==0` unless one of them limits `failed`."""
    if any(threshold.kind is None and threshold.metric in ("failed", "acked_share") for threshold in given):
        return given
    return [*given, Threshold.parse("failed==0")]


async def _run_all(scenarios: Sequence[Scenario], outputs: StackOutputs) -> list[RunReport]:
    """Carry out scenarios, each of which begins at its own offset from the common start."""
    interrupts = Interrupts()
    runs = [_Run(scenario, outputs) for scenario in scenarios]
    try:
        for run in runs:
            await run.prepare()
        interrupts.call(partial(_stop, runs))
        views = _views(scenarios, [run.job for run in runs])
        start_epoch_ns = time.time_ns() + round(max(run.lead_s for run in runs) * 1e9)
        return await asyncio.gather(
            *(run.carry_out(start_epoch_ns, view, interrupts) for run, view in zip(runs, views, strict=True))
        )
    except asyncio.CancelledError:
        if not interrupts.count or not all(run.ready for run in runs):
            raise KeyboardInterrupt from None
        return [reports.build(run.job, [], start_epoch_ns=time.time_ns(), interrupted=True) for run in runs]
    finally:
        for run in runs:
            await run.close()
        interrupts.close()


def _stop(runs: Sequence[_Run]) -> None:
    for run in runs:
        run.stop()


class _Run:
    """A scenario's workers and their job; `job` and `expected` are set by `prepare`."""

    def __init__(self, scenario: Scenario, outputs: StackOutputs) -> None:
        self._scenario = scenario
        self._outputs = outputs
        self._workers = _workers(scenario.options)
        self.ready = False
        self.job: Job
        self.stop = self._workers.stop
        self.close = self._workers.close

    @property
    def lead_s(self) -> float:
        """How long before the start the workers must receive it."""
        return self._workers.lead_s

    async def prepare(self) -> None:
        """Start or find the workers and prepare them."""
        await self._workers.launch()
        self.job = await _job(self._scenario.options, self._scenario.plan, self._outputs)
        self._expected = Expected.of(self.job, self._scenario.options.price)
        self.ready = True
        await self._workers.prepare(worker_pool.split(self.job, self._workers.segments))

    async def carry_out(self, start_epoch_ns: int, progress: ProgressView, interrupts: Interrupts) -> RunReport:
        """Carry out the scenario, which begins at its offset from the common start."""
        plan, options = self._scenario.plan, self._scenario.options
        abort = Abort(_thresholds(options.threshold) if options.abort else (), None if plan.users else plan.count)
        aborted: str | None = None

        def on_row(row: MetricsRow) -> None:
            nonlocal aborted
            progress.row(row)
            if aborted is None and (lost := abort.row(row)) is not None:
                aborted = lost.expression
                self._workers.stop()

        begin_epoch_ns = start_epoch_ns + round(self._scenario.start_s * 1e9)
        progress.begin(self._expected)
        try:
            parts = await self._workers.run(begin_epoch_ns, on_row)
        finally:
            progress.end()
        report = reports.build(self.job, parts, start_epoch_ns=begin_epoch_ns, interrupted=interrupts.count > 0)
        report.aborted = aborted
        report.keys = await self._keys(report, begin_epoch_ns, interrupts)
        report.cost = self._expected.report(report.counts.write_units + report.warm_up.write_units)
        return report

    async def _keys(self, report: RunReport, begin_epoch_ns: int, interrupts: Interrupts) -> list[TableKeys]:
        """Return the hot keys of the run's tables; nothing is read after an interrupt."""
        if interrupts.count or report.failure is not None or not report.counts.sent:
            return []
        asked = contributors.RunKeys(
            began=datetime.fromtimestamp(begin_epoch_ns / 1e9, UTC),
            ended=datetime.now(UTC),
            accessed=report.counts.acked > 0,
            throttled=sum(report.counts.throttled.values()) > 0,
        )
        job = self.job
        return await contributors.read(job.writer, job.endpoint, list(job.keys), asked, lambda: interrupts.count > 0)


def _workers(options: Namespace) -> WorkerPool:
    if options.cluster is None:
        return Processes(options.processes)
    from loadgen.distributed.cluster import Cluster

    return Cluster(options.cluster, options.workload)


async def _job(options: Namespace, plan: Plan, outputs: StackOutputs) -> Job:
    """Return the job after checking that the tables exist."""
    table = outputs.require("table_name")
    where = target.endpoint(outputs)
    script = cast("str | None", options.workload)
    tables = [table] if script is None else list(custom.load(script, table).tables)
    of_orders = script is None and options.trace is None
    ledger = cast("Path | None", options.ledger)
    before = cast("Path | None", options.continue_from)
    keys = () if before is None else earlier.of_table(before, table, orders.prefix(plan.seed))
    return Job(
        plan=structs.replace(plan, earlier=len(keys)),
        endpoint=where,
        table=table,
        writer=options.writer,
        keys=await target.key_attributes(options.writer, where, tables, orders=of_orders),
        limits=Limits(connections=plan.max_in_flight),
        ledger=None if ledger is None else str(ledger.absolute()),
        script=script,
        earlier=keys,
    )


def _views(scenarios: Sequence[Scenario], jobs: Sequence[Job]) -> list[ProgressView]:
    views: list[ProgressView]
    if scenarios[0].options.quiet:
        views = [Silent() for _ in scenarios]
    elif not sys.stderr.isatty():
        views = [JsonLines(scenario.name) for scenario in scenarios]
    elif len(scenarios) == 1:
        from loadgen.report.live import LiveView

        views = [LiveView(jobs[0].plan, jobs[0].table)]
    else:
        from loadgen.report.live_scenarios import LiveScenarios

        live = LiveScenarios([scenario.name for scenario in scenarios])
        views = [live.view(scenario.name) for scenario in scenarios]
    return [_published(*each) for each in zip(scenarios, jobs, views, strict=True)]


def _published(scenario: Scenario, job: Job, view: ProgressView) -> ProgressView:
    options = scenario.options
    if options.prometheus is not None:
        from loadgen.cli.prometheus import PrometheusFile

        view = PrometheusFile(options.prometheus, job.table, view, scenario.name)
    if options.otlp is not None:
        from loadgen.cli.otlp import OtlpExport

        view = OtlpExport(options.otlp, job.table, view, scenario.name)
    return view


# In ascending order of severity.
_GRAVITY = (0, Exit.NOT_AS_WANTED, Exit.INCOMPLETE, Exit.INTERRUPTED)


def _exit_code(report: RunReport) -> int:
    if report.failure is not None:
        raise UserError(f"The run stopped early: {report.failure}")
    if report.interrupted:
        return Exit.INTERRUPTED
    if report.lost:
        return Exit.INCOMPLETE
    if report.counts.acked == 0 or not all(threshold.met for threshold in report.thresholds):
        return Exit.NOT_AS_WANTED
    return 0


class Interrupts:
    """Counts Ctrl-C and SIGTERM. The first cancels the creating task, until `call` sets a reaction to each of them."""

    def __init__(self) -> None:
        self.count = 0
        task = asyncio.current_task()
        self._stop: Callable[[], object] = (lambda: None) if task is None else task.cancel
        self._running = False
        self._loop = asyncio.get_running_loop()
        self._before = {number: signal.getsignal(number) for number in _SIGNALS}
        for number in _SIGNALS:
            self._loop.add_signal_handler(number, self._interrupt)

    def call(self, stop: Callable[[], None]) -> None:
        """Stop the run by this call instead, from now on."""
        self._stop = stop
        self._running = True

    def close(self) -> None:
        """Restore the signals' handlers, which the loop replaces by the default ones."""
        for number, handler in self._before.items():
            self._loop.remove_signal_handler(number)
            signal.signal(number, handler)

    def _interrupt(self) -> None:
        self.count += 1
        if self.count == 1 and self._running:
            sys.stderr.write("\nstopping: waiting for the replies of what is in flight (again to stop immediately)\n")
        # A task that is cancelled only ends its workers, which takes seconds at most.
        if self.count == 1 or self._running:
            self._stop()
