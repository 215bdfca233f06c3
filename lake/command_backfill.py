"""`python -m lake backfill`: bring an existing table into the lake."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

import msgspec

from lake.backfill import Backfill, BackfillPlan, BackfillState
from lake.costs import size
from lake.counts import counted
from lake.status_line import StatusLine
from stack import add_options, resolve_options, write_lines

NAME = "backfill"
HELP = "bring the items that the table had before its pipeline into the change log"
DESCRIPTION = """\
Write a row for each item of the table into the change log: from a DynamoDB
export to S3, which needs point-in-time recovery, or from a parallel Scan for a
small table. SQL in Athena makes the rows. They sort before every change since
the moment of the export, so that the view is correct while the backfill runs,
after a stop and after a second run.

A stopped backfill resumes where it was. A complete backfill of an export does
nothing."""
EPILOG = """\
examples:
  python -m lake backfill --export --dry-run     what it would cost
  python -m lake backfill --export               export the table now, then write the rows
  python -m lake backfill --export arn:aws:dynamodb:…/export/01…   an existing full or incremental export
  python -m lake backfill --scan                 a small table, without an export

The stream must be enabled before the export: deploy the pipeline first. Afterwards
`python -m lake verify` proves that the view is the table."""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--export", nargs="?", const="", metavar="ARN", help="from a DynamoDB export: of now, or the one with this ARN"
    )
    source.add_argument("--scan", action="store_true", help="from a parallel Scan with consistent reads")
    parser.add_argument("--dry-run", action="store_true", help="only print what would be done and what it would cost")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    add_options(parser, "table_name", "workgroup_name", "database_name", "change_log_name")


def main(arguments: Namespace) -> int:
    """Run the command and return its exit code."""
    outputs = resolve_options(arguments)
    with StatusLine("looking at the table") as say:
        backfill = Backfill(outputs, "scan" if arguments.scan else "export", arn=arguments.export or None, watch=say)
        plan = backfill.plan
        if not arguments.json:
            with say.hidden():
                _show_plan(plan)
        if not arguments.dry_run:
            backfill.run()
    if arguments.json:
        result = plan if arguments.dry_run else backfill.state
        sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
    elif not arguments.dry_run and not plan.finished:
        _show(backfill.state)
    return 0


def _show_plan(plan: BackfillPlan) -> None:
    if plan.finished:
        write_lines(f"backfill {plan.id} is complete: nothing to do")
        return
    verb = "continues" if plan.resumed else "begins"
    if not plan.bytes:
        price = "DynamoDB does not know the table's size yet, so the cost is unknown"
    else:
        price = f"{size(plan.bytes)}; {plan.cost}"
    write_lines(f"{verb} backfill {plan.id}: about {counted(plan.items, 'item')}; {price}")


def _show(state: BackfillState) -> None:
    write_lines(
        f"written to the change log: {counted(state.written, 'row')}, as of {state.moment:%Y-%m-%d %H:%M:%S} UTC; "
        "`python -m lake verify` compares the view with the table",
    )
