"""The load generator compared with other clients: signed PutItem per second and core.

    python -m benchmarks.loadgen [--python PATH] [--rounds 3] [--seconds 3] [--only fast] [--json PATH]

    (make bench-loadgen)

Every client is measured once per round, and its best round counts: other load varies, and never makes a client faster.

`--python` is the interpreter of an environment with requirements/bench.in. A client that is missing, or that fails, is
reported and skipped. `wrk`, if installed, sends one unsigned request repeatedly: the limit of the server and the
machine.
"""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.loadgen import table, wrk
from benchmarks.loadgen.clients import CLIENTS
from benchmarks.loadgen.machine import SERVER_CORE, facts, pinned, python_version
from benchmarks.loadgen.measure import Line, best, measure, ratios
from benchmarks.loadgen.server import NullServer, make_certificate
from benchmarks.terminal import Steps
from stack.commandline import Parser, run


def main(argv: list[str] | None = None) -> int:
    """Measure all clients and print a table; 1 when one of ours failed."""
    return run(lambda: _main(argv))


def _main(argv: list[str] | None) -> int:
    parser = Parser(prog="python -m benchmarks.loadgen", description="Signed PutItem per second and core, by client.")
    parser.add_argument("--python", default=sys.executable, help="the interpreter of the peers' environment")
    parser.add_argument("--rounds", type=int, default=3, help="rounds per client (default: 3)")
    parser.add_argument("--seconds", type=float, default=3.0, help="seconds per client and round (default: 3)")
    parser.add_argument("--only", default="", help="measure only clients whose name contains this")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    arguments = parser.parse_args(argv)
    if arguments.rounds < 1 or not arguments.seconds > 0:
        parser.error("--rounds and --seconds must be greater than 0.")
    version = python_version(arguments.python)
    if version is None:
        parser.error(
            f"{arguments.python} is not a Python interpreter: make .venv-bench/.installed creates one with the peers."
        )
    lines = [
        best(rounds)
        for rounds in _measure_all(arguments.python, arguments.rounds, arguments.seconds, arguments.only).values()
    ]
    table.show(lines)
    if arguments.json:
        report = {
            "version": 1,
            "machine": facts() | {"python": version},
            "rounds": arguments.rounds,
            "seconds": arguments.seconds,
            "clients": [_described(line, lines) for line in lines],
        }
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    return 1 if any(line.failure and line.client in CLIENTS and CLIENTS[line.client].ours for line in lines) else 0


def _described(line: Line, lines: list[Line]) -> Mapping[str, object]:
    """A line with its results."""
    to = {name: ratio._asdict() for name, ratio in ratios(line, lines).items()}
    return line._asdict() | {"server_limited": line.server_limited, "disturbed": line.disturbed, "ratios": to}


def _measure_all(python: str, rounds: int, seconds: float, only: str) -> dict[tuple[bool, str], list[Line]]:
    """The lines of all rounds, by client and TLS."""
    found: dict[tuple[bool, str], list[Line]] = {}
    names = [name for name in (*CLIENTS, wrk.NAME) if only in name]
    with tempfile.TemporaryDirectory() as directory, Steps("clients") as steps:
        certificate, key = make_certificate(Path(directory))
        for number, tls in itertools.product(range(rounds), (False, True)):
            with NullServer(prefix=pinned(SERVER_CORE), tls=(certificate, key) if tls else None) as server:
                for name in names:
                    steps.begin(f"round {number + 1} of {rounds}, {name}{' over TLS' if tls else ''}")
                    if name == wrk.NAME:
                        line = wrk.measure(server, seconds, tls=tls)
                    else:
                        line = measure(name, python, server, seconds, certificate if tls else None)
                    found.setdefault((tls, name), []).append(line)
                    steps.end(f"{line.items_per_s:,.0f} items/s" if not line.failure else line.failure)
    return {key: found[key] for key in sorted(found, key=lambda key: key[0])}


if __name__ == "__main__":
    sys.exit(main())
