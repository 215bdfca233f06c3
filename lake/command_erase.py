"""`python -m lake erase`: remove one key's data from the lake."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

import msgspec

from lake.costs import size
from lake.counts import counted
from lake.erasure import Erased, Erasure, ErasurePlan
from lake.status_line import StatusLine
from lake.way import WHOLE_WAY
from stack import add_options, resolve_options, write_lines
from transform.schema import TABLE

NAME = "erase"
HELP = "remove one key's data from the lake, and prove that it is gone"
DESCRIPTION = """\
Remove the rows of one key from the change log, with their images, its records
under the error prefix, and every older version in the lake's bucket; then look
again. The item must be deleted from the table, and the pipeline drained.

Without --yes it only prints what it would read and cost."""
EPILOG = """\
examples:
  python -m lake erase ORDER-1            what it would read
  python -m lake erase ORDER-1 --yes

Exit code 0: nothing is left; a sentence says if nothing had this key, so that a
mistyped one shows. Exit code 1: something is left; run again.

Out of reach: what the table's stream and Kinesis keep (24 hours by default),
results of earlier queries until they expire, and copies that others have made."""

_UNKNOWN = "nothing in the lake had this key: an earlier run has erased it, it never arrived, or it is mistyped"


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    names = ", ".join(attribute.name for attribute in TABLE.keys)
    parser.add_argument("key", nargs="+", metavar="KEY", help=f"the item's key: {names}")
    parser.add_argument("--yes", action="store_true", help="remove it")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    add_options(parser, *WHOLE_WAY)


def main(arguments: Namespace) -> int:
    """Run the command and return its exit code: 0 when nothing is left."""
    outputs = resolve_options(arguments)
    with StatusLine("looking at the lake") as say:
        erasure = Erasure(outputs, arguments.key, watch=say)
        plan = erasure.plan
        if not arguments.json:
            with say.hidden():
                _show_plan(plan, yes=arguments.yes)
        erased = erasure.run() if arguments.yes else None
    if arguments.json:
        sys.stdout.write(msgspec.json.encode(erased or plan).decode() + "\n")
    elif erased is not None:
        _show(erased)
    return int(erased is not None and erased.left > 0)


def _show_plan(plan: ErasurePlan, *, yes: bool) -> None:
    reads, deletes = ("reads", "deletes") if yes else ("would read", "would delete")
    write_lines(
        f"{reads} {counted(plan.log_objects, 'object')} of the change log ({size(plan.log_bytes)}) and "
        f"{counted(plan.error_objects, 'error object')}, {deletes} "
        f"{counted(plan.versions, 'older version')} of any key ({size(plan.version_bytes)}); "
        f"{plan.cost}",
    )
    if not yes:
        write_lines("nothing is changed: --yes removes the key's data")


def _show(erased: Erased) -> None:
    write_lines(
        f"removed {counted(erased.rows, 'row')} in {counted(erased.objects, 'object')}, "
        f"{counted(erased.error_records, 'error record')}, {counted(erased.current_rows, 'row')} of the current table "
        f"and {counted(erased.versions, 'older version')} of any key",
    )
    if not erased.found:
        write_lines(_UNKNOWN)
    write_lines(
        f"left: {counted(erased.left_rows, 'row')}, "
        f"{counted(erased.left_error_records, 'error record')}, {counted(erased.left_versions, 'older version')}",
    )
