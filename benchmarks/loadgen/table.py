"""What the clients did, as a table."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.loadgen.measure import Line

_BASES = ("aioboto3 tuned", "aiodynamo")


def show(lines: Sequence[Line]) -> None:
    """Print rates, processor time, and ratios to the clients that others would use for speed."""
    bases = {(line.client, line.tls): line for line in lines if line.client in _BASES and not line.failure}
    table = Table(
        title="one client at a time, one core for it and one for the server",
        caption="ratios: items a second / processor time an item\n"
        "! the server was the limit: the client's own rate is higher, its processor time stands\n"
        "~ other work had part of the client's core: likewise",
    )
    table.add_column("client", no_wrap=True)
    for heading in (
        "TLS",
        "requests/s",
        "items/s",
        "CPU µs/request",
        "its core",
        "server's core",
        *(f"to {b}" for b in _BASES),
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for line in lines:
        tls = "yes" if line.tls else "no"
        if line.failure:
            table.add_row(line.client, tls, *["-"] * 7)
            continue
        table.add_row(
            line.client,
            tls,
            f"{line.requests_per_s:,.0f}",
            f"{line.items_per_s:,.0f}",
            f"{line.cpu_us_per_request:,.1f}",
            f"{'~ ' if line.disturbed else ''}{line.client_share:.0%}",
            f"{'! ' if line.server_limited else ''}{line.server_share:.0%}",
            *(_ratios(line, bases.get((base, line.tls))) for base in _BASES),
        )
    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    console.print(table)
    for line in lines:
        if line.failure:
            console.print(f"{line.client}{' over TLS' if line.tls else ''}: {line.failure}", markup=False)


def _ratios(line: Line, base: Line | None) -> str:
    if base is None:
        return "-"
    return f"{line.items_per_s / base.items_per_s:.1f} / {base.cpu_us_per_item / line.cpu_us_per_item:.1f}"
