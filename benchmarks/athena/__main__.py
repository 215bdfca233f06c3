"""Measure the demo's queries in this checkout, an earlier one and DuckDB alone, in turn; and the cost of planning."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.athena.changes import PARTITION, write
from benchmarks.before import checkout
from benchmarks.loadgen.machine import ROOT
from benchmarks.terminal import Steps, console, table
from components import view
from sandbox.athena import planning
from sandbox.athena.errors import ApiError, StatementError
from sandbox.demo import QUERIES
from stack.commandline import Parser, run
from tests.oracle.trino.session import Sandbox
from transform.schema import TABLE

_BEFORE = "c57f2c6"
"""The last commit whose Athena patched a translation of each query, before the typed planner."""
_NOW, _DUCKDB = "now", "DuckDB alone"
_PLAN_TARGET_MS, _DUCKDB_TARGET = 20.0, 1.5
_STATEMENTS = ROOT / "tests" / "oracle" / "trino" / "answers.jsonl"


class Run(NamedTuple):
    """One query, once: seconds elapsed, seconds of the processors, rows."""

    elapsed_s: float
    processors_s: float
    rows: int


class Contender(NamedTuple):
    """Start a worker and wait until it is ready."""

    name: str
    process: subprocess.Popen[str]

    def ask(self, message: Mapping[str, object]) -> dict[str, Any]:
        """Send one line and return the response."""
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError(f"{self.name} has no pipes.")
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended while it answered {message}")
        return json.loads(line)


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    return run(lambda: _main(arguments))


def _main(arguments: list[str] | None) -> int:
    parser = Parser(prog="python -m benchmarks.athena", description="The sandbox's Athena beside an earlier commit's.")
    parser.add_argument("commit", nargs="?", default=_BEFORE, help="the earlier build (default: %(default)s)")
    parser.add_argument("--changes", type=int, default=1_000_000, help="rows of the change log (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=9, help="how often each runs each query (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    chosen = parser.parse_args(arguments)
    if chosen.rounds < 1 or chosen.changes < 1:
        parser.error("--rounds and --changes must be greater than 0.")
    before = checkout(chosen.commit)
    with Steps("Athena") as steps, tempfile.TemporaryDirectory(prefix="bench-athena-") as directory:
        steps.begin("planning")
        planned_ms = sorted(_planned_ms(Path(directory)))
        steps.end(f"{len(planned_ms)} statements")
        steps.begin(f"{chosen.changes:,} changes")
        files = Path(directory) / "files"
        write(files, chosen.changes)
        steps.end("written")
        builds = {chosen.commit: before, _NOW: ROOT, _DUCKDB: None}
        measured = _measured(builds, files, chosen.rounds, steps)
    _show(measured, planned_ms, chosen.commit)
    if chosen.json:
        runs = {
            query: {name: [each._asdict() for each in runs] for name, runs in by.items()}
            for query, by in measured.items()
        }
        chosen.json.write_text(json.dumps({"planning_ms": planned_ms, "queries": runs}, indent=1))
    return 0


def _planned_ms(directory: Path) -> Iterator[float]:
    """Return the milliseconds of planning each plannable statement of the oracle once, without caches."""
    catalogue = Sandbox(directory / "planning").lake.catalogue
    for line in _STATEMENTS.read_text(encoding="utf-8").splitlines():
        sql = json.loads(line)["sql"]
        began_s = time.perf_counter()
        try:
            planning.plan(sql, "db", catalogue)
        except (ApiError, StatementError):
            continue
        yield (time.perf_counter() - began_s) * 1000


def _measured(
    builds: Mapping[str, Path | None], files: Path, rounds: int, steps: Steps
) -> dict[str, dict[str, list[Run]]]:
    """Return each query's runs by contender; the first contender rotates with every round."""
    measured: dict[str, dict[str, list[Run]]] = {query: {name: [] for name in builds} for query in QUERIES}
    with ExitStack() as stack:
        contenders: list[Contender] = []
        for name, build in builds.items():
            steps.begin(f"{name} reads the files")
            contenders.append(stack.enter_context(_contender(name, build, files)))
            # A query before the first round, so that no contender's first reading of a file counts.
            for sql in QUERIES.values():
                contenders[-1].ask({"sql": sql})
            steps.end("ready")
        for number in range(rounds):
            steps.begin(f"round {number + 1} of {rounds}")
            turn = number % len(contenders)
            for query, sql in QUERIES.items():
                for contender in contenders[turn:] + contenders[:turn]:
                    measured[query][contender.name].append(Run(**contender.ask({"sql": sql})))
            steps.end("done")
    return measured


@contextmanager
def _contender(name: str, build: Path | None, files: Path) -> Generator[Contender]:
    worker = Path(__file__).with_name("worker.py")
    with subprocess.Popen(
        [sys.executable, str(worker), "duckdb" if build is None else "sandbox", str(files)],
        cwd=build or ROOT,
        env=os.environ | {"PYTHONPATH": str(build or ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        contender = Contender(name, process)
        contender.ask(
            {
                "log": TABLE.change_log,
                "view": TABLE.view,
                "sql": view.current_state(TABLE).sql,
                "columns": {column.name: column.type for column in TABLE.change_log_columns},
                "view_columns": {column.name: column.type for column in view.columns(TABLE)},
                "partition": PARTITION,
            }
        )
        try:
            yield contender
        finally:
            if process.stdin:
                process.stdin.close()


def _show(measured: dict[str, dict[str, list[Run]]], planned_ms: list[float], commit: str) -> None:
    lines = table(f"the demo's queries: this checkout over {commit} and over {_DUCKDB}, median of the rounds")
    others = (commit, _DUCKDB)
    for title in ("", *(f"{name}, ms" for name in (*others, _NOW)), *_titles(others)):
        lines.add_column(title)
    for query, runs in measured.items():
        elapsed = (f"{median(each.elapsed_s for each in runs[name]) * 1000:.0f}" for name in (*others, _NOW))
        fields = ("elapsed_s", "processors_s")
        ratios = (f"{median(_ratios(runs, name, field)):.2f}" for field in fields for name in others)
        lines.add_row(query.partition(":")[0], *elapsed, *ratios)
    console().print(lines)
    console().print(
        f"planning a statement, {len(planned_ms)} of the oracle's: median {median(planned_ms):.1f} ms,"
        f" 99th percentile {planned_ms[len(planned_ms) * 99 // 100]:.1f} ms, most {planned_ms[-1]:.1f} ms"
    )
    console().print(f"targets: planning {_PLAN_TARGET_MS:g} ms; over {commit} 1; over {_DUCKDB} {_DUCKDB_TARGET:g}")


def _titles(others: tuple[str, ...]) -> Iterator[str]:
    yield from (f"over {name}" for name in others)
    yield from (f"over {name}, processors" for name in others)


def _ratios(runs: dict[str, list[Run]], name: str, field: str) -> list[float]:
    return [getattr(now, field) / getattr(other, field) for now, other in zip(runs[_NOW], runs[name], strict=True)]


if __name__ == "__main__":
    sys.exit(main())
