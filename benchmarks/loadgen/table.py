"""The clients' results as a table."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import terminal
from benchmarks.loadgen.measure import BASES, Line, ratios

_NOTES = (
    "the best round of each client, and its slowest",
    "ratios: items per second / processor time per item",
    "! the server was the limit: the client could do more; its processor time is valid",
    "~ other load used part of the client's core: likewise",
)


def show(lines: Sequence[Line]) -> None:
    """Print rates, processor time, and ratios to the common fast clients."""
    table = terminal.table("One client at a time, one core for it and one for the server")
    table.add_column("client", no_wrap=True)
    table.add_column("TLS")
    for heading in (
        "requests/s",
        "items/s",
        "slowest round",
        "CPU µs/ request",
        "its core",
        "server's core",
        *(f"to {b}" for b in BASES),
    ):
        table.add_column(heading, justify="right", overflow="fold")
    for line in lines:
        tls = "yes" if line.tls else "no"
        if line.failure:
            table.add_row(line.client, tls, *["-"] * 8)
            continue
        found = ratios(line, lines)
        table.add_row(
            line.client,
            tls,
            f"{line.requests_per_s:,.0f}",
            f"{line.items_per_s:,.0f}",
            f"{line.slowest:.0%}",
            f"{line.cpu_us_per_request:,.1f}",
            f"{'~ ' if line.disturbed else ''}{line.client_share:.0%}",
            f"{'! ' if line.server_limited else ''}{line.server_share:.0%}",
            *(
                f"{found[base].items_per_s:.1f} / {found[base].cpu_per_item:.1f}" if base in found else "-"
                for base in BASES
            ),
        )
    console = terminal.console()
    console.print(table)
    for note in _NOTES:
        console.print(note, soft_wrap=True)
    for line in lines:
        if line.failure:
            console.print(
                f"{line.client}{' over TLS' if line.tls else ''}: {line.failure}", markup=False, soft_wrap=True
            )
