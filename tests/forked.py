"""Processes of the sandbox, forked from a template process with their modules imported.

`python -m sandbox.server` imports for a second, a worker for half of one, and the tests start some fifty of them. Here
the template imports each module once per xdist process, and each process of the sandbox is a fork of it that runs the
module's `main`. The commands themselves are started by tests/e2e and test_cli_lifecycle.
"""

from __future__ import annotations

import atexit
import faulthandler
import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any, Self

ROOT = Path(__file__).parents[1]
_SERVERS = ("uvloop", "sandbox.front.app", "sandbox.front.expiry", "sandbox.front.saving.upkeep")
_WORKERS = ("botocore.config", "botocore.session", "boto3.session")
"""What a server and a worker import only when they run."""
_POLL_S = 0.01
_MEASURED_END_S = 30.0
_STACKS_S = 2.0
_STACKS_SIZE = 6_000
_generators: list[Random] = []
"""Those of the template."""


class ForkedProcess:
    """`python -m module arguments…`, as a fork; with the methods of subprocess.Popen."""

    def __init__(
        self, module: str, arguments: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        """`log` is the file to which its standard output and error are appended."""
        wanted = {"module": module, "arguments": [*arguments], "log": str(log), "environment": {**(environment or {})}}
        self.log = log
        self.pid: int = _template().ask("start", wanted)
        self.returncode: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Kill the process if the block did not end it: waiting could take forever."""
        self.kill()
        self.wait()

    def poll(self) -> int | None:
        """Return its exit code, negative after a signal; None while it runs."""
        if self.returncode is None:
            self.returncode = _template().ask("poll", self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its exit code. Raises: TimeoutExpired: it does not end in time; the log has its threads' stacks."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if timeout is not None and deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"process {self.pid}, which does:\n{self._stacks()}", timeout)
            time.sleep(_POLL_S)
        return code

    def _stacks(self) -> str:
        """Return the end of its log after it has written its threads' stacks there."""
        before = self.log.stat().st_size
        os.kill(self.pid, signal.SIGUSR1)
        deadline = time.monotonic() + _STACKS_S
        while self.log.stat().st_size == before and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        return self.log.read_text(errors="replace")[-_STACKS_SIZE:]

    def send_signal(self, number: signal.Signals) -> None:
        """Do nothing if the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def end(self) -> None:
        """Kill it; under coverage, it first gets time to write its data."""
        if "COVERAGE_PROCESS_CONFIG" in os.environ:
            self.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.wait(_MEASURED_END_S)
        self.kill()
        self.wait()


class _Template:
    """The process that imports and forks. It serves one request after another: a line of JSON each."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forked"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._lock = threading.Lock()
        atexit.register(self._end)

    def ask(self, what: str, about: object) -> Any:
        questions, answers = self._process.stdin, self._process.stdout
        assert questions is not None
        assert answers is not None
        with self._lock:
            questions.write(json.dumps([what, about]).encode() + b"\n")
            questions.flush()
            line = answers.readline()
        assert line, "the template of the sandbox's processes has ended"
        return json.loads(line)

    def _end(self) -> None:
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()


@cache
def _template() -> _Template:
    return _Template()


def _main() -> None:
    """Serve until the end of standard input; then end the remaining processes."""
    answers = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.set_inheritable(answers, False)
    # Only pytest reacts to an interrupt; it then ends its processes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    running: set[int] = set()
    for line in sys.stdin.buffer:
        what, about = json.loads(line)
        if what == "start":
            answer = _start(about, answers)
            running.add(answer)
        elif (answer := _poll(about)) is not None:
            running.discard(about)
        os.write(answers, json.dumps(answer).encode() + b"\n")
    # Processes left by a failed fixture.
    for pid in running:
        os.kill(pid, signal.SIGKILL)
    # What is frozen is not freed at the interpreter's end: DuckDB's binding would report its types there as leaked.
    os._exit(0)


def _start(wanted: dict[str, Any], answers: int) -> int:
    module: str = wanted["module"]
    run = _imported(module)
    log = os.open(wanted["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    pid = os.fork()
    if pid:
        os.close(log)
        return pid
    code = 1
    try:
        os.close(answers)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        faulthandler.register(signal.SIGUSR1)
        os.environ.update(wanted["environment"])
        sys.argv = [module, *wanted["arguments"]]
        gc.enable()
        _draw_afresh()
        run()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _draw_afresh() -> None:
    """Seed all generators of random numbers, as the `random` module seeds its own in each fork.

    Otherwise all processes draw the same identifiers from moto's generator, and a restarted server assigns an existing
    message's identifier to a new one.
    """
    for generator in _generators:
        generator.seed()


@cache
def _imported(module: str) -> Any:
    """Import and return the module's `main`."""
    gc.disable()
    # Like the server before it imports moto, which reads its settings once.
    import_module("sandbox.server").configure_moto(0)
    spec = find_spec(module)
    assert spec is not None, module
    is_package = spec.submodule_search_locations is not None
    run = import_module(f"{module}.__main__" if is_package else module).main
    for name in _SERVERS if module.endswith("server") else _WORKERS:
        import_module(name)
    # Objects frozen before are not among them. A proxy's __class__ may fail, hence type().
    _generators.extend(each for each in gc.get_objects() if issubclass(type(each), Random))
    gc.freeze()
    return run


def _poll(pid: int) -> int | None:
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


if __name__ == "__main__":
    _main()
