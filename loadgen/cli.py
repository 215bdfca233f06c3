"""`python -m loadgen`: options in, a run, a report out."""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn, cast

from loadgen import report as reports
from loadgen import segment, summary, target
from loadgen.figures import Row
from loadgen.mix import Mix
from loadgen.options import duration, number, positive, whole
from loadgen.plan import Plan
from loadgen.profile import Constant
from loadgen.progress import JsonLines, Progress, Silent
from loadgen.segment import Job
from loadgen.writer import Limits
from stack import StackOutputs, UserError, add_options, resolve_options
from stack import run as run_tool

EXIT_NOTHING_ACKED = 1
EXIT_INTERRUPTED = 130
_LEAD_NS = 20_000_000
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_DESCRIPTION = """\
Write sales orders to a DynamoDB table at a rate that does not depend on how fast it answers.

Every write has its time in a plan that is fixed in advance. When the table is slow the plan goes on:
the latency is measured from the planned time, and writes beyond --max-in-flight are dropped and counted.
"""
_EPILOG = """\
examples:
  python -m loadgen --rps 500                                   a minute against the running sandbox
  python -m loadgen --rps 2000 --duration 10m --stack dev       ten minutes against a deployed stack
  python -m loadgen --rps 50 --table orders --region eu-west-1  a table by name
  python -m loadgen --rps 500 --mix insert=20,update=75,delete=5 --seed 7 --report run.json

exit codes:
  0 done    1 no write was acknowledged    2 it could not begin or go on: one sentence says why
  130 stopped by Ctrl-C: what was in flight is waited for, and the report is written
"""


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    return run_tool(lambda: _main(argv))


def _main(argv: Sequence[str] | None) -> int:
    arguments = _parser().parse_args(argv)
    plan = _plan(arguments)
    outputs = resolve_options(arguments)
    import uvloop

    return uvloop.run(_run(arguments, plan, outputs))


def _parser() -> ArgumentParser:
    from rich_argparse import RawDescriptionRichHelpFormatter

    parser = _Parser(
        prog="python -m loadgen",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=RawDescriptionRichHelpFormatter,
        allow_abbrev=False,
    )
    load = parser.add_argument_group("the load")
    load.add_argument("--rps", type=positive(number), required=True, metavar="N", help="writes per second")
    load.add_argument(
        "--duration", type=positive(duration), default=60.0, metavar="TIME", help="how long: 30s, 5m, 1h (default: 60s)"
    )
    load.add_argument(
        "--warm-up",
        type=duration,
        default=0.0,
        metavar="TIME",
        help="write at the first rate for this long before, and leave it out of the figures (default: none)",
    )
    load.add_argument(
        "--mix",
        type=_mix,
        default=Mix(),
        metavar="MIX",
        help="shares of new, changed and deleted orders (default: insert=60,update=30,delete=10)",
    )
    load.add_argument(
        "--seed", type=whole(0), metavar="N", help="the same seed writes the same orders (default: another each run)"
    )
    load.add_argument(
        "--max-in-flight",
        type=whole(1),
        metavar="N",
        help="unanswered requests at a time; writes beyond are dropped "
        "(default: as many as are planned in a second, between 256 and 4096)",
    )
    output = parser.add_argument_group("what comes out")
    output.add_argument(
        "--report", type=Path, default=Path("report.json"), metavar="PATH", help="the report (default: report.json)"
    )
    output.add_argument("--ledger", type=Path, metavar="PATH", help="append each acknowledged write to this file")
    output.add_argument("--quiet", action="store_true", help="no progress, only the summary")
    add_options(parser, "table_name")
    parser.add_argument_group("the writer").add_argument(
        "--writer", choices=("fast", "aioboto3"), default="fast", help="what speaks to DynamoDB (default: fast)"
    )
    return parser


def _mix(text: str) -> Mix:
    try:
        return Mix.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def _plan(arguments: Namespace) -> Plan:
    rate = cast("float", arguments.rps)
    in_flight = cast("int | None", arguments.max_in_flight)
    seed = cast("int | None", arguments.seed)
    return Plan(
        profile=Constant(rate, arguments.duration),
        warm_up_s=arguments.warm_up,
        mix=arguments.mix,
        seed=secrets.randbits(31) if seed is None else seed,
        max_in_flight=in_flight or min(max(round(rate), 256), 4096),
    )


async def _run(arguments: Namespace, plan: Plan, outputs: StackOutputs) -> int:
    _check_writable(arguments.report)
    job = await _job(arguments, plan, outputs)
    progress = _progress(arguments, job)
    rows: list[Row] = []

    def on_row(row: Row) -> None:
        rows.append(row)
        progress.row(row)

    one = segment.Segment(job, on_row)
    await one.prepare()
    interrupts = Interrupts(one.stop)
    start_epoch_ns = time.time_ns() + _LEAD_NS
    progress.begin()
    try:
        result = await one.run(start_epoch_ns)
    finally:
        progress.end()
        interrupts.close()
    report = reports.build(job, [result], rows, start_epoch_ns=start_epoch_ns, interrupted=interrupts.count > 0)
    report.save(arguments.report)
    sys.stdout.write("\n".join([*summary.lines(report), f"report: {arguments.report}"]) + "\n")
    if report.failure is not None:
        raise UserError(f"The run was given up because the service did not accept the credentials: {report.failure}")
    if interrupts.count:
        return EXIT_INTERRUPTED
    return EXIT_NOTHING_ACKED if report.counts.acked == 0 else 0


async def _job(arguments: Namespace, plan: Plan, outputs: StackOutputs) -> Job:
    """The job, once the table is known to be there."""
    table = outputs.require("table_name")
    where = target.endpoint(outputs)
    limits = Limits(connections=plan.max_in_flight)
    writer = segment.open_writer(arguments.writer, where, limits)
    await writer.open(0)
    try:
        keys = await target.key_names(writer, table, where)
    finally:
        await writer.close()
    ledger = cast("Path | None", arguments.ledger)
    return Job(
        plan=plan,
        endpoint=where,
        table=table,
        writer=arguments.writer,
        keys={table: keys},
        limits=limits,
        ledger=None if ledger is None else str(ledger),
    )


def _check_writable(path: Path) -> None:
    """UserError now, rather than after the run, when the report's directory is missing."""
    if not path.parent.is_dir():
        raise UserError(f"The report cannot be written: {path.parent} is no directory; create it or change --report.")


def _progress(arguments: Namespace, job: Job) -> Progress:
    if arguments.quiet:
        return Silent()
    if sys.stderr.isatty():
        from loadgen.live import LiveView

        return LiveView(job.plan, job.table)
    return JsonLines()


class Interrupts:
    """Ctrl-C and SIGTERM: counts them and tells the run, instead of breaking into it."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self.count = 0
        self._stop = stop
        self._loop = asyncio.get_running_loop()
        for signal_number in _SIGNALS:
            self._loop.add_signal_handler(signal_number, self._interrupt)

    def close(self) -> None:
        """Leave the signals alone again."""
        for signal_number in _SIGNALS:
            self._loop.remove_signal_handler(signal_number)

    def _interrupt(self) -> None:
        self.count += 1
        if self.count == 1:
            sys.stderr.write("\nstopping: waiting for the replies of what is in flight (again to stop at once)\n")
        self._stop()
