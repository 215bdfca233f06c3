"""Measures the cost of metrics, alarms and the console in the sandbox: `make bench-metrics`.

    python -m benchmarks.console.cost [--rounds 3] [--pairs 8] [--changes 10000] [--json PATH]

Two sandboxes of this checkout run at a time: one counts and evaluates its alarms and has a console whose page is
watched, the other counts nothing (CDC_SANDBOX_NO_METRICS=1). Each pair puts the same load on both at the same time, 25
changes a request until the last can be queried, so that other load on the machine affects both alike. Two processes of
the same program differ by some per cent in how their memory lies, so that each round starts new ones.

The changes a second are those that two cores give: what they have beyond the processor time at rest, through the
processor time that a change takes beyond it. So other load, which makes a run take longer, does not count the time at
rest more often. The result is the median of the pairs' ratios, and the interval in which it is with a confidence of
95 %. Exit code 1 when the median is above 1.03.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from http.client import HTTPConnection, HTTPException
from itertools import accumulate
from math import comb
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.parse import urlsplit

from benchmarks.before import ROOT
from benchmarks.console.counting import counting_ns
from benchmarks.console.serving import console_url
from benchmarks.loadgen.machine import facts
from benchmarks.sandbox.builds import Running, cpu_s_of, running
from benchmarks.sandbox.pipeline import backlog
from benchmarks.terminal import Steps, console, table
from sandbox.monitoring.recorder import RECORDER
from stack.commandline import Parser, UserError, run

_MAX_RATIO = 1.03
_BATCH = 25
_FIRST = 1000
"""Changes before the first that are measured: the functions start."""
_IDLE_S = 20.0
_CORES = 2
_OFF = {"CDC_SANDBOX_NO_METRICS": "1"}


class Cost(NamedTuple):
    """One load on one sandbox: processor time per change beyond that at rest (microseconds), changes per second."""

    own_us: float
    per_s: float


class Idle(NamedTuple):
    """Processor time of the two sandboxes and of the console while nothing is written, in milliseconds a second."""

    on_ms: float
    off_ms: float
    console_ms: float


class Pair(NamedTuple):
    """The same load on both at a time, and the processor time of the console a change in microseconds."""

    on: Cost
    off: Cost
    console_us: float


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    return run(lambda: _main(arguments))


def _main(arguments: list[str] | None) -> int:
    parser = Parser(prog="python -m benchmarks.console.cost", description="What metrics and the console cost.")
    parser.add_argument("--rounds", type=int, default=3, help="how often both are started (default: %(default)s)")
    parser.add_argument("--pairs", type=int, default=8, help="loads on both in a round (default: %(default)s)")
    parser.add_argument("--changes", type=int, default=10_000, help="changes of a load (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    chosen = parser.parse_args(arguments)
    if not (1 <= chosen.rounds <= 20 and 1 <= chosen.pairs <= 100 and 1000 <= chosen.changes <= 1_000_000):
        parser.error("--rounds is from 1 to 20, --pairs from 1 to 100, --changes from 1,000 to 1,000,000.")
    idles: list[Idle] = []
    pairs: list[Pair] = []
    with Steps("rounds") as steps:
        for number in range(chosen.rounds):
            _round(steps, f"round {number + 1} of {chosen.rounds}", chosen.pairs, chosen.changes, idles, pairs)
    if chosen.json:
        report = {"machine": facts(), "idle": idles, "pairs": pairs, "ratio": _ratio(pairs)}
        chosen.json.write_text(json.dumps(report, indent=1, default=str))
    return _show(pairs, idles)


def _round(steps: Steps, title: str, count: int, changes: int, idles: list[Idle], pairs: list[Pair]) -> None:
    """Start both, and add what they cost at rest and under each load."""
    with ExitStack() as ends:
        steps.begin(f"{title}: starting both")
        on, off = (_started(ends, environment) for environment in ({}, _OFF))
        url, pid = console_url(on.state, ends)
        _watch(url)
        _pair(on, off, pid, _FIRST)
        idles.append(idle := _idle(on, off, pid))
        steps.end(f"at rest {idle.on_ms:.1f} ms a second, without metrics {idle.off_ms:.1f}")
        for number in range(count):
            steps.begin(f"{title}: load {number + 1} of {count}")
            pairs.append(pair := _pair(on, off, pid, changes, idle))
            steps.end(f"a change costs {pair.on.own_us:.0f} µs, without metrics {pair.off.own_us:.0f} µs")


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


def _pair(on: Running, off: Running, console_pid: int, changes: int, idle: Idle | None = None) -> Pair:
    before_s = cpu_s_of(console_pid)
    rest = (idle.on_ms, idle.off_ms) if idle else (0.0, 0.0)
    with ThreadPoolExecutor(2) as threads:
        of_on, of_off = threads.map(_cost, (on, off), (changes, changes), rest)
    return Pair(of_on, of_off, (cpu_s_of(console_pid) - before_s) / changes * 1e6)


def _cost(sandbox: Running, changes: int, rest_ms: float) -> Cost:
    found = backlog(sandbox, changes, _BATCH)
    own_us = found.cpu_us_per_change - rest_ms * 1000 * found.counted_s / changes
    return Cost(own_us, (_CORES * 1000 - rest_ms) * 1000 / own_us)


def _ratio(pairs: list[Pair]) -> float:
    return median(pair.off.per_s / pair.on.per_s for pair in pairs)


def interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """The interval of a median by the order of the values, whatever their distribution; all of them if they are few.

    The number of values below the median is binomial with 1/2: David and Nagaraja, Order Statistics, 7.1.
    """
    ordered, count = sorted(values), len(values)
    tails = accumulate(comb(count, below) / 2**count for below in range(count))
    left = sum(tail <= (1 - confidence) / 2 for tail in tails)
    return ordered[max(left - 1, 0)], ordered[min(count - left, count - 1)]


def _show(pairs: list[Pair], idles: list[Idle]) -> int:
    lines = table(f"metrics, alarms and the console beside nothing of them; medians of {len(pairs)} loads on both")
    for title in ("", "unit", "on", "off", "ratio, median", "95 %"):
        lines.add_column(title)
    figures: tuple[tuple[str, str, Callable[[Cost], float]], ...] = (
        ("processor time of a change", "µs", lambda cost: cost.own_us),
        ("changes on two cores", "a second", lambda cost: cost.per_s),
    )
    for name, unit, figure in figures:
        ratios = [figure(pair.on) / figure(pair.off) for pair in pairs]
        on, off = median(figure(pair.on) for pair in pairs), median(figure(pair.off) for pair in pairs)
        low, high = interval(ratios)
        lines.add_row(name, unit, f"{on:,.1f}", f"{off:,.1f}", f"{median(ratios):.3f}", f"{low:.3f} to {high:.3f}")
    rest_on, rest_off = median(idle.on_ms for idle in idles), median(idle.off_ms for idle in idles)
    lines.add_row("processor time at rest", "ms a second", f"{rest_on:,.1f}", f"{rest_off:,.1f}", "", "")
    beside = median(pair.console_us for pair in pairs)
    lines.add_row("processor time of the console", "µs a change", f"{beside:,.1f}", "", "", "")
    lines.add_row("counting in the server alone", "µs a change", f"{counting_ns(RECORDER) / 1000:.2f}", "", "", "")
    console().print(lines)
    ratio = _ratio(pairs)
    console().print(f"the target: without them at most {_MAX_RATIO} times the changes a second; measured {ratio:.3f}")
    return int(ratio > _MAX_RATIO)


if __name__ == "__main__":
    sys.exit(main())
