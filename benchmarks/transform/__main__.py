"""The transform compared with its peers and its floors.

    python -m benchmarks.transform [--python PATH] [--json PATH] [--seconds N]

Every contender runs in a separate process on one core; their rounds alternate, so other load affects all equally. First
each gets values that are hard to preserve, and its losses are printed. `--python` is the interpreter of an environment
with requirements/bench.in; a peer that is missing, or that crashes there, is reported and skipped.
"""

from __future__ import annotations

import json
import platform
import signal
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.transform.contenders import CONTENDERS
from benchmarks.transform.exactness import loses_digits
from stack.commandline import Parser, run

ROOT = Path(__file__).parents[2]
RECORDS, BYTES = 500, 1024
_TURNS = 12
_SWEEP = [
    *((records, 1024) for records in (1, 10, 100, 500, 2000, 3000, 5000)),
    *((records, 200) for records in (1, 500, 5000)),
    (500, 600),
    (500, 4096),
    (100, 16384),
    (20, 102400),
]
# A record of the large batches is compared with one of the usual: in many rounds, each with all of them. The floor's
# difference is the memory's: a large batch and its response are not in the processor's caches.
_LARGE, _ROUNDS = (2000, 3000), 30
_COMPARED = {"ours": "", "invocation": " in a whole invocation", "pybase64": " by pybase64 alone"}
_SWEEP_NOTE = (
    "5,000 records of 1 KB exceed Lambda's limit: most of their rows are left out, and the time includes that."
)
# The Lambda's zip has no typing_extensions, which msgspec imports if it is installed.
_IMPORT = (
    "import sys, time; sys.modules['typing_extensions'] = None; started = time.process_time(); "
    "import transform.handler; print((time.process_time() - started) * 1000)"
)


class Worker:
    """A contender's process."""

    def __init__(self, name: str, python: str) -> None:
        self.name = name
        process = subprocess.Popen(
            [python, "-m", "benchmarks.transform.worker", name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        if process.stdin is None or process.stdout is None:
            raise OSError("the worker has no pipes")
        self._process, self._input, self._output = process, process.stdin, process.stdout
        self.ready = self._read() or {"missing": _ending(process.wait())}

    def turn(self, records: int, size: int, seconds: float) -> dict[str, float]:
        """Time for one batch, in nanoseconds: {"least", "median", "processor"}."""
        self._input.write(json.dumps({"records": records, "bytes": size, "seconds": seconds}) + "\n")
        self._input.flush()
        return self._read()

    def stop(self) -> None:
        """End the process."""
        self._input.close()
        self._process.wait(timeout=10)

    def _read(self) -> dict[str, Any]:
        line = self._output.readline()
        return json.loads(line) if line else {}


def _ending(code: int) -> str:
    """How a process ended, as text."""
    signal_ = signal.strsignal(-code) if code < 0 else None
    return f"it ended by a signal: {signal_}" if signal_ else f"it ended with code {code}"


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    return run(lambda: _main(arguments))


def _main(arguments: list[str] | None) -> int:
    parser = Parser(prog="python -m benchmarks.transform", description="The transform compared with its peers.")
    parser.add_argument("--python", default=sys.executable, help="the interpreter of the peers' environment")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    parser.add_argument("--seconds", type=float, default=60.0, help="approximate duration")
    chosen = parser.parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 150)
    workers = {name: Worker(name, chosen.python) for name in CONTENDERS}
    running = {name: worker for name, worker in workers.items() if "missing" not in worker.ready}
    try:
        results = _measure(running, chosen.seconds)
        sweep = _sweep(running["ours"], chosen.seconds / 60)
        large = {name: _large(running[name]) for name in _COMPARED if name in running}
    finally:
        for worker in workers.values():
            worker.stop()
    report: dict[str, Any] = {
        "version": 2,
        "machine": {
            "python": platform.python_version(),
            "system": platform.platform(),
            "processor": platform.machine(),
        },
        "workload": {"records": RECORDS, "mean_bytes": BYTES, "mix": "60% INSERT, 30% MODIFY, 10% REMOVE"},
        "contenders": {
            name: {"title": CONTENDERS[name].title, **worker.ready, **results.get(name, {})}
            for name, worker in workers.items()
        },
        "sweep": sweep,
        "large": {
            name: {records: growth._asdict() for records, growth in found.items()} for name, found in large.items()
        },
        "import_ms": _import_ms(chosen.python),
    }
    _print(console, report)
    if chosen.json:
        chosen.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


def _measure(workers: dict[str, Worker], seconds: float) -> dict[str, dict[str, float]]:
    """By contender: nanoseconds per record, in its best round and in the median round."""
    share = seconds / (_TURNS * len(workers))
    turns: dict[str, list[dict[str, float]]] = {name: [] for name in workers}
    with Progress(transient=True) as progress:
        for _ in progress.track(range(_TURNS), description="taking turns"):
            for name, worker in workers.items():
                turns[name].append(worker.turn(RECORDS, BYTES, share))
    return {
        name: {
            "ns_a_record": min(turn["least"] for turn in taken) / RECORDS,
            "median_ns_a_record": sorted(turn["median"] for turn in taken)[len(taken) // 2] / RECORDS,
        }
        for name, taken in turns.items()
    }


def _sweep(worker: Worker, scale: float) -> list[dict[str, float]]:
    """The cost of a record by batch size and record size."""
    rows: list[dict[str, float]] = []
    for records, size in _SWEEP:
        turns = [worker.turn(records, size, 0.2 * scale) for _ in range(4)]
        ns = min(turn["least"] for turn in turns) / records
        rows.append({"records": records, "bytes": size, "ns_a_record": ns, "ns_a_byte": ns / size})
    return rows


class Growth(NamedTuple):
    """A record of a large batch compared with one of RECORDS, by processor time, round by round in rising order.

    `ratios` are the one over the other, `ns` their difference in nanoseconds.
    """

    ratios: list[float]
    ns: list[float]


def _large(worker: Worker) -> dict[int, Growth]:
    """The growth of a record's cost by size of batch."""
    found: dict[int, Growth] = {records: Growth([], []) for records in _LARGE}
    for number in range(_ROUNDS):
        sizes = sorted((RECORDS, *_LARGE), reverse=number % 2 == 1)
        each = {records: worker.turn(records, BYTES, 0)["processor"] / records for records in sizes}
        for records, growth in found.items():
            growth.ratios.append(each[records] / each[RECORDS])
            growth.ns.append(each[records] - each[RECORDS])
    return {records: Growth(sorted(growth.ratios), sorted(growth.ns)) for records, growth in found.items()}


def _import_ms(python: str) -> float:
    """Milliseconds of processor time for the import of the handler in a new process, the best of several."""
    times: list[float] = []
    for _ in range(7):
        shown = subprocess.run([python, "-c", _IMPORT], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        times.append(float(shown))
    return min(times)


def _print(console: Console, report: dict[str, Any]) -> None:
    contenders = report["contenders"]
    ours = contenders["ours"]["ns_a_record"]
    table = Table(title=f"{RECORDS} records of {BYTES} bytes on average: {report['workload']['mix']}; one core each")
    for heading in ("contender", "µs a record", "records/s", "ours is faster", "keeps digits", "loses besides"):
        table.add_column(heading, justify="left" if heading in ("contender", "loses besides") else "right")
    for result in sorted(contenders.values(), key=lambda result: result.get("ns_a_record", float("inf"))):
        if "missing" in result:
            table.add_row(result["title"], "-", "-", "-", "-", f"not measured: {result['missing']}"[:70])
            continue
        ns: float = result["ns_a_record"]
        lost: list[str] | None = result["losses"]
        kept = "" if lost is None else "no" if loses_digits(lost) else "yes"
        others = [name for name in lost or [] if not loses_digits([name])]
        table.add_row(
            result["title"], f"{ns / 1000:.2f}", f"{1e9 / ns:,.0f}", f"{ns / ours:.2f} x", kept, ", ".join(others)
        )
    console.print(table)
    sweep = Table(title="this transform, by size of batch and of record")
    for heading in ("records", "bytes each", "µs a record", "ns a byte"):
        sweep.add_column(heading, justify="right")
    for row in report["sweep"]:
        sweep.add_row(
            f"{row['records']:,}", f"{row['bytes']:,}", f"{row['ns_a_record'] / 1000:.2f}", f"{row['ns_a_byte']:.2f}"
        )
    console.print(sweep)
    for name, found in report["large"].items():
        for records, growth in found.items():
            ratios = growth["ratios"]
            console.print(
                f"a record of {records:,} costs {median(ratios):.2f} times one of {RECORDS}{_COMPARED[name]}, "
                f"{median(growth['ns']) / 1000:.2f} µs more (processor time, median of {len(ratios)} rounds; "
                f"least {ratios[0]:.2f}, most {ratios[-1]:.2f})"
            )
    console.print(_SWEEP_NOTE)
    console.print(f"import of the handler: {report['import_ms']:.0f} ms of processor time")


if __name__ == "__main__":
    sys.exit(main())
