"""Shared parts of the sandbox's processes: the state directory, a clean stop, and clients of the endpoint."""

from __future__ import annotations

import logging
import os
import select
import signal
import sys
import threading
import time
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec

from sandbox.errors import SandboxError

ACCESS_KEY = "sandbox"
SECRET_KEY = "sandbox"  # noqa: S105 - moto checks no signature, and the endpoint is only on loopback
ACCOUNT_ID = "123456789012"
DEFAULT_REGION = "eu-west-1"
DEFAULT_PORT = 4566
DEFAULT_STATE_DIR = ".sandbox"
WORKER_AGENT = "sandbox-worker"
"""Part of the User-Agent of every call by a process of the sandbox."""
REGION_VARIABLE = "SANDBOX_REGION"
STATE_DIR_VARIABLE = "SANDBOX_STATE_DIR"
STATUS_INTERVAL_S = 1.0
LAUNCHER = "sandbox.launcher"
"""The module that starts a module as a process."""

_SOCKET_PATH_BYTES = 107  # sun_path of sockaddr_un without its final NUL: unix(7)


class StateDir:
    """The directory of a sandbox's persistent files.

    server.json, outputs.json, <process>.pid, logs/<process>.log, status/<process>.json,
    checkpoints/, run/<service>.sock.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).absolute()

    def __repr__(self) -> str:
        return f"StateDir({str(self.path)!r})"

    @property
    def logs(self) -> Path:
        """The directory of each process's <process>.log."""
        return self._directory("logs")

    @property
    def run(self) -> Path:
        """The directory of the services' Unix sockets."""
        return self._directory("run")

    @property
    def status(self) -> Path:
        """The directory of each worker's <process>.json, which `write_json` makes: reading leaves no file."""
        return self.path / "status"

    @property
    def checkpoints(self) -> Path:
        """The directory of the workers' checkpoints."""
        return self._directory("checkpoints")

    def socket(self, name: str) -> Path:
        """The Unix socket of the service called `name`.

        Raises:
            SandboxError: the path is too long for a socket.
        """
        path = self.run / f"{name}.sock"
        if len(os.fsencode(path)) > _SOCKET_PATH_BYTES:
            raise SandboxError(f"The path {path} is too long for a Unix socket: choose a shorter --state-dir.")
        return path

    def write_json(self, path: Path | str, obj: object) -> None:
        """Replace a file atomically (a relative path starts at the state directory)."""
        target = self.path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}")
        temporary.write_bytes(msgspec.json.encode(obj))
        temporary.replace(target)

    def read_json(self, path: Path | str) -> dict[str, Any] | None:
        """The object in a file (a relative path starts at the state directory); None without a file.

        Raises:
            SandboxError: the file has no object of JSON; `write_json` leaves no such file.
        """
        try:
            content = (self.path / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            return msgspec.json.decode(content, type=dict[str, Any])
        except msgspec.MsgspecError as error:
            raise SandboxError(
                f"{self.path / path} is damaged ({error}): restore it, or end the sandbox's processes and delete "
                f"{self.path}."
            ) from error

    def _directory(self, name: str) -> Path:
        path = self.path / name
        path.mkdir(parents=True, exist_ok=True)
        return path


class WorkerStatus:
    """A worker's status for `python -m sandbox status`: status/<process>.json.

    `counters` may change at any time; `tick` writes the file if the last write is at least a second ago, `write`
    immediately. The constructor writes the first, which shows that the worker is up.
    """

    def __init__(self, state: StateDir, process: str, counters: Mapping[str, object] | None = None) -> None:
        self.counters: dict[str, object] = dict(counters or {})
        self._state = state
        self._process = process
        self._written_s = 0.0
        self.write()

    def tick(self) -> None:
        """Write if the interval has passed."""
        if time.monotonic() - self._written_s >= STATUS_INTERVAL_S:
            self.write()

    def write(self) -> None:
        """Replace the file with {"process", "pid", "updated_at" (epoch seconds), and the counters}."""
        self._written_s = time.monotonic()
        status = {"process": self._process, "pid": os.getpid(), "updated_at": time.time(), **self.counters}
        self._state.write_json(self._state.status / f"{self._process}.json", status)


class StopSignal:
    """The request to stop cleanly: SIGTERM or SIGINT, handled from its construction on (in the main thread).

    It waits on a pipe, which an event loop can also watch (`fileno`) and which, unlike a threading.Event, a signal
    handler can set safely at any time.
    """

    def __init__(self) -> None:
        self.requested = False
        self._reader, self._writer = os.pipe()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)

    def request(self) -> None:
        """Request the stop, like the signals."""
        if not self.requested:
            self.requested = True
            os.write(self._writer, b"\0")

    def _handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - signal.signal's signature
        self.request()

    def wait(self, seconds: float) -> bool:
        """Wait for the timeout or the stop; return whether the stop is requested."""
        if not self.requested:
            select.select([self._reader], [], [], max(seconds, 0.0))
        return self.requested

    def fileno(self) -> int:
        """A descriptor that becomes readable when the stop is requested."""
        return self._reader


def worker_arguments(argv: Sequence[str] | None = None) -> tuple[str, StateDir]:
    """The endpoint's URL and the state directory from a worker's command line (default: this process's).

    Also configures logging to stderr, the same for every worker.
    """
    parser = ArgumentParser()
    parser.add_argument("--endpoint-url", required=True, help="endpoint of the sandbox's AWS services")
    parser.add_argument("--state-dir", required=True, type=Path, help="the sandbox's state directory")
    arguments = parser.parse_args(argv)
    log_to_stderr()
    return arguments.endpoint_url, StateDir(arguments.state_dir)


def log_to_stderr() -> None:
    """Log lines of this process, from INFO, as `time level logger: message` in UTC."""
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for chatty in ("boto3", "botocore", "urllib3"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def region() -> str:
    """The sandbox's region: the deployed stack's, which `up` passes to every process in its environment."""
    return os.environ.get(REGION_VARIABLE, DEFAULT_REGION)


def client(service: str, endpoint_url: str) -> Any:
    """A boto3 client of a service at the endpoint, with the sandbox's credentials and region.

    Thread-safe.
    """
    from botocore.config import Config  # slow to import, and some processes do not need it

    options = Config(
        connect_timeout=5,
        read_timeout=60,
        retries={"mode": "standard", "total_max_attempts": 3},
        proxies={},
        s3={"addressing_style": "path"},
        user_agent_extra=WORKER_AGENT,
    )
    # A session cannot create clients in two threads concurrently (boto3's guide, "Multithreading and multiprocessing").
    with _making_clients:
        return session().client(
            service,
            endpoint_url=endpoint_url,
            region_name=region(),
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=options,
        )


_making_clients = threading.Lock()


@cache
def session() -> Any:
    """The boto3 session of this process: it reads the services' models once, which is most of the cost of a client.

    It does not use the user's AWS configuration.
    """
    nothing = (None, None, None, None)
    sources = dict.fromkeys(("profile", "config_file", "credentials_file", "ca_bundle"), nothing)
    core: Any = import_module("botocore.session").Session(session_vars=sources)
    core.register_component("data_loader", import_module("sandbox.models").model_loader())
    return import_module("boto3.session").Session(botocore_session=core)
