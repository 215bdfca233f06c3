"""`python -m lake merge`: bring new changes into the current table, so that queries need not read the log."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from datetime import timedelta

import msgspec

from lake.athena import QueryError
from lake.costs import size
from lake.counts import counted
from lake.merge_machine import MergeFailedError, MergeMachine
from lake.merging import CurrentMerge, MergePlan
from lake.moments import duration, interval
from lake.status_line import StatusLine
from stack import StackOutputs, UserError, add_options, resolve_options, write_lines

NAME = "merge"
HELP = "keep the current state in an Iceberg table, so that queries do not read the whole log"
DESCRIPTION = """\
Bring the last change of each key into the Iceberg table orders_current. The
views orders and order_items are then that table and the changes since the
merge began: as fresh as before, at a cost that does not grow with the history.

The merge uses the changes' sequence, so that duplicates, disorder and replays
have no effect and a second run does nothing. It can be stopped at any point:
the views are correct after each of its statements."""
EPILOG = """\
examples:
  python -m lake merge --dry-run        what it would read and cost
  python -m lake merge
  python -m lake merge --every 15m      repeatedly, until Ctrl-C
  python -m lake merge --rebuild       rebuild the table from the whole log

The first merge, and one after a change of the columns, reads the whole log;
a later one the changes that arrived since 26 hours before the last.

On a stack with mergeIntervalMinutes the merge is an execution of its state
machine, which runs one at a time: while another one runs this command is
refused. Ctrl-C then ends the command and not the execution."""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--every", type=interval, metavar="DURATION", help="merge again after 15m, 1h or 1d")
    parser.add_argument("--rebuild", action="store_true", help="make the table again from the whole log")
    parser.add_argument(
        "--margin",
        type=duration,
        metavar="DURATION",
        help="how long an object takes after its arrival until it is readable (default: the delivery stream's "
        "buffering and 5 minutes)",
    )
    parser.add_argument("--dry-run", action="store_true", help="only print what would be read and what it would cost")
    parser.add_argument("--json", action="store_true", help="print what each merge reads as a line of JSON")
    add_options(parser, "workgroup_name", "database_name", "delivery_stream_name")


def main(arguments: Namespace) -> int:
    """Run the command and return its exit code."""
    every: timedelta | None = arguments.every
    rebuild: bool = arguments.rebuild
    outputs = resolve_options(arguments)
    if outputs.merge_machine_arn and arguments.margin is not None:
        raise UserError("--margin is not for a stack with mergeIntervalMinutes, whose merge has its own: leave it out.")
    while True:
        failure = _merge(arguments, outputs, rebuild=rebuild)
        if failure:
            sys.stderr.write(f"{failure}. The views are right; run it again.\n")
            if every is None:
                return 1
        else:
            rebuild = False
            if not (arguments.dry_run or arguments.json):
                write_lines("merged")
        if every is None or arguments.dry_run:
            return 0
        time.sleep(every.total_seconds())


def _merge(arguments: Namespace, outputs: StackOutputs, *, rebuild: bool) -> str:
    """Say what a merge reads, and do it; returns why it failed, or nothing."""
    try:
        with StatusLine("looking at the current table") as say:
            merge = CurrentMerge(outputs, margin=arguments.margin, rebuild=rebuild)
            plan = merge.plan()
            with say.hidden():
                _show(plan, json=arguments.json)
            if not arguments.dry_run:
                _run(merge, outputs, rebuild=rebuild, say=say)
    except MergeFailedError as error:
        return f"The merge failed in Step Functions: {error}"
    except QueryError as error:
        if error.statement_at_fault:
            raise UserError(f"Athena cannot merge: {error}.") from error
        return f"The merge failed in Athena: {error}"
    return ""


def _run(merge: CurrentMerge, outputs: StackOutputs, *, rebuild: bool, say: Callable[[str], None]) -> None:
    """Merge by the stack's state machine, which lets one merge work at a time, or else statement by statement."""
    if outputs.merge_machine_arn:
        say("merging in the state machine of the scheduled merge")
        MergeMachine(outputs).merge(rebuild=rebuild)
        return
    for what in merge.run():
        say(what)


def _show(plan: MergePlan, *, json: bool) -> None:
    if json:
        sys.stdout.write(msgspec.json.encode(plan).decode() + "\n")
        sys.stdout.flush()
        return
    begins = "makes" if plan.rebuilds else "merges into"
    since = f" since {plan.since}" if plan.since and plan.objects else ""
    write_lines(
        f"{begins} {plan.table}: {counted(plan.objects, 'object')}{since}, {size(plan.bytes)}; {plan.cost}",
    )
