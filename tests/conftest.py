"""Fixtures that several packages' tests share: a running server of the sandbox, and compiled modules."""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import settings

from components.compiler import PARTS, Part, compile_source, is_current
from sandbox.state import StateDir
from tests.forked import ForkedProcess

_START_TIMEOUT_S = 60.0

# No deadline, because an example's time on a shared, busy machine varies. Each run draws new examples, so few per run
# are enough; `--hypothesis-profile=thorough` draws more.
settings.register_profile("unhurried", deadline=None, max_examples=50)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile("unhurried")


ROOT = Path(__file__).parents[1]


def pytest_configure(config: pytest.Config) -> None:
    """Compile the C modules of other sources.

    The garbage collector runs less often: with the objects of pulumi_aws and moto it took a fifth of all time.
    """
    gc.set_threshold(50_000, 20, 100)
    if hasattr(config, "workerinput"):
        return
    for part in PARTS:
        library = ROOT / part.library
        if not is_current(library):
            subprocess.run([sys.executable, "-m", "components.compiler", part.name], cwd=ROOT, check=True)
    if getattr(config.option, "numprocesses", None) and not sys.dont_write_bytecode and not _are_tests_compiled():
        # Otherwise each of xdist's processes compiles all that it imports, and the same as the others at the same time.
        subprocess.run(
            [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-n0"], cwd=ROOT, stdout=subprocess.DEVNULL
        )


def _are_tests_compiled() -> bool:
    """Return whether pytest has written bytecode of the tests: of those that it collects last."""
    last = ROOT / "tests" / "unit" / "transform" / "test_golden.py"
    cached = Path(cache_from_source(str(last)))
    return any(cached.parent.glob(f"{cached.stem}-pytest-*.pyc"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Distribute tests by file, each to a process that has the servers of its fixtures."""
    from tests.scheduling import SharedFixtureScheduling

    return SharedFixtureScheduling(config, log) if config.option.dist == "loadfile" else None


def pytest_collection_finish() -> None:
    """Exclude the modules and the tests, half a million objects, from each later collection of garbage."""
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Drop DuckDB's types, which stay with what is frozen: it reports on standard error those left at the end."""
    for name in [name for name in sys.modules if name.partition(".")[0] in ("duckdb", "_duckdb")]:
        vars(sys.modules[name]).clear()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order long tests first, so that no worker ends alone with one; the rest in any order.

    A test marked `destroys` is its module's last, so that what it destroys is not made again for the others.
    """
    kinds = ("e2e", "integration")
    first: dict[Path, int] = {}
    for place, item in enumerate(items):
        first.setdefault(item.path, place)

    def rank(item: pytest.Item) -> tuple[int, int, bool]:
        kind = next((n for n, kind in enumerate(kinds) if kind in item.path.parts), len(kinds))
        return kind, first[item.path], item.get_closest_marker("destroys") is not None

    items.sort(key=rank)


def shared_directory(factory: pytest.TempPathFactory, name: str) -> Path:
    """Return a directory of this run that all xdist's processes have, for what one of them makes for all."""
    own = factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / name
    shared.mkdir(exist_ok=True)
    return shared


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that other processes find whole or not at all."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.replace(path)


Compiled = Callable[[Part, str, str], bytes]
"""The module of a part of the project, for a machine and a system."""


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    """What `compile_source` makes of a part: a second of a processor each, so each once in a run of the tests."""
    shared = shared_directory(tmp_path_factory, "compiled")

    def compiled(part: Part, machine: str, system: str) -> bytes:
        file = shared / f"{part.name}-{machine}-{system}"
        if not file.exists():
            write_whole(file, compile_source(ROOT / part.source, machine, system))
        return file.read_bytes()

    return compiled


class SandboxServer(NamedTuple):
    """A server of the sandbox without its workers: every AWS API but the data plane."""

    endpoint_url: str
    state: StateDir
    process: ForkedProcess


def free_port() -> int:
    """Return a free port on the loopback address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def sandbox_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    """One server for all tests of a worker process; give your resources distinct names."""
    directory = tmp_path_factory.mktemp("sandbox")
    port = free_port()
    server = SandboxServer(f"http://127.0.0.1:{port}", StateDir(directory), _start(port, directory))
    try:
        _wait_until_healthy(server, port)
        yield server
    finally:
        server.process.terminate()
        server.process.wait(timeout=10)


def _start(port: int, directory: Path) -> ForkedProcess:
    arguments = ["--port", str(port), "--state-dir", str(directory)]
    return ForkedProcess("sandbox.server", arguments, directory / "server.log")


def _wait_until_healthy(server: SandboxServer, port: int) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not _is_healthy(port):
        if server.process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"the server did not start: {(server.state.path / 'server.log').read_text()}")
        time.sleep(0.05)


def _is_healthy(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/_sandbox/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
