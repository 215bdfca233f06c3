"""`python -m lake verify`: prove that the lake equals the table."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

import msgspec
from rich.console import Console

from lake.counts import whole
from lake.findings import show, write_json
from lake.moments import moment
from lake.progress import progress_display
from lake.verify import DEFAULT_TIMEOUT_S, MARGIN_S, check_usable, verify
from lake.verify_plan import VerifyPlan, plan
from lake.way import WHOLE_WAY
from stack import UserError, add_options, check_distinct, check_writable, resolve_options, write_lines
from stack.ledger import read_ledger

NAME = "verify"
HELP = "compare the DynamoDB table with the current-state view, key by key"
DESCRIPTION = """\
Wait until the pipeline is drained, then compare the DynamoDB table with the
lake: by digests of 4,096 ranges of keys, which Athena computes in one query,
and row by row where these differ. Compared are the columns of the
current-state view and the last image of each key. With --ledger, also check
that the change log has every write that the ledger records as acknowledged.

It reads the whole table once (consistent reads) and the change log twice, and
first prints how much that is and what it costs.

With --export, a full export of the table to S3 is compared instead, with the
change log as of the export's time: nothing is read from the table. Athena reads
the export once and the change log twice, and both again where digests differ.
A key with a change in the second of the export is not compared."""
EPILOG = """\
examples:
  python -m lake verify
  python -m lake verify --stack dev --timeout 1200 --report verify.json
  python -m lake verify --dry-run              what it would read and cost
  python -m lake verify --ledger run.ledger
  python -m lake verify --as-of now            a table that is being written to
  python -m lake verify --since 2h             what has changed lately, by key
  python -m lake verify --export arn:aws:dynamodb:…/export/01…   a table of any size
  python -m lake verify --sample 5             five percent of the keys

The exit code is 1 when anything is missing, extra or different."""

_SHOWN = 20


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=DEFAULT_TIMEOUT_S,
        metavar="SECONDS",
        help="maximum time to wait for the pipeline to drain (default: %(default).0f)",
    )
    parser.add_argument(
        "--settle",
        type=_seconds,
        metavar="SECONDS",
        help="how long nothing must move before a missing row counts as lost "
        f"(default: the delivery stream's buffering plus {MARGIN_S:.0f} s)",
    )
    parser.add_argument(
        "--sample",
        type=_percent,
        default=100.0,
        metavar="PERCENT",
        help="compare so many of a hundred keys, always the same (default: all); the whole table is still read",
    )
    parser.add_argument(
        "--since",
        type=moment,
        metavar="TIME",
        help="compare the keys with a change in the log since 2h, 1d or 2026-01-31T12:00:00Z, and the ledger's writes "
        "since then; their items are read by key. A change that never reached the log is found by the ledger alone",
    )
    parser.add_argument(
        "--as-of",
        type=moment,
        metavar="TIME",
        help="for a table that is being written to: compare all keys without a change since now, 10m or a time",
    )
    parser.add_argument(
        "--ledger",
        type=Path,
        action="append",
        metavar="PATH",
        help="the load generator's ledger of acknowledged writes (repeatable: of several runs, in their order)",
    )
    parser.add_argument(
        "--erased",
        action="append",
        default=[],
        metavar="KEY",
        help="a key that `lake erase` has removed: its writes of the ledger need not be in the log (repeatable; "
        "attributes of a key are joined by /)",
    )
    parser.add_argument(
        "--cluster",
        metavar="HOST:PORT",
        help="the scheduler of a Dask cluster whose workers read and digest the table, for one beyond a machine",
    )
    parser.add_argument(
        "--export",
        metavar="ARN",
        help="compare a full DynamoDB export of the table to S3, instead of the table, with the change log as of the "
        "export's time; Athena computes all digests, and the table is not read",
    )
    parser.add_argument("--report", type=Path, metavar="PATH", help="write the report with all differences as JSON")
    parser.add_argument("--dry-run", action="store_true", help="only print what would be read and what it would cost")
    parser.add_argument("--json", action="store_true", help="print the report instead of the summary")
    parser.add_argument(
        "--show", type=whole, default=_SHOWN, metavar="N", help="differences in the summary (default: %(default)s)"
    )
    add_options(parser, *WHOLE_WAY)


def main(arguments: Namespace) -> int:
    """Run the command and return its exit code: 0 without differences, 1 with them."""
    check_writable("report", arguments.report)
    ledgers = {f"--ledger {path}": path for path in arguments.ledger or ()}
    check_distinct({"--report": arguments.report}, ledgers)
    if arguments.erased and not ledgers:
        raise UserError("--erased names keys of a ledger's writes: add --ledger.")
    for path in ledgers.values():
        next(iter(read_ledger(path)), None)  # refuses what is no ledger before the work
    outputs = resolve_options(arguments)
    check_usable(since=arguments.since, as_of=arguments.as_of, cluster=arguments.cluster, export=arguments.export)
    planned = plan(outputs, by_key=arguments.since is not None, export=arguments.export)
    if arguments.dry_run or not arguments.json:
        _show_plan(planned, as_json=arguments.json)
    if arguments.dry_run:
        return 0
    with progress_display(Console(stderr=True)) as watch:
        verification = verify(
            outputs,
            timeout_s=arguments.timeout,
            settle_s=arguments.settle,
            ledger=arguments.ledger,
            erased=arguments.erased,
            share=arguments.sample / 100,
            since=arguments.since,
            as_of=arguments.as_of,
            cluster=arguments.cluster,
            export=arguments.export,
            watch=watch,
        )
    with verification:
        # The result must appear even when the file cannot be written.
        if arguments.json:
            write_json(verification, sys.stdout)
        else:
            show(verification, Console(), limit=arguments.show)
        if arguments.report is not None:
            try:
                with arguments.report.open("w", encoding="utf-8") as out:
                    write_json(verification, out)
            except OSError as error:
                raise UserError(f"The report cannot be written to {arguments.report}: {error.strerror}.") from None
        return 0 if verification.report.ok else 1


def _show_plan(planned: VerifyPlan, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(msgspec.json.encode(planned).decode() + "\n")
    else:
        write_lines(str(planned))


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ArgumentTypeError(f"{text!r} is not a number of seconds, 0 or more")
    return seconds


def _percent(text: str) -> float:
    try:
        percent = float(text.removesuffix("%"))
    except ValueError:
        percent = 0.0
    if not 0 < percent <= 100:
        raise ArgumentTypeError(f"{text!r} is not a percentage above 0 and up to 100")
    return percent
