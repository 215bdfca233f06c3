"""`python -m loadgen capacity`: parses the options, carries out the steps and writes the report."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from msgspec import structs
from rich.console import Console

from capacity import page, remedy
from capacity.flow import enough_s
from capacity.objective import DEFAULTS, Objective
from capacity.pipeline import LAKE_RESOLUTION_S
from capacity.report import SCHEMA, CapacityReport, CapacityStep, gives_out, highest_held, lowest_failed
from capacity.search import search
from capacity.step import StepLoad, StepRunner
from loadgen.schedule.key_choices import keys
from loadgen.schedule.mix import Mix
from loadgen.schedule.plan import MAX_BATCH, Plan
from loadgen.schedule.profiles import profile
from loadgen.values import duration, positive, rate, share, size, whole
from stack import (
    Exit,
    Parser,
    StackOutputs,
    UserError,
    add_options,
    called,
    check_distinct,
    check_writable,
    resolve_options,
    version,
    write_lines,
)
from stack.commandline import interrupts_deferred
from stack.outputs import SANDBOX

_INTERRUPTED = "it was stopped, and its last step is not counted"
_UNPRICED = "it was stopped before its prices were known"
_LOCAL_STACK = "local"
_TIMES = (10.0, 1000.0)
_DESCRIPTION = """\
Find the capacity of a deployed pipeline: the highest rate of writes at which every stage keeps up and the objectives
hold, the first bottleneck, its reason, and the setting that raises the capacity.

Each step loads at one rate, then waits until the backlog is gone. A step that is too short to decide whether a stage
keeps up is repeated for twice as long, up to --longest.
"""
_EPILOG = """\
objectives: those of `python -m loadgen --threshold`, and freshness_p99<10s (p50, p90, p99, max)

exit codes: 0 a rate holds, 1 none does, 2 an error (one sentence gives the reason), 130 stopped by Ctrl-C or
SIGTERM: the report has the steps before
"""


def main(argv: Sequence[str]) -> int:
    """Search for the capacity, save the report and return the exit code."""
    parser = _parser()
    options = parser.parse_args(argv)
    if getattr(options, "from") > options.to:
        parser.error("--from is a rate above --to")
    outputs = resolve_options(options)
    for option in ("report", "html"):
        check_writable(option, getattr(options, option))
    check_distinct({"--report": options.report, "--html": options.html})
    objectives: list[Objective] = options.objective or [Objective.parse(text) for text in DEFAULTS]
    console = Console(stderr=True, quiet=options.quiet)
    with console.status("finding the pipeline") as status:

        def watch(text: str) -> None:
            status.update(text)

        report = _search(options, outputs, objectives, console, StepRunner(outputs, _load(options), objectives, watch))
    # Who stops it once more would lose the report.
    with interrupts_deferred():
        # Print the summary first: it must appear even when the files cannot be written.
        _summary(report)
        report.save(options.report)
        if options.html is not None:
            page.write(report, options.html)
        sys.stdout.write(f"report: {options.report}" + (f"   page: {options.html}" if options.html else "") + "\n")
    if report.stopped in (_INTERRUPTED, _UNPRICED):
        return Exit.INTERRUPTED
    return Exit.OK if report.held_per_s is not None else Exit.NOT_AS_WANTED


def _search(
    options: Namespace, outputs: StackOutputs, objectives: list[Objective], console: Console, runner: StepRunner
) -> CapacityReport:
    started_at = datetime.now(UTC).isoformat()
    steps: list[CapacityStep] = []
    undecided: list[CapacityStep] = []
    stopped: list[str] = []
    first_s: float = options.step or enough_s(runner.pipeline.buffered_s, LAKE_RESOLUTION_S)

    def show(step: CapacityStep) -> None:
        console.print(_line(step), highlight=False, soft_wrap=True, markup=False)

    def step(planned: float) -> CapacityStep:
        load_s = first_s
        while (done := runner.run(planned, load_s)).undecided and 2 * load_s <= options.longest:
            undecided[:] = [structs.replace(done, unrepeated=True)]
            show(undecided[0])
            load_s *= 2
        show(done)
        undecided.clear()
        steps.append(done)
        if done.left:
            raise _LeftoverError(
                f"{done.left:,} of {done.acked:,} changes of the step at {planned:,.0f}/s did not arrive within "
                f"{done.drain_s:,.0f} s: a further step would measure them too"
            )
        return done

    try:
        search(step, getattr(options, "from"), options.to, options.precision)
    except _LeftoverError as error:
        stopped.append(str(error))
    except KeyboardInterrupt:
        steps += undecided
        if not steps:
            raise
        stopped.append(_INTERRUPTED)
    report = partial(_report, options, outputs, objectives, steps, runner.pipeline.buffered_s, started_at)
    # Prices take a run of the program, and who stops it does not wait for that.
    if _INTERRUPTED in stopped:
        return report(stopped, priced=False)
    try:
        return report(stopped)
    except KeyboardInterrupt:
        return report([_UNPRICED, *stopped], priced=False)


class _LeftoverError(Exception):
    """The pipeline was not empty at the end of the cool-down."""


def _report(
    options: Namespace,
    outputs: StackOutputs,
    objectives: list[Objective],
    steps: list[CapacityStep],
    buffered_s: float,
    started_at: str,
    stopped: list[str],
    *,
    priced: bool = True,
) -> CapacityReport:
    best = highest_held(steps)
    worst = lowest_failed(steps)
    known = best or worst or steps[0]
    name = _LOCAL_STACK if outputs.origin == SANDBOX else options.stack
    stack = remedy.priced_stack(name, known, options.item_size) if priced and name is not None else None
    cause = gives_out(steps)
    report = CapacityReport(
        schema=SCHEMA,
        kind="capacity",
        tool=f"sales-analytics-cdc {version()}",
        started_at=started_at,
        origin=outputs.origin,
        table=outputs.require("table_name"),
        region=outputs.require("region"),
        endpoint_url=outputs.endpoint_url,
        objectives=[objective.expression for objective in objectives],
        precision=options.precision,
        item_bytes=options.item_size,
        batch=options.batch,
        buffered_s=buffered_s,
        steps=steps,
        held_per_s=None if best is None else best.rate,
        failed_per_s=None if worst is None else worst.rate,
        bottleneck=cause,
        stopped=stopped[0] if stopped else None,
    )
    shards = 0 if worst is None else len(worst.shards)
    return structs.replace(
        report,
        remedies=[] if cause is None else remedy.remedies(cause.stage, stack, shards),
        price=None if stack is None or best is None else remedy.price(stack, best.rate),
        estimates=[remedy.estimate(times, known, options.item_size, stack) for times in _TIMES],
    )


def _load(options: Namespace) -> StepLoad:
    try:
        plan = Plan(
            profile=profile("constant", 1, 1, 0),
            mix=options.mix,
            keys=options.keys,
            item_bytes=options.item_size,
            seed=0,
            batch=options.batch,
            max_in_flight=1,
        )
    except ValueError as error:
        raise UserError(f"The load is not possible: {error}.") from None
    return StepLoad(plan=plan, processes=options.processes, drain_timeout_s=options.cool_down)


def _line(step: CapacityStep) -> str:
    repeated = ", so it is repeated for longer" if step.unrepeated else ""
    gave_out = "" if step.bottleneck is None else f"; bottleneck: the {step.bottleneck.stage}, {step.bottleneck.why}"
    fresh = "" if step.freshness is None or step.freshness.p99_s is None else f", fresh p99 {step.freshness.p99_s} s"
    p99 = step.latency_ms["intended"]["p99"]
    return (
        f"{step.rate:,.0f}/s for {step.load_s:.0f} s: {step.result}{repeated}; {step.acked_per_s:,.0f}/s acknowledged, "
        f"intended p99 {p99:,.1f} ms{fresh}, cool-down {step.drain_s:.1f} s{gave_out}"
    )


def _summary(report: CapacityReport) -> None:
    lines = [report.verdict]
    if report.stopped is not None:
        lines.append(f"The search ended early: {report.stopped}.")
    if report.price is not None:
        lines.append(f"A million changes cost ${report.price.million_usd:,.2f} at this rate.")
    for one in report.remedies:
        cost = "" if one.month_usd is None else f" (${one.month_usd:+,.2f} a month, ${one.million_usd:+,.4f} a million)"
        lines.append(f"raise it: {one.setting} {one.now or '?'} -> {one.to}: {one.effect}{cost}")
    write_lines(*lines)


def _parser() -> ArgumentParser:
    from stack.help import HelpFormatter

    made = Parser(
        prog=called("loadgen capacity"),
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
        allow_abbrev=False,
    )
    found = made.add_argument_group("the search")
    found.add_argument(
        "--objective",
        type=Objective.parse,
        action="append",
        default=[],
        metavar="'X<N'",
        help=f"what must hold of a step (repeatable; default: {', '.join(DEFAULTS)})",
    )
    found.add_argument("--from", type=positive(rate), default=500.0, metavar="N", help="first rate (default: 500/s)")
    found.add_argument("--to", type=positive(rate), default=40_000.0, metavar="N", help="highest rate (default: 40k/s)")
    found.add_argument(
        "--precision", type=_precision, default=0.1, metavar="SHARE", help="how close to the limit (default: 10%%)"
    )
    found.add_argument(
        "--step",
        type=positive(duration),
        metavar="TIME",
        help="how long a step loads at first (default: long enough to see a trend past the delivery stream's buffers)",
    )
    found.add_argument(
        "--longest", type=positive(duration), default=900.0, metavar="TIME", help="longest step (default: 15m)"
    )
    found.add_argument(
        "--cool-down",
        type=positive(duration),
        default=600.0,
        metavar="TIME",
        help="longest wait for an empty pipeline after a step (default: 10m)",
    )
    load = made.add_argument_group("the load")
    load.add_argument("--mix", type=_mix, default=Mix(), metavar="MIX", help="as of a run")
    load.add_argument("--keys", type=keys, default=keys("uniform"), metavar="KEYS", help="as of a run")
    load.add_argument("--item-size", type=size, default=0, metavar="SIZE", help="as of a run")
    load.add_argument("--batch", type=whole(1, MAX_BATCH), default=1, metavar="N", help="as of a run")
    load.add_argument("--processes", type=whole(1, 64), default=1, metavar="N", help="as of a run")
    output = made.add_argument_group("output")
    output.add_argument("--report", type=Path, default=Path("capacity.json"), metavar="PATH", help="the report")
    output.add_argument("--html", type=Path, metavar="PATH", help="the report as one page")
    output.add_argument("--quiet", action="store_true", help="no progress, only the summary")
    add_options(
        made,
        *("table_name", "stream_name", "delivery_stream_name", "workgroup_name", "database_name", "change_log_name"),
    )
    return made


def _mix(text: str) -> Mix:
    try:
        return Mix.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def _precision(text: str) -> float:
    value = share(text)
    if not 0 < value < 1:
        raise ArgumentTypeError(f"{text!r} is not between 0 and 1: write it as 10% or 0.1")
    return value
