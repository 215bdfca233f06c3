"""One client in its own process, timed together with the server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.loadgen.clock import BEGIN, END
from benchmarks.loadgen.machine import CLIENT_CORE, ROOT, pinned
from benchmarks.loadgen.null_server import Usage
from benchmarks.loadgen.server import LIMIT_SHARE, NullServer, share

# The common fast clients.
BASES = ("aioboto3 tuned", "aiodynamo")
# A busy client uses more of its core than this, without other load.
UNDISTURBED_SHARE = 0.9
# The time from a client's start to its end, in addition to the measured time.
_PATIENCE_S = 60.0
_MISSING = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")


class Line(NamedTuple):
    """One client's result; the shares are of the client's and the server's core. `failure` is the reason of a failure.

    `slowest` is the ratio of its slowest round's rate.
    """

    client: str
    tls: bool
    requests_per_s: float = 0.0
    items_per_s: float = 0.0
    cpu_us_per_request: float = 0.0
    client_share: float = 0.0
    server_share: float = 0.0
    failure: str = ""
    slowest: float = 1.0

    @property
    def cpu_us_per_item(self) -> float:
        """Processor time an item."""
        return self.cpu_us_per_request * self.requests_per_s / self.items_per_s

    @property
    def server_limited(self) -> bool:
        """Whether the server could not have answered more."""
        return self.server_share > LIMIT_SHARE

    @property
    def disturbed(self) -> bool:
        """Whether other load used part of the client's core while the server was idle."""
        return not self.server_limited and self.client_share < UNDISTURBED_SHARE


def best(rounds: Sequence[Line]) -> Line:
    """A client's round with the highest rate; a failed round if there is one."""
    failed = [line for line in rounds if line.failure]
    if failed:
        return failed[0]
    fastest = max(rounds, key=lambda line: line.items_per_s)
    return fastest._replace(slowest=min(line.items_per_s for line in rounds) / fastest.items_per_s)


class Ratio(NamedTuple):
    """The ratios to another client: rate, and processor time per item."""

    items_per_s: float
    cpu_per_item: float


def ratios(line: Line, lines: Sequence[Line]) -> dict[str, Ratio]:
    """A client's ratios to the clients in BASES under the same conditions, by name."""
    return {
        base.client: Ratio(line.items_per_s / base.items_per_s, base.cpu_us_per_item / line.cpu_us_per_item)
        for base in lines
        if base.client in BASES and base.tls == line.tls and not base.failure and not line.failure
    }


def measure(
    name: str, python: str, server: NullServer, seconds: float, certificate: Path | None, build: Path = ROOT
) -> Line:
    """Run one client of a checkout on the clients' core, with this interpreter."""
    command = [*pinned(CLIENT_CORE), python, "-m", "benchmarks.loadgen.clients", name]
    trusted = {"AWS_CA_BUNDLE": str(certificate), "SSL_CERT_FILE": str(certificate)} if certificate else {}
    tls = certificate is not None
    with tempfile.TemporaryFile("w+") as errors:
        with subprocess.Popen(
            [*command, "--url", server.url, "--seconds", str(seconds)],
            cwd=build,
            env=os.environ | trusted,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process:
            said, usages = _listen(process, server, seconds)
        errors.seek(0)
        if process.returncode != 0 or len(usages) != 2:
            return Line(name, tls, failure=_reason(errors.read(), process.returncode))
    found = json.loads(said)
    return Line(
        name,
        tls,
        requests_per_s=found["requests"] / found["seconds"],
        items_per_s=found["items"] / found["seconds"],
        cpu_us_per_request=found["cpu_s"] / found["requests"] * 1e6,
        client_share=found["cpu_s"] / found["seconds"],
        server_share=share(*usages),
    )


def _listen(process: subprocess.Popen[str], server: NullServer, seconds: float) -> tuple[str, list[Usage]]:
    """A client's last line, and the server's use at the start and end of its time."""
    said, usages = "", list[Usage]()
    timer = threading.Timer(seconds + _PATIENCE_S, process.kill)
    timer.start()
    try:
        for line in process.stdout or ():
            said = line.strip()
            if said in (BEGIN, END):
                usages.append(server.usage())
    finally:
        timer.cancel()
    return said, usages


def _reason(errors: str, code: int) -> str:
    missing = _MISSING.search(errors)
    if missing:
        return f"not measured: {missing[1]} is not installed"
    if code < 0:
        return f"not measured: its process was ended by signal {-code}"
    last = next((line.strip() for line in reversed(errors.splitlines()) if line.strip()), f"exit code {code}")
    return f"not measured: {last}"
