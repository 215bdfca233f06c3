"""`python -m lake`: the command line of the lake."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

try:
    # It waits: an import that is broken off half-way can crash a compiled library.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    from stack import Parser, ShowVersion, called, run
    from stack.commandline import imported
    from stack.help import HelpFormatter

    signal.pthread_sigmask(signal.SIG_SETMASK, before)
except KeyboardInterrupt:  # Ctrl-C while they are imported
    sys.exit(130)

_DESCRIPTION = """\
Tools for the lake.

The pipeline keeps every change of the DynamoDB table in the change log (table
order_changes) and shows the table's current state in a view (orders), both in
Athena. They are found in the running sandbox, in a deployed stack (--stack
dev), or by explicit options."""
_EXAMPLES = """\
examples:
  python -m lake query "SELECT status, count(*) FROM orders GROUP BY status"
  python -m lake query --list
  python -m lake verify --stack dev
  python -m lake freshness --since 1h
  python -m lake replay --dry-run
  python -m lake backfill --scan
  python -m lake compact --dry-run
  python -m lake erase ORDER-1

exit codes:
  0 success    1 not verified, not fresh, or the query failed while it ran
  2 wrong input: the statement, an option, permissions    130 interrupted"""

_COMMANDS = ("query", "verify", "freshness", "replay", "backfill", "compact", "erase", "merge")
"""The modules command_*, imported when the command line runs, because the schema that they import can be wrong."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    return run(lambda: _main(arguments))


def _main(arguments: Sequence[str] | None) -> int:
    parser = Parser(
        called("lake"),
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=HelpFormatter,
    )
    parser.add_argument("--version", action=ShowVersion)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in [imported(f"lake.command_{name}") for name in _COMMANDS]:
        subparser = commands.add_parser(
            command.NAME,
            help=command.HELP,
            description=command.DESCRIPTION,
            epilog=command.EPILOG,
            formatter_class=HelpFormatter,
        )
        command.configure(subparser)
        subparser.set_defaults(main=command.main)
    parsed = parser.parse_args(arguments)
    return parsed.main(parsed)


if __name__ == "__main__":
    sys.exit(main())
