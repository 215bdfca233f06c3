"""The sandbox's processes: started in the background, recorded in files, stopped in order.

A record, <process>.pid in the state directory, has the process id and the start time, so a later process with the same
id is never confused with it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import NamedTuple

from sandbox.errors import SandboxError
from sandbox.state import LAUNCHER, REGION_VARIABLE, StateDir
from stack.commandline import interrupts_deferred

HOST = "127.0.0.1"
READY_TIMEOUT_S = 60.0
RECOVERY_TIMEOUT_S = 600.0
"""The time limit of a server's recovery: it takes some seconds a gigabyte."""
STOP_TIMEOUT_S = 15.0
_POLL_S = 0.02
_PROBE_TIMEOUT_S = 2.0
_SOURCE = Path(__file__).parent.parent


@dataclass(frozen=True)
class Process:
    """One kind of process of the sandbox; with `has_socket` it serves on run/<name>.sock."""

    name: str
    has_socket: bool = False

    @property
    def module(self) -> str:
        """The module that it runs."""
        return f"sandbox.{self.name}"


SERVER = Process("server")
WORKERS = (
    Process("functions", has_socket=True),
    Process("athena", has_socket=True),
    Process("crawlers", has_socket=True),
    Process("firehose"),
    Process("pipes"),
)
PROCESSES = (SERVER, *WORKERS)
"""In start order; they stop in reverse order, sources of changes first."""


class ProcessRecord(NamedTuple):
    """A started process: its id, and its start time as the system reports it."""

    pid: int
    started: str


def record_of(state: StateDir, process: Process) -> ProcessRecord | None:
    """The record of a process, alive or not."""
    saved = state.read_json(f"{process.name}.pid")
    return None if saved is None else ProcessRecord(saved["pid"], saved["started"])


def is_alive(state: StateDir, process: Process) -> bool:
    """Return whether the recorded process still runs."""
    record = record_of(state, process)
    return record is not None and started_at(record.pid) == record.started


def start(state: StateDir, process: Process, arguments: Sequence[str], region: str) -> None:
    """Start a process in a new session, append its output to its log, and record it."""
    for stale in (state.status / f"{process.name}.json", state.path / f"{process.name}.pid"):
        stale.unlink(missing_ok=True)
    command = [sys.executable, "-m", LAUNCHER, process.module, *arguments, "--state-dir", str(state.path)]
    # An interrupt between the start and the record would leave a process that no command finds.
    with interrupts_deferred(), (state.logs / f"{process.name}.log").open("ab") as log:
        child = subprocess.Popen(  # noqa: S603 - a module of the project, and no shell
            command,
            cwd=_SOURCE,
            env=environment(region),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        # It outlives this process; the system reports its state, not this object.
        child.returncode = 0
        started = started_at(child.pid)
        if started is not None:
            state.write_json(f"{process.name}.pid", ProcessRecord(child.pid, started)._asdict())


def environment(region: str) -> dict[str, str]:
    """The environment of the sandbox's processes: this process's, without the variables of AWS clients."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return inherited | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONUNBUFFERED": "1",
        REGION_VARIABLE: region,
    }


def wait_until_ready(state: StateDir, process: Process, port: int, timeout_s: float = READY_TIMEOUT_S) -> None:
    """Wait until a process is ready.

    Raises:
        SandboxError: it ended, or it is not ready in time.
    """
    deadline = time.monotonic() + timeout_s
    while not is_ready(state, process, port):
        if not is_alive(state, process):
            raise SandboxError(f"The sandbox's {process.name} ended during its start{_last_words(state, process)}")
        if time.monotonic() > deadline:
            log = state.logs / f"{process.name}.log"
            raise SandboxError(f"The sandbox's {process.name} is not ready after {timeout_s:.0f} s: see {log}.")
        time.sleep(_POLL_S)


def is_ready(state: StateDir, process: Process, port: int) -> bool:
    """Return whether a process is ready: a server that responds, a socket that accepts, a worker with a status."""
    record = record_of(state, process)
    if record is None:
        return False
    if process == SERVER:
        # The server of a different sandbox would also respond here.
        server = state.read_json("server.json")
        return server is not None and server["pid"] == record.pid and is_healthy(port)
    if process.has_socket and not _accepts(state.socket(process.name)):
        return False
    status = state.read_json(state.status / f"{process.name}.json")
    return status is not None and status["pid"] == record.pid


def is_healthy(port: int) -> bool:
    """Return whether a sandbox's server responds on a port."""
    connection = HTTPConnection(HOST, port, timeout=_PROBE_TIMEOUT_S)
    try:
        connection.request("GET", "/_sandbox/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def stop(state: StateDir, process: Process, timeout_s: float = STOP_TIMEOUT_S) -> bool:
    """Send SIGTERM to a process and wait for its end; after a timeout send SIGKILL, and return False."""
    clean = _end(state, process, signal.SIGTERM, timeout_s)
    if not clean:
        _end(state, process, signal.SIGKILL, timeout_s)
    (state.path / f"{process.name}.pid").unlink(missing_ok=True)
    return clean


def started_at(pid: int) -> str | None:
    """The process's start time in the system's form; None if it does not run."""
    stat = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        return _started_by_ps(pid)
    try:
        # The name, in parentheses, may contain spaces and parentheses: proc_pid_stat(5).
        fields = stat.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, start_time = fields[0], fields[19]
    return None if state in "ZX" else start_time


def port_is_free(port: int) -> bool:
    """Return whether a loopback port is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _end(state: StateDir, process: Process, number: signal.Signals, timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    if is_alive(state, process) and (record := record_of(state, process)) is not None:
        _signal(record.pid, number)
    while is_alive(state, process):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _signal(pid: int, number: signal.Signals) -> None:
    send: Callable[[int, int], None] = os.killpg if number == signal.SIGKILL else os.kill
    try:
        send(pid, number)
    except ProcessLookupError:
        return


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_PROBE_TIMEOUT_S)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _last_words(state: StateDir, process: Process) -> str:
    log = state.logs / f"{process.name}.log"
    lines = log.read_text(errors="replace").split("\n")
    words = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f" ({words}): see {log}." if words else f": see {log}."


def _started_by_ps(pid: int) -> str | None:
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ps, and no shell
    fields = found.stdout.split(maxsplit=1)
    return None if len(fields) < 2 or fields[0].startswith("Z") else fields[1].strip()
