"""The load generator beside other clients: how many signed PutItem a core sends.

    python -m benchmarks.loadgen [--python PATH] [--seconds 5] [--only fast] [--json PATH]     (make bench-loadgen)

`--python` is the interpreter of an environment with requirements/bench.in. A
client that it lacks, or that fails, is reported and left out. `wrk`, where it is
installed, sends one unsigned request over and over: what the server and the
machine allow.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.loadgen import table, wrk
from benchmarks.loadgen.clients import CLIENTS
from benchmarks.loadgen.machine import SERVER_CORE, facts, pinned, python_version
from benchmarks.loadgen.measure import Line, measure, ratios
from benchmarks.loadgen.server import NullServer, make_certificate
from benchmarks.terminal import Steps


def main(argv: list[str] | None = None) -> int:
    """Measure all clients and print a table; 1 when one of ours failed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.loadgen", description="How many signed PutItem a core sends, client by client."
    )
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has the peers")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each client writes (default: 5)")
    parser.add_argument("--only", default="", help="measure only clients whose name contains this")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    arguments = parser.parse_args(argv)
    version = python_version(arguments.python)
    if version is None:
        parser.error(
            f"{arguments.python} is no Python interpreter: make .venv-bench/.installed makes one with the peers."
        )
    lines = _measure_all(arguments.python, arguments.seconds, arguments.only)
    table.show(lines)
    if arguments.json:
        report = {
            "version": 1,
            "machine": facts() | {"python": version},
            "seconds": arguments.seconds,
            "clients": [_described(line, lines) for line in lines],
        }
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    return 1 if any(line.failure and line.client in CLIENTS and CLIENTS[line.client].ours for line in lines) else 0


def _described(line: Line, lines: list[Line]) -> Mapping[str, object]:
    """All that is known of a line."""
    to = {name: ratio._asdict() for name, ratio in ratios(line, lines).items()}
    return line._asdict() | {"server_limited": line.server_limited, "disturbed": line.disturbed, "ratios": to}


def _measure_all(python: str, seconds: float, only: str) -> list[Line]:
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as directory, Steps("clients") as steps:
        certificate, key = make_certificate(Path(directory))
        for tls in (False, True):
            with NullServer(prefix=pinned(SERVER_CORE), tls=(certificate, key) if tls else None) as server:
                for name in [*CLIENTS, wrk.NAME]:
                    if only not in name:
                        continue
                    steps.begin(f"{name}{' over TLS' if tls else ''}")
                    if name == wrk.NAME:
                        line = wrk.measure(server, seconds, tls=tls)
                    else:
                        line = measure(name, python, server, seconds, certificate if tls else None)
                    lines.append(line)
                    steps.end(f"{line.items_per_s:,.0f} items/s" if not line.failure else line.failure)
    return lines


if __name__ == "__main__":
    sys.exit(main())
