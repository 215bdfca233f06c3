"""Measures the cost of metrics, alarms and the console in the sandbox: `make bench-metrics`.

    python -m benchmarks.console.cost [--rounds 3] [--crossings 5] [--changes 20000] [--json PATH]

Two sandboxes of this checkout run side by side under the same load at the same time, 25 changes a request until the
last can be queried, so that other load on the machine affects both alike. One counts, evaluates its alarms and has a
console whose page is watched; the other has none of that: a signal stops its counting, another its console. Then they
change places. Two processes of one program differ by some per cent in how their memory lies, and the crossing cancels
it: its ratio is the geometric mean of both loads' ratios of with to without.

The changes a second are those that two cores give: what they have beyond the processor time at rest, through the
processor time that a change takes beyond it, the console's included. So other load, which makes a run take longer, does
not count the time at rest more often. The result is the median of the crossings' ratios, and the interval in which it
is with a confidence of 95 %. Exit code 1 when the median is above 1.03.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from itertools import accumulate
from math import comb, prod, sqrt
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.parse import urlsplit

from benchmarks.before import ROOT
from benchmarks.console.counting import counting_ns
from benchmarks.console.serving import console_url
from benchmarks.loadgen.machine import facts
from benchmarks.sandbox.builds import PROCESSES, Running, cpu_s_of, running
from benchmarks.sandbox.pipeline import backlog
from benchmarks.terminal import Steps, console, table
from sandbox.monitoring.recorder import OFF_VARIABLE, RECORDER
from stack.commandline import Parser, UserError, run

_MAX_RATIO = 1.03
_BATCH = 25
_FIRST = 1000
"""Changes before the first that are measured: the functions start."""
_IDLE_S = 10.0
_CORES = 2
_STREAM_TIMEOUT_S = 600
"""Longer than a console stands still."""


class Cost(NamedTuple):
    """One load on one sandbox: processor time per change beyond that at rest (microseconds), changes per second.

    `console_us` is the console's part of all its processor time, in microseconds a change.
    """

    own_us: float
    per_s: float
    console_us: float


class Pair(NamedTuple):
    """Two values, with and without metrics, alarms and console."""

    on: Cost
    off: Cost


class Crossing(NamedTuple):
    """Two loads on both sandboxes, each of which is once with and once without."""

    first: Pair
    second: Pair

    def ratio(self, figure: Callable[[Cost], float]) -> float:
        """With to without, apart from what distinguishes the two sandboxes and the two times."""
        return sqrt(prod(figure(pair.on) / figure(pair.off) for pair in self))


class Rest(NamedTuple):
    """Processor time of a sandbox and its console while nothing is written, in milliseconds a second."""

    on_ms: float
    off_ms: float


@dataclass(frozen=True)
class Side:
    """A sandbox that counts when it is asked to, and its console."""

    sandbox: Running
    console_pid: int

    def switch(self, *, on: bool) -> None:
        """Count, evaluate and show, or nothing of that: a console that stands still takes no time."""
        for process in PROCESSES:
            os.kill(self.sandbox.pid(process), signal.SIGUSR1 if on else signal.SIGUSR2)
        os.kill(self.console_pid, signal.SIGCONT if on else signal.SIGSTOP)

    def spent_s(self) -> float:
        """The processor time of all its processes, with the console."""
        return sum(self.sandbox.cpu_s().values()) + cpu_s_of(self.console_pid)

    def cost(self, changes: int, rest_ms: float) -> Cost:
        """What a load takes beyond the rest."""
        before_s = cpu_s_of(self.console_pid)
        found = backlog(self.sandbox, changes, _BATCH)
        console_us = (cpu_s_of(self.console_pid) - before_s) / changes * 1e6
        own_us = found.cpu_us_per_change + console_us - rest_ms * 1000 * found.counted_s / changes
        return Cost(own_us, (_CORES * 1000 - rest_ms) * 1000 / own_us, console_us)


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    return run(lambda: _main(arguments))


def _main(arguments: list[str] | None) -> int:
    parser = Parser(prog="python -m benchmarks.console.cost", description="What metrics and the console cost.")
    parser.add_argument("--rounds", type=int, default=3, help="how often both are started (default: %(default)s)")
    parser.add_argument("--crossings", type=int, default=5, help="crossings in a round (default: %(default)s)")
    parser.add_argument("--changes", type=int, default=20_000, help="changes of a load (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    chosen = parser.parse_args(arguments)
    if not (1 <= chosen.rounds <= 20 and 1 <= chosen.crossings <= 100 and 1000 <= chosen.changes <= 1_000_000):
        parser.error("--rounds is from 1 to 20, --crossings from 1 to 100, --changes from 1,000 to 1,000,000.")
    rests: list[Rest] = []
    crossings: list[Crossing] = []
    with Steps("rounds") as steps:
        for number in range(chosen.rounds):
            title = f"round {number + 1} of {chosen.rounds}"
            _round(steps, title, chosen.crossings, chosen.changes, rests, crossings)
    if chosen.json:
        report = {"machine": facts(), "rest": rests, "crossings": crossings, "ratio": _ratio(crossings)}
        chosen.json.write_text(json.dumps(report, indent=1, default=str))
    return _show(crossings, rests)


def _round(steps: Steps, title: str, count: int, changes: int, rests: list[Rest], crossings: list[Crossing]) -> None:
    """Start both, and add what they cost at rest and under each load."""
    with ExitStack() as ends:
        steps.begin(f"{title}: starting both")
        sides = [_started(ends) for _ in range(2)]
        for on in (0, 1):
            _loaded(sides, on, _FIRST, [Rest(0.0, 0.0)] * 2)
        rest = _rest(sides)
        rests += rest
        on_ms, off_ms = (sum(each) / 2 for each in zip(*rest, strict=True))
        steps.end(f"at rest {on_ms:.1f} ms a second, without metrics {off_ms:.1f}")
        for number in range(count):
            steps.begin(f"{title}: crossing {number + 1} of {count}")
            on = number % 2
            crossing = Crossing(*(_loaded(sides, each, changes, rest) for each in (on, 1 - on)))
            crossings.append(crossing)
            steps.end(f"a change takes {crossing.ratio(lambda cost: cost.own_us):.3f} times as long with metrics")


def _started(ends: ExitStack) -> Side:
    # A Unix socket's path is short: 107 bytes at most.
    state = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir="/tmp")))
    sandbox = ends.enter_context(running(ROOT, state, {OFF_VARIABLE: "1"}))
    url, pid = console_url(state, ends)
    # A console that stands still would not end.
    ends.callback(os.kill, pid, signal.SIGCONT)
    _watch(url)
    return Side(sandbox, pid)


def _watch(url: str) -> None:
    """Receive the page's events in a thread that ends with this process, as a browser does.

    Raises: UserError: the console returns another response.
    """
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=_STREAM_TIMEOUT_S)
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


def _switched(sides: Sequence[Side], on: int) -> None:
    for number, side in enumerate(sides):
        side.switch(on=number == on)


def _rest(sides: Sequence[Side]) -> list[Rest]:
    """Each side's processor time at rest."""
    took: list[list[float]] = []
    for on in (0, 1):
        _switched(sides, on)
        before, began_s = [side.spent_s() for side in sides], time.monotonic()
        time.sleep(_IDLE_S)
        took_s = time.monotonic() - began_s
        took.append([(side.spent_s() - first) / took_s * 1000 for side, first in zip(sides, before, strict=True)])
    return [Rest(took[0][0], took[1][0]), Rest(took[1][1], took[0][1])]


def _loaded(sides: Sequence[Side], on: int, changes: int, rest: Sequence[Rest]) -> Pair:
    """Put the same load on both, of which one counts."""
    _switched(sides, on)
    rest_ms = [each.on_ms if number == on else each.off_ms for number, each in enumerate(rest)]
    with ThreadPoolExecutor(2) as threads:
        costs = list(threads.map(Side.cost, sides, (changes, changes), rest_ms))
    return Pair(costs[on], costs[1 - on])


def _ratio(crossings: Sequence[Crossing]) -> float:
    return median(1 / crossing.ratio(lambda cost: cost.per_s) for crossing in crossings)


def interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """The interval of a median by the order of the values, whatever their distribution; all of them if they are few.

    The number of values below the median is binomial with 1/2: David and Nagaraja, Order Statistics, 7.1.
    """
    ordered, count = sorted(values), len(values)
    tails = accumulate(comb(count, below) / 2**count for below in range(count))
    left = sum(tail <= (1 - confidence) / 2 for tail in tails)
    return ordered[max(left - 1, 0)], ordered[min(count - left, count - 1)]


def _show(crossings: Sequence[Crossing], rests: Sequence[Rest]) -> int:
    lines = table(f"metrics, alarms and the console beside nothing of them; {len(crossings)} crossings of two loads")
    for title in ("", "unit", "on", "off", "ratio, median", "95 %"):
        lines.add_column(title)
    pairs = [pair for crossing in crossings for pair in crossing]
    figures: tuple[tuple[str, str, Callable[[Cost], float]], ...] = (
        ("processor time of a change", "µs", lambda cost: cost.own_us),
        ("changes on two cores", "a second", lambda cost: cost.per_s),
    )
    for name, unit, figure in figures:
        ratios = [crossing.ratio(figure) for crossing in crossings]
        on, off = median(figure(pair.on) for pair in pairs), median(figure(pair.off) for pair in pairs)
        low, high = interval(ratios)
        lines.add_row(name, unit, f"{on:,.1f}", f"{off:,.1f}", f"{median(ratios):.3f}", f"{low:.3f} to {high:.3f}")
    rest_on, rest_off = median(rest.on_ms for rest in rests), median(rest.off_ms for rest in rests)
    lines.add_row("processor time at rest", "ms a second", f"{rest_on:,.1f}", f"{rest_off:,.1f}", "", "")
    shown = median(pair.on.console_us for pair in pairs)
    lines.add_row("the console's part, with its rest", "µs a change", f"{shown:,.1f}", "", "", "")
    lines.add_row("counting in the server alone", "µs a change", f"{counting_ns(RECORDER) / 1000:.2f}", "", "", "")
    console().print(lines)
    ratio = _ratio(crossings)
    console().print(f"the target: without them at most {_MAX_RATIO} times the changes a second; measured {ratio:.3f}")
    return int(ratio > _MAX_RATIO)


if __name__ == "__main__":
    sys.exit(main())
