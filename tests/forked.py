"""Processes of the sandbox, forked from one that has imported their modules before.

`python -m sandbox.server` imports for a second, a worker for half of one, and the tests start some fifty of them. Here
each module is imported once a process of xdist, by the template, and each process of the sandbox is a fork of it that
runs the module's `main`. The commands themselves are started by tests/e2e and test_cli_lifecycle.
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
        """`log` gets what it writes to standard output and error, behind what is there."""
        wanted = {"module": module, "arguments": [*arguments], "log": str(log), "environment": {**(environment or {})}}
        self.log = log
        self.pid: int = _template().ask("start", wanted)
        self.returncode: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """What its block has not ended is killed: to wait for it could take for ever."""
        self.kill()
        self.wait()

    def poll(self) -> int | None:
        """Its exit code, negative after a signal; None while it runs."""
        if self.returncode is None:
            self.returncode = _template().ask("poll", self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, when it has ended; TimeoutExpired, with what its threads do, when it does not end in time."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if timeout is not None and deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"process {self.pid}, which does:\n{self._stacks()}", timeout)
            time.sleep(_POLL_S)
        return code

    def _stacks(self) -> str:
        """The end of its log, once it has written there where each of its threads is."""
        before = self.log.stat().st_size
        os.kill(self.pid, signal.SIGUSR1)
        deadline = time.monotonic() + _STACKS_S
        while self.log.stat().st_size == before and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        return self.log.read_text(errors="replace")[-_STACKS_SIZE:]

    def send_signal(self, number: signal.Signals) -> None:
        """Nothing happens to a process that has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def end(self) -> None:
        """Kill it; where coverage measures, it first has the time to write what it measured."""
        if "COVERAGE_PROCESS_CONFIG" in os.environ:
            self.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.wait(_MEASURED_END_S)
        self.kill()
        self.wait()


class _Template:
    """The process that imports and forks. It answers one question after another: a line of JSON each."""

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
    """Answer until the end of standard input; then end what still runs."""
    answers = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.set_inheritable(answers, False)
    # An interrupt is for pytest, which then ends what it has started.
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
    # What a fixture that failed has left.
    for pid in running:
        os.kill(pid, signal.SIGKILL)


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

    Otherwise all processes draw the same identifiers from moto's, and a server that is started again gives a new
    message the identifier of one that it has.
    """
    for generator in _generators:
        generator.seed()


@cache
def _imported(module: str) -> Any:
    """The module's `main`; it and all that it takes are then in this process."""
    gc.disable()
    # As the server does it before it imports moto, which reads its settings once.
    import_module("sandbox.server").configure_moto(0)
    spec = find_spec(module)
    assert spec is not None, module
    is_package = spec.submodule_search_locations is not None
    run = import_module(f"{module}.__main__" if is_package else module).main
    for name in _SERVERS if module.endswith("server") else _WORKERS:
        import_module(name)
    # What was frozen before is not among them. Asking a proxy for its class may fail, hence its type.
    _generators.extend(each for each in gc.get_objects() if issubclass(type(each), Random))
    gc.freeze()
    return run


def _poll(pid: int) -> int | None:
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


if __name__ == "__main__":
    _main()
