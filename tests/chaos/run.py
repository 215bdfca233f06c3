"""A run under faults: active faults, killed and restarted processes, and an orderly end."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from lake.dead_letters import recover
from lake.replay import replay
from lake.verification import Report
from lake.verify import verify
from pytest_cdc_sandbox.pipeline import CdcSandbox
from sandbox.errors import SandboxError
from sandbox.faults import Active, Fault
from sandbox.faults.client import Faults
from sandbox.lifecycle import Sandbox
from sandbox.processes import PROCESSES, record_of
from sandbox.state import StateDir
from stack import program

_POLL_S = 0.2
_REPLAYS = 20
_DRAIN_S = 900.0
_RESTART_S = 60.0
T = TypeVar("T")


class ChaoticRun:
    """A sandbox whose faults are counted and whose dead processes are restarted."""

    def __init__(self, sandbox: CdcSandbox) -> None:
        self.sandbox = sandbox
        self.struck: Counter[str] = Counter()
        self.killed: Counter[str] = Counter()
        self.restarted: Counter[str] = Counter()
        self._faults = Faults(sandbox.endpoint_url)
        self._lock = threading.Lock()

    def on(self, fault: Fault) -> Active:
        """Switch a fault on."""
        return self._answered(lambda: self._faults.on(fault))

    def off(self, ids: Sequence[str] = ()) -> None:
        """Switch faults off, all without ids, and count their strikes."""

        def there() -> list[Active]:
            # The server may have died after switching some off.
            found = [active.id for active in self._faults.listed() if not ids or active.id in ids]
            return self._faults.off(found) if found else []

        for active in self._answered(there):
            self.struck[described(active.fault)] += active.struck

    def listed(self) -> list[Active]:
        """Return the active faults, each with its number of strikes so far."""
        return self._answered(self._faults.listed)

    def _answered(self, call: Callable[[], T]) -> T:
        """Call the server until it responds, and restart it if it is dead; return the result."""
        deadline = time.monotonic() + _RESTART_S
        while True:
            try:
                with self._lock:
                    return call()
            except SandboxError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_POLL_S)

    def kill(self, name: str) -> None:
        """Kill a process with SIGKILL, if it runs."""
        process = next(process for process in PROCESSES if process.name == name)
        record = record_of(StateDir(self.sandbox.state_dir), process)
        if record is not None and name not in self.sandbox.dead():
            os.kill(record.pid, signal.SIGKILL)
            self.killed[name] += 1

    def wait_until_alive(self) -> None:
        """Wait until all processes run: a server with much data recovers slowly, and work needs time too."""
        while self.sandbox.dead():
            time.sleep(_POLL_S)

    def heal(self) -> None:
        """Restart the processes that do not run."""
        while dead := self.sandbox.dead():
            self.restarted.update(dead)
            # A process that crashes at its start is restarted again.
            with suppress(SandboxError):
                Sandbox(StateDir(self.sandbox.state_dir), lambda _line: None).up(program(), None, None)

    @contextmanager
    def healing(self) -> Generator[None]:
        """Restart processes that die within the block, like an operator."""
        ended = threading.Event()

        def keep() -> None:
            while not ended.wait(_POLL_S):
                self.heal()

        keeper = threading.Thread(target=keep, daemon=True)
        keeper.start()
        try:
            yield
        finally:
            ended.set()
            keeper.join()

    def settle(self, say: Callable[[str], None] = lambda _line: None) -> None:
        """Switch off all faults, restart dead processes, and deliver the rest.

        The rest is in the streams, under the error prefix and in the dead-letter queue.
        """
        self.off()
        self.heal()
        self.sandbox.wait_until_drained(_DRAIN_S)
        for _ in range(_REPLAYS):
            failed = replay(self.sandbox.outputs)
            dead = recover(self.sandbox.outputs) if self.sandbox.outputs.dead_letter_queue_url else None
            if not failed.records and not (dead and dead.messages):
                return
            say(f"replayed {failed.records} records, {dead.records if dead else 0} of dead letters")
            self.sandbox.wait_until_drained(_DRAIN_S)
        raise AssertionError(f"records fail again after {_REPLAYS} replays")

    def verified(self, ledger: Path | None) -> Report:
        """Compare table, lake and ledger."""
        with verify(self.sandbox.outputs, timeout_s=_DRAIN_S, settle_s=5.0, ledger=ledger) as verification:
            return verification.report


def described(fault: Fault) -> str:
    """Return a fault's kind, service and distinguishing parameters."""
    shown = ("error", "when", "point", "how", "answer")
    parameters = [fault.text(name) for name in shown if fault.text(name)]
    if fault.kind == "function" and fault.text("how") != "wrong":
        parameters = parameters[:1]
    operation = [fault.operation] if fault.kind == "crash" and fault.operation else []
    return " ".join((fault.kind, fault.service, *operation, *parameters))
