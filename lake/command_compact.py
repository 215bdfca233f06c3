"""`python -m lake compact`: few large objects instead of many small ones."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

import msgspec

from lake.compaction import CLOSED_AFTER, SMALL_BYTES, Compaction, CompactionPlan
from lake.costs import size
from lake.counts import counted
from lake.moments import duration
from lake.status_line import StatusLine
from stack import add_options, resolve_options, write_lines

NAME = "compact"
HELP = "replace the small objects of closed hours in the change log by few large ones"
DESCRIPTION = f"""\
Firehose writes an object for each shard and interval, and a query opens every
one. Replace those smaller than {SMALL_BYTES >> 20} MB, in hours that are over, by one object
for an hour (or for 256 MB). The rows stay the same and are compared before
anything is replaced. The bucket keeps the replaced objects as older versions.

It can be stopped at any point: nothing is lost, and the next run first
finishes what was begun."""
EPILOG = """\
examples:
  python -m lake compact --dry-run      how many objects, and what it would cost
  python -m lake compact
  python -m lake compact --open         also the hours that still receive objects

A query that begins before an object is replaced can fail because the object is
deleted: run it again. S3 has no rename, so a query of order_changes itself that
lists an hour between the copy of its new object and the deletion of the old
ones sees those rows twice: count distinct event_id there, as the views do. The
views are correct at every moment."""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--closed-after",
        type=duration,
        default=CLOSED_AFTER,
        metavar="DURATION",
        help="how long an hour must be over, such as 30m or 2h (default: 1h)",
    )
    parser.add_argument("--open", action="store_true", help="also take the objects of hours that are not over")
    parser.add_argument("--dry-run", action="store_true", help="only print what would be done and what it would cost")
    parser.add_argument("--json", action="store_true", help="print what was planned as JSON")
    add_options(parser, "workgroup_name", "database_name", "change_log_name")


def main(arguments: Namespace) -> int:
    """Run the command and return its exit code."""
    outputs = resolve_options(arguments)
    with StatusLine("listing the change log's objects") as say:
        compaction = Compaction(outputs, open_hours=arguments.open, closed_after=arguments.closed_after, watch=say)
        plan = compaction.plan
        if not arguments.json:
            with say.hidden():
                _show(plan, open_hours=arguments.open)
        if not arguments.dry_run:
            compaction.run()
    if arguments.json:
        sys.stdout.write(msgspec.json.encode(plan).decode() + "\n")
    elif not arguments.dry_run and (plan.objects or plan.unfinished):
        write_lines("done")
    return 0


def _show(plan: CompactionPlan, *, open_hours: bool) -> None:
    if plan.unfinished:
        write_lines(f"to be finished from a stopped run: {counted(plan.unfinished, 'group')}")
    if not plan.objects:
        hours = "" if open_hours else " of closed hours"
        write_lines(f"no small objects{hours} among {plan.log_objects:,}: nothing to do")
        return
    left = plan.log_objects - plan.objects + plan.new_objects
    write_lines(
        f"{counted(plan.objects, 'object')} of {counted(plan.hours, 'hour')}, {size(plan.bytes)}, become "
        f"{plan.new_objects:,}; a query of everything then opens {left:,} instead of {plan.log_objects:,}; {plan.cost}",
    )
