"""Measures the cost of metrics, alarms and the console in the sandbox: `make bench-metrics`.

    python -m benchmarks.console.cost [--pairs 12] [--changes 10000] [--json PATH]

Two sandboxes of this checkout run at a time: one counts and evaluates its alarms and has a console whose page is
watched, the other counts nothing (CDC_SANDBOX_NO_METRICS=1). Each pair puts the same load on one and then immediately
on the other, 25 changes per request until the last can be queried, in alternating order, so that other load affects
both equally. Exit code 1 when a change costs more than 3 % more processor time.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.parse import urlsplit

from benchmarks.before import ROOT
from benchmarks.console.serving import console_url
from benchmarks.loadgen.machine import facts
from benchmarks.sandbox.builds import Running, cpu_s_of, running
from benchmarks.sandbox.pipeline import backlog
from benchmarks.terminal import Steps, console, table
from stack.commandline import Parser, UserError, run

_MAX_RATIO = 1.03
_BATCH = 25
_IDLE_S = 15.0
_OFF = {"CDC_SANDBOX_NO_METRICS": "1"}


class Cost(NamedTuple):
    """One load on one sandbox: changes per second, processor time per change in microseconds, and the server's part."""

    per_s: float
    cpu_us: float
    server_us: float


class Idle(NamedTuple):
    """Processor time of the two sandboxes and of the console while nothing is written, in milliseconds a second."""

    on_ms: float
    off_ms: float
    console_ms: float


class Pair(NamedTuple):
    """The same load on both, and the processor time of the console a change in microseconds."""

    on: Cost
    off: Cost
    console_us: float


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    return run(lambda: _main(arguments))


def _main(arguments: list[str] | None) -> int:
    parser = Parser(prog="python -m benchmarks.console.cost", description="What metrics and the console cost.")
    parser.add_argument("--pairs", type=int, default=12, help="how often each is measured (default: %(default)s)")
    parser.add_argument("--changes", type=int, default=10_000, help="changes of a load (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    chosen = parser.parse_args(arguments)
    if not (1 <= chosen.pairs <= 100 and 1000 <= chosen.changes <= 1_000_000):
        parser.error("--pairs is from 1 to 100, --changes from 1,000 to 1,000,000.")
    with Steps("pairs") as steps, ExitStack() as ends:
        steps.begin("starting both")
        on, off = (_started(ends, environment) for environment in ({}, _OFF))
        url, pid = console_url(on.state, ends)
        _watch(url)
        steps.begin(f"{_IDLE_S:.0f} s without changes")
        idle = _idle(on, off, pid)
        steps.end(f"{idle.on_ms:.1f} ms a second, without metrics {idle.off_ms:.1f}, the console {idle.console_ms:.1f}")
        pairs: list[Pair] = []
        for number in range(chosen.pairs):
            steps.begin(f"pair {number + 1} of {chosen.pairs}")
            pairs.append(pair := _pair(on, off, pid, chosen.changes, reverse=number % 2 == 1))
            steps.end(f"a change costs {pair.on.cpu_us:.0f} µs, without metrics {pair.off.cpu_us:.0f} µs")
        steps.begin("stopping both")
    if chosen.json:
        report = {"machine": facts(), "idle": idle._asdict(), "pairs": pairs, "ratio": _ratio(pairs)}
        chosen.json.write_text(json.dumps(report, indent=1, default=str))
    return _show(pairs)


def _started(ends: ExitStack, environment: dict[str, str]) -> Running:
    # A Unix socket's path is short: 107 bytes at most.
    state = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir="/tmp")))
    return ends.enter_context(running(ROOT, state, environment))


def _watch(url: str) -> None:
    """Receive the page's events in a thread that ends with this process, as a browser does.

    Raises: UserError: the console returns another response.
    """
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=60)
    connection.request("GET", f"/?{parts.query}")
    answer = connection.getresponse()
    answer.read()
    cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
    connection.request("GET", "/api/events", headers={"Cookie": cookie})
    events = connection.getresponse()
    if events.status != 200:
        raise UserError(f"The console's events have the status {events.status}.")

    def read() -> None:
        # Until the console ends, which cuts the stream off.
        with suppress(HTTPException, OSError):
            while events.read1(1 << 16):
                pass

    threading.Thread(target=read, daemon=True).start()


def _idle(on: Running, off: Running, console_pid: int) -> Idle:
    def spent_s() -> tuple[float, float, float]:
        return sum(on.cpu_s().values()), sum(off.cpu_s().values()), cpu_s_of(console_pid)

    before, began_s = spent_s(), time.monotonic()
    time.sleep(_IDLE_S)
    took_s = time.monotonic() - began_s
    return Idle(*((after - first) / took_s * 1000 for after, first in zip(spent_s(), before, strict=True)))


def _pair(on: Running, off: Running, console_pid: int, changes: int, *, reverse: bool) -> Pair:
    before_s = cpu_s_of(console_pid)
    costs = {name: _cost(sandbox, changes) for name, sandbox in sorted({"on": on, "off": off}.items(), reverse=reverse)}
    console_us = (cpu_s_of(console_pid) - before_s) / changes * 1e6
    return Pair(costs["on"], costs["off"], console_us)


def _cost(sandbox: Running, changes: int) -> Cost:
    found = backlog(sandbox, changes, _BATCH)
    return Cost(found.per_s, found.cpu_us_per_change, found.cpu_us["server"])


def _ratio(pairs: list[Pair]) -> float:
    return median(pair.on.cpu_us / pair.off.cpu_us for pair in pairs)


def _show(pairs: list[Pair]) -> int:
    lines = table("metrics, alarms and the console beside nothing of them; medians")
    for title in ("", "unit", "on", "off", "ratio of pairs, median", "least to most"):
        lines.add_column(title)
    figures: tuple[tuple[str, str, Callable[[Cost], float]], ...] = (
        ("processor time of the sandbox", "µs a change", lambda cost: cost.cpu_us),
        ("  of the server", "µs a change", lambda cost: cost.server_us),
        ("changes until queryable", "a second", lambda cost: cost.per_s),
    )
    for name, unit, figure in figures:
        ratios = sorted(figure(pair.on) / figure(pair.off) for pair in pairs)
        on, off = median(figure(pair.on) for pair in pairs), median(figure(pair.off) for pair in pairs)
        spread = f"{ratios[0]:.2f} to {ratios[-1]:.2f}"
        lines.add_row(name, unit, f"{on:,.1f}", f"{off:,.1f}", f"{median(ratios):.3f}", spread)
    beside = median(pair.console_us for pair in pairs)
    lines.add_row("processor time of the console", "µs a change", f"{beside:,.1f}", "", "", "")
    console().print(lines)
    ratio = _ratio(pairs)
    console().print(f"the target is at most {_MAX_RATIO} times the processor time; measured {ratio:.3f} times")
    return int(ratio > _MAX_RATIO)


if __name__ == "__main__":
    sys.exit(main())
