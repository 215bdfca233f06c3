"""Runs a program as Pulumi's language host does, against a monitor that replaces the engine."""

from __future__ import annotations

import asyncio
import gc
import logging
import runpy
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pulumi.runtime import Settings, configure, run_in_stack
from pulumi.runtime.config import set_all_config
from pulumi.runtime.mocks import MockEngine
from pulumi.runtime.proto.source_pb2 import StackTrace
from typing_extensions import override

from without_engine.monitor import Monitor
from without_engine.project import Stack


def program_at(path: Path) -> Callable[[], object]:
    """Return the program in a file or project directory; it is run by its path, as in Pulumi's language host."""
    file = path / "__main__.py" if path.is_dir() else path
    return lambda: runpy.run_path(str(file), run_name="__main__")


def run(
    program: Callable[[], object],
    stack: Stack,
    monitor: Monitor,
    *,
    preview: bool = False,
    secrets: Collection[str] = (),
    in_threads: bool = True,
) -> None:
    """Run a program for a stack; `monitor` receives its resources and then has its stack's outputs.

    With `preview`, values that only AWS can provide stay unknown. `secrets` are the keys with secret values. A
    non-blocking monitor is called in this thread without `in_threads`, which is cheaper and keeps one order. Raises the
    program's exceptions and the monitor's.

    Not under `pulumi.runtime.set_mocks`, which finishes the root stack before
    the program has run: `run_in_stack`, as in Pulumi's host, returns the exports.
    """
    set_all_config(dict(stack.config), list(secrets))
    configure(
        Settings(
            project=stack.project,
            stack=stack.name,
            organization="organization",
            root_directory=str(stack.directory),
            dry_run=preview,
            monitor=monitor,
            engine=MockEngine(logging.getLogger("pulumi")),
        )
    )

    def main() -> None:
        program()

    with (
        _without_garbage_collection(),
        _without_stack_traces(),
        asyncio.Runner(loop_factory=None if in_threads else _InlineLoop) as runner,
    ):
        runner.run(run_in_stack(main))


class _InlineLoop(asyncio.SelectorEventLoop):
    """An event loop that calls the monitor in the program's thread, which is cheaper and deterministic.

    The SDK makes each call in a thread, because an engine is remote.
    """

    @override
    def run_in_executor(self, executor: object, func: Callable[..., Any], *args: object) -> asyncio.Future[Any]:
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def _without_garbage_collection() -> Generator[None]:
    """Disable the garbage collector in this context: it would scan pulumi_aws's million objects during a run of half a
    second.

    A run leaves a few megabytes of cycles for a later collection.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def _without_stack_traces() -> Generator[None]:
    """Stop the SDK from reading the stack for each resource, which takes a tenth of a run: only an engine shows it."""
    with patch("pulumi.runtime.resource._get_stack_trace", StackTrace, create=True):
        yield
