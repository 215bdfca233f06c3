"""This checkout compared with an earlier commit: the load generator's clients and the transform.

    python -m benchmarks.before COMMIT [--pairs 7] [--seconds 1] [--only fast] [--json PATH]

The commit is checked out and installed by its own `make install` in `.build/before`. Then both builds are measured in
turn, each in its own processes, and change places in every pair, so other load affects both equally. The figures are
processor time per request (load generator) and time per record (transform); below 1 this checkout is faster.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from benchmarks.terminal import Steps, console, table
from stack.commandline import Parser, UserError, run

ROOT = Path(__file__).parents[1]
_BATCHES = (50, 500, 2000)
_RECORD_BYTES = 1024


class Compared(NamedTuple):
    """One figure of both builds: a value per pair, in `unit`."""

    name: str
    unit: str
    before: list[float]
    now: list[float]

    @property
    def ratios(self) -> list[float]:
        """This checkout's value over the commit's, pair by pair."""
        return [now / before for now, before in zip(self.now, self.before, strict=True)]


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    return run(lambda: _main(arguments))


def _main(arguments: list[str] | None) -> int:
    parser = Parser(prog="python -m benchmarks.before", description="This checkout compared with an earlier commit.")
    parser.add_argument("commit", help="what git calls the earlier build")
    parser.add_argument("--pairs", type=int, default=7, help="how often each build is measured (default: 7)")
    parser.add_argument("--seconds", type=float, default=1.0, help="seconds per figure and build (default: 1)")
    parser.add_argument("--only", default="loadgen", help="only load generator's clients whose name contains this")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    chosen = parser.parse_args(arguments)
    if chosen.pairs < 1 or not chosen.seconds > 0:
        parser.error("--pairs and --seconds must be greater than 0.")
    directory = checkout(chosen.commit)
    with Steps("builds") as steps:
        steps.begin(f"installing {chosen.commit}")
        subprocess.run(["make", "install"], cwd=directory, check=True, stdout=subprocess.DEVNULL)
        steps.end("installed")
        compared = measured({"before": directory, "now": ROOT}, chosen.pairs, chosen.seconds, chosen.only, steps)
    show(compared, chosen.commit)
    if chosen.json:
        chosen.json.write_text(json.dumps([line._asdict() | {"ratios": line.ratios} for line in compared], indent=1))
    return 0


def checkout(commit: str) -> Path:
    """The directory of a commit's checkout; UserError where git knows no such commit."""
    found = subprocess.run(
        ["git", "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"], cwd=ROOT, capture_output=True, text=True
    )
    if found.returncode:
        raise UserError(f"git knows no commit {commit}: name one of `git log`.")
    directory = ROOT / ".build" / "before" / found.stdout.strip()
    if not directory.exists():
        subprocess.run(["git", "clone", "--quiet", "--no-checkout", str(ROOT), str(directory)], check=True)
        subprocess.run(["git", "checkout", "--quiet", "--detach", directory.name], cwd=directory, check=True)
    return directory


def measured(builds: Mapping[str, Path], pairs: int, seconds: float, only: str, steps: Steps) -> list[Compared]:
    """Every figure that both builds have."""
    values: dict[tuple[str, str], dict[str, list[float]]] = {}
    for number in range(pairs):
        for name in sorted(builds, reverse=number % 2 == 1):
            steps.begin(f"pair {number + 1} of {pairs}, {name}")
            for figure, value in (*_of_clients(builds[name], seconds, only), *_of_transform(builds[name], seconds)):
                values.setdefault(figure, {"before": [], "now": []})[name].append(value)
            steps.end("done")
    return [
        Compared(name, unit, both["before"], both["now"])
        for (name, unit), both in values.items()
        if len(both["before"]) == len(both["now"]) == pairs
    ]


def _of_clients(build: Path, seconds: float, only: str) -> Iterator[tuple[tuple[str, str], float]]:
    with TemporaryDirectory() as directory:
        report = Path(directory) / "report.json"
        subprocess.run(
            [
                *(_python(build), "-m", "benchmarks.loadgen", "--rounds", "1", "--only", only),
                *("--seconds", str(seconds), "--json", str(report)),
            ],
            cwd=build,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        clients: list[dict[str, Any]] = json.loads(report.read_text())["clients"]
    for client in clients:
        if not client["failure"]:
            name = client["client"] + (", TLS" if client["tls"] else "")
            yield (name, "µs of processor time per request"), client["cpu_us_per_request"]


def _of_transform(build: Path, seconds: float) -> Iterator[tuple[tuple[str, str], float]]:
    turns = [{"records": records, "bytes": _RECORD_BYTES, "seconds": seconds} for records in _BATCHES]
    done = subprocess.run(
        [_python(build), "-m", "benchmarks.transform.worker", "ours"],
        cwd=build,
        check=True,
        input="".join(json.dumps(turn) + "\n" for turn in turns),
        capture_output=True,
        text=True,
    )
    # The first line says that the worker is ready.
    for records, line in zip(_BATCHES, done.stdout.splitlines()[1:], strict=True):
        yield (f"transform, {records} records", "µs per record"), json.loads(line)["median"] / records / 1000


def _python(build: Path) -> str:
    return str(build / ".venv" / "bin" / "python")


def show(compared: list[Compared], commit: str) -> None:
    """Print a line per figure."""
    lines = table("this checkout and an earlier one")
    for title in ("", "unit", f"{commit}, median", "now, median", "ratio of pairs, median", "least to most"):
        lines.add_column(title)
    for line in compared:
        ratios = sorted(line.ratios)
        lines.add_row(
            *(line.name, line.unit, f"{median(line.before):.2f}", f"{median(line.now):.2f}", f"{median(ratios):.3f}"),
            f"{ratios[0]:.2f} to {ratios[-1]:.2f}",
        )
    console().print(lines)


if __name__ == "__main__":
    sys.exit(main())
