"""One checkout's sandbox: started, measured by the system's counters, stopped."""

from __future__ import annotations

import importlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
PROCESSES = ("server", "pipes", "firehose", "functions", "athena", "crawlers")


@dataclass(frozen=True)
class Running:
    """A sandbox that is up, and the wall time that `sandbox up` took."""

    port: int
    state: Path
    outputs: dict[str, Any]
    ready_s: float

    def cpu_s(self) -> dict[str, float]:
        """The processor time of each process since its start, in seconds; `functions` with those of its functions."""
        children = _children()
        return {name: sum(map(cpu_s_of, _tree(self.pid(name), children))) for name in PROCESSES}

    def memory_bytes(self) -> int:
        """The server's resident memory."""
        return memory_of(self.pid("server"))

    def pid(self, process: str) -> int:
        """A process's id."""
        return json.loads((self.state / f"{process}.pid").read_text())["pid"]

    def client(self, service: str) -> Any:
        """A boto3 client."""
        return client_of(service, self.port, self.outputs["region"])


def client_of(service: str, port: int, region: str) -> Any:
    """A boto3 client of an endpoint on this machine."""
    create: Any = importlib.import_module("boto3").client
    return create(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name=region,
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",  # noqa: S106 - no secret
    )


@contextmanager
def running(build: Path, state: Path, environment: Mapping[str, str] | None = None) -> Generator[Running]:
    """A checkout's sandbox with the program deployed, until the end of the context.

    `environment` is added to this process's.
    """
    port = free_port()
    command = [str(build / ".venv" / "bin" / "python"), "-m", "sandbox"]
    begun_s = time.monotonic()
    up = subprocess.run(
        [*command, "up", "--port", str(port), "--state-dir", str(state), "--json"],
        cwd=build,
        env=os.environ | dict(environment or {}),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Running(port, state, json.loads(up.stdout), time.monotonic() - begun_s)
    finally:
        down = [*command, "down", "--state-dir", str(state)]
        subprocess.run(down, cwd=build, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def free_port() -> int:
    """A port that no program uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def memory_of(pid: int) -> int:
    """The resident memory of a process, in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES


def cpu_s_of(pid: int) -> float:
    """The processor time of a process and of its children that have ended, in seconds."""
    fields = _stat(pid)
    # utime, stime, cutime and cstime: proc_pid_stat(5), without the first two fields.
    return sum(map(int, fields[11:15])) / _TICKS_PER_S if fields else 0.0


def _tree(pid: int, children: dict[int, list[int]]) -> list[int]:
    return [pid, *(each for child in children.get(pid, ()) for each in _tree(child, children))]


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (fields := _stat(int(entry.name))):
            found.setdefault(int(fields[1]), []).append(int(entry.name))
    return found


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
