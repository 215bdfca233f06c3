"""`python -m lake verify`: prove that the lake equals the table."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from rich.console import Console

from lake.findings import show, write_json
from lake.progress import progress_display
from lake.verify import DEFAULT_TIMEOUT_S, MARGIN_S, verify
from stack import UserError, add_options, resolve_options

NAME = "verify"
HELP = "compare the DynamoDB table with the current-state view, key by key"
DESCRIPTION = """\
Wait until the pipeline is drained, then compare the DynamoDB table with the
current-state view, key by key and column by column. With --ledger, also check
that the change log has every write that the ledger records as acknowledged."""
EPILOG = """\
examples:
  python -m lake verify
  python -m lake verify --stack dev --timeout 1200 --report verify.json
  python -m lake verify --ledger run.ledger

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
        help="how long the change log must be unchanged before a missing row counts as lost "
        f"(default: the delivery stream's buffering plus {MARGIN_S:.0f} s)",
    )
    parser.add_argument(
        "--ledger", type=Path, metavar="PATH", help="the load generator's ledger of acknowledged writes"
    )
    parser.add_argument("--report", type=Path, metavar="PATH", help="write the report with all differences as JSON")
    parser.add_argument("--json", action="store_true", help="print the report instead of the summary")
    parser.add_argument(
        "--show", type=int, default=_SHOWN, metavar="N", help="differences in the summary (default: %(default)s)"
    )
    add_options(
        parser,
        "table_name",
        "workgroup_name",
        "database_name",
        "view_name",
        "change_log_name",
        "delivery_stream_name",
    )


def main(arguments: Namespace) -> int:
    """Run the command and return its exit code: 0 without differences, 1 with them."""
    outputs = resolve_options(arguments)
    with progress_display(Console(stderr=True)) as watch:
        verification = verify(
            outputs,
            timeout_s=arguments.timeout,
            settle_s=arguments.settle,
            ledger=arguments.ledger,
            watch=watch,
        )
    with verification:
        if arguments.report is not None:
            try:
                with arguments.report.open("w", encoding="utf-8") as out:
                    write_json(verification, out)
            except OSError as error:
                raise UserError(f"The report cannot be written to {arguments.report}: {error.strerror}.") from None
        if arguments.json:
            write_json(verification, sys.stdout)
        else:
            show(verification, Console(), limit=arguments.show)
        return 0 if verification.report.ok else 1


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ArgumentTypeError(f"{text!r} is not a number of seconds, 0 or more")
    return seconds
