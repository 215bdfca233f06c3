"""The result of a verification, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

import msgspec
from msgspec import Struct
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lake.counts import counted
from lake.progress import places
from lake.verification import Report, Verification
from stack.tables import print_line, print_table

REPORT_VERSION = 1

_ENDINGS = {
    "all right": "",
    "settled": " Nothing is on its way and the change log is stable, so missing rows will not arrive.",
    "stalled": " Nothing moves, although changes are on their way: see what has stopped.",
    "timeout": " The timeout expired before the change log was stable: try again with a longer --timeout.",
}


def show(verification: Verification, console: Console, limit: int) -> None:
    """Print the summary, and the first `limit` of the differences and of the lost writes."""
    report = verification.report
    verdict = Text("verified", style="bold green") if report.ok else Text("NOT VERIFIED", style="bold red")
    verdict.append(f" in {report.waited_s:.1f} s.{_ENDINGS[report.ended]}", style="not bold default")
    print_line(console, verdict)
    print_table(console, _summary(report))
    wrong = report.missing + report.extra + report.different
    if wrong:
        _print_rows(
            console,
            ("", "key", "column", "expected", "found"),
            (
                (found.kind, _key(found.key), found.column or "", *_sides(found.kind, found.expected, found.found))
                for found in verification.differences(limit)
            ),
        )
    if report.lost:
        lost = verification.lost_writes(limit)
        _print_rows(
            console, ("", "key", "op", "version"), (("lost", write.key, write.op, str(write.version)) for write in lost)
        )
        if report.earlier:
            print_line(
                console,
                f"{counted(report.earlier, 'write')} of the ledger came before the table was created, so they were to "
                "an earlier table of its name: give the ledger of this one alone, or leave them out with --since.",
            )
    if max(wrong, report.lost or 0) > limit:
        print_line(console, "There are more: --report PATH writes all of them.", style="dim")


def write_json(verification: Verification, out: TextIO) -> None:
    """Write the report and all differences as one JSON object.

    Members: `version` of this format, the members of Report, `differences` and `lost_writes`.
    """
    head = msgspec.json.encode({"version": REPORT_VERSION, **msgspec.structs.asdict(verification.report)}).decode()
    out.write(head.removesuffix("}"))
    _write_array(out, "differences", verification.differences())
    _write_array(out, "lost_writes", verification.lost_writes())
    out.write("}\n")


def _write_array(out: TextIO, name: str, values: Iterator[Struct]) -> None:
    out.write(f',"{name}":[')
    lines = (msgspec.json.encode(value).decode() for value in values)
    out.writelines(f"{',' if at else ''}\n{line}" for at, line in enumerate(lines))
    out.write("]")


def _summary(report: Report) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column()
    of, beside = (
        ("export", f"change log as of {report.as_of:%Y-%m-%d %H:%M:%S} UTC") if report.export else ("table", "view")
    )
    table.add_row(
        "compared", f"{counted(report.items, 'item')} of the {of}, {counted(report.rows, 'row')} of the {beside}"
    )
    table.add_row("found", f"{report.missing:,} missing, {report.extra:,} extra, {report.different:,} different")
    table.add_row(
        "change log",
        f"{counted(report.log_rows, 'row')}, {counted(report.changes, 'change')}, "
        f"{counted(report.duplicates, 'duplicate')}",
    )
    if where := ", ".join(places(report.way)):
        table.add_row("not in the lake", where)
    if report.moving:
        when = "in the export's second" if report.export else f"since {report.as_of:%H:%M:%S} UTC"
        table.add_row("moving", f"not compared: {counted(report.moving, 'key')} with a change {when}")
    if report.shortened:
        table.add_row(
            "shortened", f"{counted(report.shortened, 'image')} with shortened values, which are not compared"
        )
    if report.share < 1 or report.since is not None:
        table.add_row("scope", _scope(report))
    if report.writes is not None:
        erased = f"; {report.erased:,} more of erased keys" if report.erased else ""
        table.add_row(
            "ledger", f"{counted(report.writes, 'acknowledged write')}, {report.lost:,} not in the change log{erased}"
        )
    return table


def _scope(report: Report) -> str:
    parts = [f"{report.share:.2%} of the keys" if report.share < 1 else "all keys"]
    if report.since is not None:
        parts.append(f"with a change in the log since {report.since:%Y-%m-%d %H:%M:%S} UTC")
    return " ".join(parts)


def _print_rows(console: Console, headers: tuple[str, ...], rows: Iterator[tuple[str | Text, ...]]) -> None:
    table = Table(*headers, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    print_table(console, table)


def _key(key: tuple[str | None, ...]) -> str:
    return "/".join("NULL" if part is None else part for part in key)


def _sides(kind: str, expected: str | None, found: str | None) -> tuple[str | Text, str | Text]:
    if kind != "different":
        return ("an item", "no row") if kind == "missing" else ("no item", "a row")
    null = Text("NULL", style="dim")
    return (null if expected is None else expected, null if found is None else found)
