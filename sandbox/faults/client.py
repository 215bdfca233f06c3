"""Switching faults on and off from other processes: `inject(...)` for tests, and the command line's calls."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from sandbox.awsjson import CallError, HttpClient, authorization
from sandbox.errors import SandboxError
from sandbox.faults.fault import Active, Fault, Value
from sandbox.faults.kinds import checked
from sandbox.faults.strikes import PATH
from sandbox.state import DEFAULT_STATE_DIR, STATE_DIR_VARIABLE, StateDir, region


class Faults:
    """The faults of a running sandbox, by its endpoint."""

    def __init__(self, endpoint_url: str) -> None:
        self._http = HttpClient(endpoint_url, timeout_s=60.0)
        self._endpoint_url = endpoint_url

    def on(self, fault: Fault) -> Active:
        """Switch a fault on.

        Raises:
            SandboxError: it is not valid, or the sandbox does not respond.
        """
        return self._call("POST", PATH, Active, msgspec.json.encode(checked(fault)))

    def off(self, ids: Sequence[str] = ()) -> list[Active]:
        """Switch faults off and delete them, by default all; return them with their counters.

        Raises:
            SandboxError: a fault does not exist, or the sandbox does not respond.
        """
        query = "&".join(f"id={quote(each)}" for each in ids)
        return self._call("DELETE", f"{PATH}?{query}" if query else PATH, _Listed).faults

    def listed(self) -> list[Active]:
        """All faults that are on or have ended by themselves; raises SandboxError if the sandbox does not respond."""
        return self._call("GET", PATH, _Listed).faults

    def held(self) -> int:
        """The number of held-back records of native destinations; SandboxError if the sandbox does not respond."""
        return self._call("GET", PATH, _Listed).held

    def _call(self, method: str, path: str, answer: Any, body: bytes = b"") -> Any:
        headers = {"Authorization": authorization(region(), "sandbox"), "Content-Type": "application/json"}
        try:
            response = self._http.request(method, path, body, headers)
            if response.status != 200:
                raise SandboxError(msgspec.json.decode(response.body, type=_Refused).message)
            return msgspec.json.decode(response.body, type=answer)
        except (CallError, msgspec.DecodeError) as error:
            raise SandboxError(
                f"The sandbox at {self._endpoint_url} does not respond ({error}): start it with `python -m sandbox up`."
            ) from error
        finally:
            self._http.close()


class _Listed(msgspec.Struct):
    faults: list[Active]
    held: int = 0


class _Refused(msgspec.Struct):
    message: str


class InjectedFault:
    """A fault that `inject` has switched on."""

    def __init__(self, faults: Faults, active: Active) -> None:
        self._faults = faults
        self._active = active

    @property
    def fault(self) -> Fault:
        """The fault with its defaults."""
        return self._active.fault

    @property
    def struck(self) -> int:
        """The number of calls that it has struck so far; after its end, in total."""
        with suppress(SandboxError):
            self._active = next((one for one in self._faults.listed() if one.id == self._active.id), self._active)
        return self._active.struck

    def off(self) -> None:
        """Switch it off, if it is on."""
        with suppress(SandboxError):
            (self._active,) = self._faults.off([self._active.id])


@contextmanager
def inject(
    kind: str,
    service: str = "",
    operation: str = "",
    *,
    share: float = 1.0,
    count: int | None = None,
    for_s: float | None = None,
    seed: int = 0,
    endpoint_url: str | None = None,
    state_dir: Path | str | None = None,
    **parameters: Value,
) -> Generator[InjectedFault]:
    """Switch a fault on for a `with` block of a test.

        with inject("throttle", "dynamodb", "PutItem", share=0.2, seed=1) as fault:
            write_orders()
        assert fault.struck

    `python -m sandbox fault list` shows the kinds with their services and parameters. The sandbox is that of
    `endpoint_url`, else that of `state_dir` (default: $SANDBOX_STATE_DIR or .sandbox).

    Raises:
        SandboxError: there is no such fault, or no sandbox runs.
    """
    faults = Faults(endpoint_url or endpoint_of(state_dir))
    until = None if for_s is None else time.time() + for_s
    fault = Fault(kind, service, operation, share, count, until, seed, parameters)
    injected = InjectedFault(faults, faults.on(fault))
    try:
        yield injected
    finally:
        injected.off()


def endpoint_of(state_dir: Path | str | None) -> str:
    """The endpoint of the sandbox that runs in a state directory.

    Raises:
        SandboxError: no sandbox runs there.
    """
    state = StateDir(state_dir or os.environ.get(STATE_DIR_VARIABLE) or DEFAULT_STATE_DIR)
    server = state.read_json("server.json")
    if server is None:
        raise SandboxError(f"No sandbox runs in {state.path}: start it with `python -m sandbox up`.")
    return str(server["endpoint_url"])
