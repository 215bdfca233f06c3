"""`python -m lake query`: run a statement in Athena and show its result."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from math import log10
from pathlib import Path

from rich.console import Console
from rich.status import Status
from rich.table import Table

from components.queries import MOMENTS
from lake.athena import Athena, NamedQuery, QueryError, QueryProgress
from lake.clients import client
from lake.counts import whole
from lake.described import log_place
from lake.formats import WRITERS, write_table
from lake.retention import check_kept, kept_days
from stack import StackOutputs, UserError, add_options, resolve_options
from stack.tables import print_table
from transform.schema import TABLE

NAME = "query"
HELP = "run SQL in Athena"
DESCRIPTION = "Run one statement of Athena's SQL and show its result. Ctrl-C stops it in Athena too."
EPILOG = """\
examples:
  python -m lake query "SELECT region, sum(total) FROM orders GROUP BY region"
  python -m lake query -f revenue.sql --format csv > revenue.csv
  echo "SHOW TABLES" | python -m lake query -
  python -m lake query --named current-state
  python -m lake query --named state-as-of --parameter "'2026-11-28 14:00:00'"

The exit code is 2 when the statement or its permissions are at fault, 1 when
the query failed while it ran."""

_STDIN = "-"
_MAX_ROWS = 1000
_UNIT_BYTES = 1000
_UNITS = ("kB", "MB", "GB", "TB")


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("sql", nargs="?", metavar="SQL", help="the statement; - reads it from standard input")
    source.add_argument("-f", "--file", type=Path, metavar="FILE", help="read the statement from a file")
    source.add_argument("--named", metavar="NAME", help="run a query saved in the workgroup")
    source.add_argument("--list", action="store_true", help="list the queries saved in the workgroup")
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="SQL",
        help="an SQL expression for the statement's next ?, such as 5 or \"'2026-11-28 14:00:00'\"",
    )
    parser.add_argument(
        "--format", choices=WRITERS, help="format of the result (default: table on a terminal, csv elsewhere)"
    )
    parser.add_argument(
        "--max-rows",
        type=whole,
        default=_MAX_ROWS,
        metavar="N",
        help="rows of a table; 0 shows all (default: %(default)s). The other formats always show all.",
    )
    parser.add_argument(
        "--expanded",
        choices=("auto", "on", "off"),
        default="auto",
        help="a line for each value of a table; auto does so where the columns do not fit the terminal",
    )
    add_options(parser, "workgroup_name", "database_name", "change_log_name")


def main(arguments: Namespace) -> int:
    """Run the command and return its exit code."""
    outputs = resolve_options(arguments)
    display = _Display(Console(stderr=True))
    athena = Athena(
        client("athena", outputs),
        outputs.require("workgroup_name"),
        outputs.require("database_name"),
        watch=display.watch,
    )
    for parameter in arguments.parameter:
        _check_text(parameter)
    try:
        if arguments.list:
            _show_named(athena.named_queries())
            return 0
        statement = _statement(arguments, athena)
        if statement.name in MOMENTS and arguments.parameter:
            _check_moment(outputs, athena, statement.database or None, arguments.parameter[0])
        with display.running():
            try:
                result = athena.query(statement.sql, statement.database or None, arguments.parameter)
            except KeyboardInterrupt:
                sys.stderr.write("Interrupted: the query is stopped in Athena.\n")
                raise
        format_ = arguments.format or ("table" if sys.stdout.isatty() else "csv")
        if format_ == "table":
            rows = write_table(result, sys.stdout, arguments.max_rows, arguments.expanded)
        else:
            rows = WRITERS[format_](result, sys.stdout)
        display.done(rows)
    except QueryError as error:
        if error.statement_at_fault:
            raise UserError(f"Athena cannot run this statement: {error}.") from error
        sys.stderr.write(f"The query failed in Athena: {error}.\n")
        return 1
    return 0


def _check_moment(outputs: StackOutputs, athena: Athena, database: str | None, parameter: str) -> None:
    """Raise UserError when a moment, an SQL expression, is beyond the change log's retention."""
    change_log = outputs.change_log_name or TABLE.change_log
    place = log_place(client("glue", outputs), database or outputs.require("database_name"), change_log)
    s3 = client("s3", outputs)
    if kept_days(s3, place.bucket, place.prefix) is None:
        return
    ((moment,),) = athena.query("SELECT CAST(? AS timestamp)", database, [parameter]).rows
    if moment is not None:
        check_kept(s3, place.bucket, place.prefix, datetime.fromisoformat(moment).replace(tzinfo=UTC))


class _Display:
    """Displays the query's state on stderr if that is a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._last: QueryProgress | None = None

    def running(self) -> AbstractContextManager[object]:
        """Show the state while the query runs."""
        if not self._console.is_terminal:
            return nullcontext()
        self._status = self._console.status("QUEUED")
        return self._status

    def watch(self, execution: QueryProgress) -> None:
        """Show the query's progress."""
        self._last = execution
        if self._status is not None:
            self._status.update(f"{execution.state} · {_size(execution.scanned_bytes)} scanned")

    def done(self, rows: int) -> None:
        """Show the query's time and scanned bytes."""
        if self._console.is_terminal and self._last is not None:
            took = f"{_size(self._last.scanned_bytes)} scanned · {self._last.elapsed_ms / 1000:.2f} s"
            self._console.print(f"{rows} row{'' if rows == 1 else 's'} · {took}", style="dim", highlight=False)


def _statement(arguments: Namespace, athena: Athena) -> NamedQuery:
    if arguments.named is not None:
        return _named(athena.named_queries(), arguments.named)
    try:
        if arguments.file is not None:
            sql = arguments.file.read_text(encoding="utf-8")
        else:
            sql = sys.stdin.read() if arguments.sql == _STDIN else arguments.sql
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"The statement cannot be read from {arguments.file}: {_reason(error)}.") from None
    _check_text(sql)
    # Athena accepts one statement, and refuses an empty one with a message about the request's form.
    sql = sql.strip().rstrip(";").rstrip()
    if not sql:
        raise UserError("The statement is empty: give it as SQL, with --file or on standard input.")
    return NamedQuery("", "", "", sql)


def _check_text(sql: str) -> None:
    """Raise UserError for bytes that are not UTF-8, which Python has as surrogates (PEP 383)."""
    try:
        sql.encode()
    except UnicodeEncodeError:
        raise UserError("The statement or a parameter is not UTF-8: write it so.") from None


def _named(queries: list[NamedQuery], name: str) -> NamedQuery:
    for query in queries:
        if query.name == name:
            return query
    known = ", ".join(query.name for query in queries) or "none"
    raise UserError(f"The workgroup has no query called {name!r}: it has {known}.")


def _show_named(queries: list[NamedQuery]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("query", no_wrap=True)
    table.add_column("what it shows")
    for query in queries:
        table.add_row(query.name, query.description)
    print_table(Console(), table)


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror or str(error)


def _size(count_bytes: float) -> str:
    if count_bytes < _UNIT_BYTES:
        return f"{count_bytes:.0f} B"
    unit = min(int(log10(count_bytes) / 3), len(_UNITS))
    return f"{count_bytes / _UNIT_BYTES**unit:.1f} {_UNITS[unit - 1]}"
