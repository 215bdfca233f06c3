"""This checkout compared with an earlier commit: the load generator's clients and the transform.

    python -m benchmarks.before COMMIT [--pairs 15] [--seconds 0.5] [--only fast] [--instructions] [--json PATH]

The commit is checked out and installed by its own `make install` in `.build/before`. Each figure is measured in pairs:
one build, then immediately the other, each in a separate process against the same server, and their order alternates,
so other load affects both equally. The figures are processor time per item (load generator), the share of a core and
the lag at 20,000/s (`pacing`), and time per record (transform); below 1 this checkout is faster. The last lines compare
a record of a large batch with one of 500.

`--instructions` also counts the processor's instructions per request under valgrind's cachegrind, if installed: other
load does not change them. They are the difference between a long and a short run, so the start of a process does not
count.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.loadgen.clients import CLIENTS
from benchmarks.loadgen.machine import CLIENT_CORE, SERVER_CORE, pinned
from benchmarks.loadgen.measure import measure
from benchmarks.loadgen.server import NullServer, make_certificate
from benchmarks.terminal import Steps, console, table
from stack.commandline import Parser, UserError, run

ROOT = Path(__file__).parents[1]
_BATCHES = (50, 500, 2000, 3000)
_PACED_PER_S, _PACED_S = 20_000.0, 5.0
_RECORD_BYTES = 1024
# Requests of the short and the long run for counting instructions: seconds of a process that valgrind slows down.
_COUNTED_S = (1.0, 6.0)
# The instructions of these are counted: the others search for a rate, which valgrind changes.
_COUNTED = ("loadgen fast", "loadgen fast, batches of 25")


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
    parser.add_argument("--pairs", type=int, default=15, help="how often each build is measured (default: 15)")
    parser.add_argument("--seconds", type=float, default=0.5, help="seconds per figure and build (default: 0.5)")
    parser.add_argument("--only", default="", help="only figures whose name contains this")
    parser.add_argument("--instructions", action="store_true", help="also count instructions, by valgrind")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    chosen = parser.parse_args(arguments)
    if chosen.pairs < 1 or not chosen.seconds > 0:
        parser.error("--pairs and --seconds must be greater than 0.")
    if chosen.instructions and not shutil.which("valgrind"):
        parser.error("--instructions needs valgrind: install it, or leave the option out.")
    directory = checkout(chosen.commit)
    with Steps("figures") as steps:
        steps.begin(f"installing {chosen.commit}")
        subprocess.run(["make", "install"], cwd=directory, check=True, stdout=subprocess.DEVNULL)
        steps.end("installed")
        builds = {"before": directory, "now": ROOT}
        compared = list(measured(builds, chosen.pairs, chosen.seconds, chosen.only, steps))
        if chosen.instructions:
            compared += counted(builds, chosen.only, steps)
    show(compared, chosen.commit)
    if chosen.json:
        chosen.json.write_text(json.dumps([line._asdict() | {"ratios": line.ratios} for line in compared], indent=1))
    return 0


def checkout(commit: str) -> Path:
    """Return the directory of a commit's checkout. Raises: UserError: git has no such commit."""
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


def measured(builds: Mapping[str, Path], pairs: int, seconds: float, only: str, steps: Steps) -> Iterator[Compared]:
    """Every figure, pair by pair.

    Raises:
        UserError: a build's client failed.
    """
    ours = [name for name, client in CLIENTS.items() if client.ours]
    with TemporaryDirectory() as directory:
        certificate, key = make_certificate(Path(directory))
        for name, tls in itertools.product(ours, (False, True)):
            title = f"{name}, TLS" if tls else name
            if only not in title:
                continue
            with NullServer(prefix=pinned(SERVER_CORE), tls=(certificate, key) if tls else None) as server:
                timed = partial(_cpu_us, name, server, seconds, certificate if tls else None)
                yield _paired(title, "µs of processor time per item", builds, pairs, timed, steps)
    if only in "pacing":
        yield from _paced(builds, pairs, steps)
    for records in _BATCHES:
        title = f"transform, {records} records"
        if only in title:
            yield _paired(title, "µs per record", builds, pairs, partial(_record_us, records, seconds), steps)


def _paired(
    title: str, unit: str, builds: Mapping[str, Path], pairs: int, timed: Callable[[Path], float], steps: Steps
) -> Compared:
    steps.begin(title)
    values: dict[str, list[float]] = {"before": [], "now": []}
    for number in range(pairs):
        for name in sorted(builds, reverse=number % 2 == 1):
            values[name].append(timed(builds[name]))
    compared = Compared(title, unit, values["before"], values["now"])
    steps.end(f"{median(compared.ratios):.3f}")
    return compared


def _paced(builds: Mapping[str, Path], pairs: int, steps: Steps) -> Iterator[Compared]:
    """The share of a core and the lag of the whole load generator at a rate that one process keeps."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in builds}
    with NullServer(prefix=pinned(SERVER_CORE)) as server:
        case = ["loadgen", str(_PACED_PER_S), str(_PACED_S), str(server.port)]

        def share(build: Path) -> float:
            command = [*pinned(CLIENT_CORE), _python(build), "-m", "benchmarks.pacing", "--case", *case]
            paced = json.loads(subprocess.run(command, cwd=build, stdout=subprocess.PIPE, check=True).stdout)
            found["now" if build == ROOT else "before"].append(paced)
            return 100 * paced["cpu_share"]

        yield _paired(f"pacing, {_PACED_PER_S:,.0f}/s", "% of a core", builds, pairs, share, steps)
    lags = {name: [paced["lag_p99_us"] / 1000 for paced in each] for name, each in found.items()}
    yield Compared(f"pacing, {_PACED_PER_S:,.0f}/s, lag p99", "ms", lags["before"], lags["now"])


def _cpu_us(name: str, server: NullServer, seconds: float, certificate: Path | None, build: Path) -> float:
    line = measure(name, _python(build), server, seconds, certificate, build)
    if line.failure:
        raise UserError(f"{name} of {build.name}: {line.failure}.")
    return line.cpu_us_per_item


def _record_us(records: int, seconds: float, build: Path) -> float:
    turn = {"records": records, "bytes": _RECORD_BYTES, "seconds": seconds}
    done = subprocess.run(
        [_python(build), "-m", "benchmarks.transform.worker", "ours"],
        cwd=build,
        check=False,
        input=json.dumps(turn) + "\n",
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise UserError(f"The transform of {build.name} cannot run: {done.stdout.strip() or done.stderr.strip()}")
    # The first line means that the worker is ready.
    return json.loads(done.stdout.splitlines()[1])["median"] / records / 1000


def counted(builds: Mapping[str, Path], only: str, steps: Steps) -> Iterator[Compared]:
    """The instructions per request of the writer, of both builds."""
    for name in _COUNTED:
        if only in name:
            steps.begin(f"instructions, {name}")
            each = {key: _instructions(name, build) for key, build in builds.items()}
            compared = Compared(name, "instructions per request", [each["before"]], [each["now"]])
            steps.end(f"{compared.ratios[0]:.3f}")
            yield compared


def _instructions(name: str, build: Path) -> float:
    (short, few), (long, many) = (_run_counted(name, build, seconds) for seconds in _COUNTED_S)
    return (long - short) / (many - few)


def _run_counted(name: str, build: Path, seconds: float) -> tuple[int, int]:
    """The instructions of a client's process and the requests of its measured time."""
    with TemporaryDirectory() as directory, NullServer(prefix=pinned(SERVER_CORE)) as server:
        counts = Path(directory) / "counts"
        done = subprocess.run(
            [
                *("valgrind", "--tool=cachegrind", "--cache-sim=no", f"--cachegrind-out-file={counts}"),
                *(_python(build), "-m", "benchmarks.loadgen.clients", name),
                *("--url", server.url, "--seconds", str(seconds)),
            ],
            cwd=build,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
        )
        summary = next(line for line in counts.read_text().splitlines() if line.startswith("summary:"))
    return int(summary.split()[1]), int(json.loads(done.stdout.splitlines()[-1])["requests"])


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
    per_record = {line.name: line for line in compared}
    if (usual := per_record.get("transform, 500 records")) is not None:
        for records in _BATCHES:
            if records > 500 and (line := per_record.get(f"transform, {records} records")) is not None:
                before, now = (
                    median(many) / median(few) for many, few in ((line.before, usual.before), (line.now, usual.now))
                )
                console().print(f"a record of {records:,} costs {now:.2f} times one of 500; in {commit} {before:.2f}")


if __name__ == "__main__":
    sys.exit(main())
