"""Start and stop the whole sandbox."""

from __future__ import annotations

import fcntl
import shutil
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from sandbox.errors import SandboxError
from sandbox.faults.active_file import FILE as FAULTS
from sandbox.journal.version import written_by_another
from sandbox.processes import (
    HOST,
    PROCESSES,
    RECOVERY_TIMEOUT_S,
    SERVER,
    WORKERS,
    Process,
    is_alive,
    is_ready,
    port_is_free,
    record_of,
    start,
    stop,
    wait_until_ready,
)
from sandbox.state import DEFAULT_PORT, DEFAULT_STATE_DIR, StateDir

OnProgress = Callable[[str], None]

DEFAULT_STACK = "local"
_LOCK = "sandbox.lock"
_KEPT = frozenset({"logs", _LOCK})
_PACKAGES = (
    *("aiohttp", "awslambdaric", "boto3", "duckdb", "flask", "flask_cors", "granian", "moto", "numpy"),
    *("pulumi", "pulumi_aws", "pyparsing", "yaml", "ziglang"),
)
_LONGEST_SERVICE = "functions"


class Deployment(NamedTuple):
    """The result of `up`: the deployed stack and its region; `stack` is None for an empty sandbox."""

    stack: str | None
    region: str


class Up(NamedTuple):
    """The result of `up`: the stack's outputs (of an empty sandbox its endpoint and region), and a sentence."""

    outputs: dict[str, Any]
    sentence: str


class Health(NamedTuple):
    """One process, as `status` shows it. `status` is the worker's status report; times are epoch seconds."""

    process: str
    alive: bool
    ready: bool
    pid: int | None
    since_s: float | None
    status: dict[str, Any]


@dataclass
class Sandbox:
    """The sandbox of a state directory, running or not."""

    state: StateDir
    progress: OnProgress

    def up(self, program: Path, stack: str | None, port: int | None, empty: bool = False) -> Up:
        """Start the dead processes and deploy the stack if nothing is deployed; with `empty`, deploy nothing.

        A sandbox that was stopped or has died continues with its data, port and stack; `stack` and `port` are None if
        the user does not set them. An empty sandbox takes only its region from the stack. After a failure, no process
        remains.

        Raises:
            SandboxError: an error that the user can fix.
        """
        _check_installed()
        with self._lock():
            deployed = self.deployment()
            if deployed is not None:
                self._check_same(deployed, stack, port, empty)
                return self._resume(deployed)
            last_port = self._port()
            if self._exists():
                self.progress("An earlier start was interrupted: starting again from empty.")
                self._stop_all()
            self._wipe()
            return self._start_new(program, stack or DEFAULT_STACK, port or last_port, empty)

    def down(self, *, forget: bool = False) -> bool:
        """Stop everything, and end the faults; with `forget`, also delete all files except the logs.

        Return False if there was nothing to stop or delete.
        """
        if not (self.state.path / _LOCK).exists():
            return False
        with self._lock():
            found = self._exists() or (forget and self.deployment() is not None)
            self._stop_all()
            (self.state.path / FAULTS).unlink(missing_ok=True)
            if forget:
                self._wipe()
        return found

    def health(self) -> list[Health]:
        """The processes in start order; if the sandbox is not running, all are dead."""
        port = self._port()
        return [self._health_of(process, port) for process in PROCESSES]

    def deployment(self) -> Deployment | None:
        """The result of the last completed `up`; None without one."""
        saved = self.state.read_json("deployment.json")
        return None if saved is None else Deployment(saved["stack"], saved["region"])

    def outputs(self) -> dict[str, Any]:
        """The outputs of the stack; of an empty sandbox its endpoint and region; empty until `up` is complete."""
        deployment = self.deployment()
        if deployment is None:
            return {}
        place = {"endpoint_url": f"http://127.0.0.1:{self._port()}", "region": deployment.region}
        return place | (self.state.read_json("outputs.json") or {})

    def emptiness(self) -> str | None:
        """How to deploy to a sandbox that was started empty; None for one with a stack."""
        deployment = self.deployment()
        if deployment is None or deployment.stack is not None:
            return None
        port, file = self._port(), f"Pulumi.{DEFAULT_STACK}.yaml"
        first = "" if port == DEFAULT_PORT else f", after you change port {DEFAULT_PORT} to {port} in {file}"
        return f"It was started empty: `pulumi up --stack {DEFAULT_STACK}` deploys to it{first}."

    def _check_same(self, deployed: Deployment, stack: str | None, port: int | None, empty: bool) -> None:
        is_ = "is already running" if is_alive(self.state, SERVER) else "was stopped"
        with_ = "" if is_.endswith("running") else "with "
        other = f"run `{command('down --forget', self.state)}` first, or start a second one with its own --state-dir"
        if port is not None and port != self._port():
            raise SandboxError(f"The sandbox {is_} on port {self._port()}: {other} and --port.")
        if deployed.stack is None and stack is not None and not empty:
            raise SandboxError(f"The sandbox {is_} and was started empty: {other} and --port.")
        if deployed.stack is not None and (empty or stack not in (None, deployed.stack)):
            raise SandboxError(f"The sandbox {is_} {with_}stack {deployed.stack!r}: {other} and --port.")

    def _resume(self, deployed: Deployment) -> Up:
        """Start the dead processes of an existing sandbox."""
        dead = [process for process in PROCESSES if not is_alive(self.state, process)]
        endpoint_url = f"http://{HOST}:{self._port()}"
        if not dead:
            return self._up("The sandbox is already running.")
        begun_s = time.monotonic()
        try:
            self._start_again(dead, endpoint_url, deployed.region)
        except BaseException:
            if SERVER in dead:
                self.progress("stopping the started processes")
                self._stop_all()
            raise
        if SERVER not in dead:
            names = _listed([process.name for process in dead])
            return self._up(f"The sandbox was running; restarted {names}.")
        seconds = time.monotonic() - begun_s
        return self._up(f"The sandbox is up again at {endpoint_url}, after {seconds:.0f} s. {self._recovered()}")

    def _start_again(self, dead: Sequence[Process], endpoint_url: str, region: str) -> None:
        port = self._port()
        if SERVER in dead:
            if (other := written_by_another(self.state)) is not None:
                raise SandboxError(
                    f"The data in {self.state.path} was written by a different program ({other}): use that one, or "
                    f"delete the data with `{command('down --forget', self.state)}`."
                )
            if not port_is_free(port):
                raise SandboxError(
                    f"Port {port} is in use by a different program: stop that, because the sandbox's clients use the "
                    "port."
                )
            self.progress(f"starting the server at {endpoint_url}")
            start(self.state, SERVER, ["--port", str(port)], region)
            wait_until_ready(self.state, SERVER, port, RECOVERY_TIMEOUT_S)
        workers = [process for process in dead if process != SERVER]
        for worker in workers:
            self.progress(f"restarting {worker.name}")
            self._start_worker(worker, endpoint_url, region)
        for worker in workers:
            wait_until_ready(self.state, worker, port)

    def _recovered(self) -> str:
        """A sentence about what the server recovered."""
        found = self.state.read_json(self.state.status / "server.json") or {}
        kinds = ("writes", "records", "objects", "messages")
        counted = [f"{found.get(f'recovered_{kind}', 0):,} {kind}" for kind in kinds]
        return f"It has recovered {_listed(counted)} in {found.get('recovered_ms', 0) / 1000:.1f} s."

    def _up(self, sentence: str) -> Up:
        how = self.emptiness()
        return Up(self.outputs(), sentence if how is None else f"{sentence} {how}")

    def _start_new(self, program: Path, stack: str, port: int, empty: bool) -> Up:
        from sandbox.deploy import deploy, stack_region  # slow to import

        region = stack_region(program, stack)
        self.state.socket(_LONGEST_SERVICE)  # refuses a path that is too long
        if not port_is_free(port):
            raise SandboxError(f"Port {port} is in use by a different program: choose a free one with --port.")
        shutil.rmtree(self.state.path / "logs", ignore_errors=True)
        begun_s = time.monotonic()
        endpoint_url = f"http://{HOST}:{port}"
        try:
            self.progress(f"starting the server at {endpoint_url}")
            start(self.state, SERVER, ["--port", str(port)], region)

            def begin() -> None:
                wait_until_ready(self.state, SERVER, port)
                for worker in WORKERS:
                    self._start_worker(worker, endpoint_url, region)

            outputs: dict[str, Any] = {}
            if empty:
                begin()
            else:
                self.progress(f"deploying stack {stack}")
                outputs = deploy(program, stack, endpoint_url, self.state, self.progress, begin)
            for worker in WORKERS:
                self.progress(f"waiting for {worker.name}")
                wait_until_ready(self.state, worker, port)
            if not empty:
                self.state.write_json("outputs.json", outputs | {"endpoint_url": endpoint_url})
            deployment = Deployment(None if empty else stack, region)
            saved = deployment._asdict() | {"port": port, "deployed_at": time.time()}
            self.state.write_json("deployment.json", saved)
        except BaseException:
            self.progress("stopping the started processes")
            self._stop_all()
            self._wipe()
            raise
        seconds = time.monotonic() - begun_s
        page = "" if empty else f" See it at work: `{command('console', self.state)}`."
        return self._up(f"The sandbox is up at {endpoint_url}, after {seconds:.0f} s.{page}")

    def _start_worker(self, worker: Process, endpoint_url: str, region: str) -> None:
        start(self.state, worker, ["--endpoint-url", endpoint_url], region)

    def _stop_all(self) -> None:
        for process in reversed(PROCESSES):
            if is_alive(self.state, process):
                self.progress(f"stopping {process.name}")
            if not stop(self.state, process):
                self.progress(f"{process.name} did not stop on SIGTERM and was killed")

    def _exists(self) -> bool:
        return any(record_of(self.state, process) is not None for process in PROCESSES)

    def _wipe(self) -> None:
        for path in self.state.path.iterdir():
            if path.name in _KEPT:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def _port(self) -> int:
        saved = self.state.read_json("deployment.json") or self.state.read_json("server.json") or {}
        return saved.get("port", DEFAULT_PORT)

    def _health_of(self, process: Process, port: int) -> Health:
        record = record_of(self.state, process)
        alive = is_alive(self.state, process)
        since_s = None
        # A concurrent command may restart the process, and has already removed its record.
        with suppress(FileNotFoundError, NotADirectoryError):
            since_s = (self.state.path / f"{process.name}.pid").stat().st_mtime
        return Health(
            process=process.name,
            alive=alive,
            ready=alive and is_ready(self.state, process, port),
            pid=record.pid if record else None,
            since_s=since_s if record else None,
            status=self.state.read_json(self.state.status / f"{process.name}.json") or {},
        )

    @contextmanager
    def _lock(self) -> Generator[None]:
        """A lock that only one start or stop holds at a time."""
        with self._lock_file() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise SandboxError(
                    f"Another command is starting or stopping the sandbox in {self.state.path}: wait until it finishes."
                ) from None
            yield

    def _lock_file(self) -> TextIO:
        lock = self.state.path / _LOCK
        try:
            # The directory's content will be deleted, so it must belong to a sandbox: the lock file identifies it.
            if not lock.exists() and self.state.path.exists() and any(self.state.path.iterdir()):
                raise SandboxError(f"{self.state.path} contains other files: choose a new directory with --state-dir.")
            self.state.path.mkdir(parents=True, exist_ok=True)
            return lock.open("w")
        except OSError as error:
            raise SandboxError(
                f"{self.state.path} cannot be the sandbox's directory ({error.strerror}): choose another with "
                "--state-dir."
            ) from None


def command(name: str, state: StateDir) -> str:
    """The command line of one of the sandbox's commands for a state directory."""
    elsewhere = state.path != Path(DEFAULT_STATE_DIR).absolute()
    return f"python -m sandbox {name}" + (f" --state-dir {state.path}" if elsewhere else "")


def _check_installed() -> None:
    missing = [package for package in _PACKAGES if find_spec(package) is None]
    if missing:
        raise SandboxError(
            f"The sandbox needs packages that are not installed ({', '.join(missing)}): "
            "run `pip install '.[sandbox]'` in the checkout, or `make install`, which installs everything."
        )


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""
