"""The state of the workers, where the description of a resource includes whether the resource works."""

from __future__ import annotations

from sandbox.processes import WORKERS, is_alive, record_of
from sandbox.state import StateDir

_state: StateDir | None = None


def watch(state: StateDir) -> None:
    """Set the state directory from which the workers' state is read."""
    global _state
    _state = state


def trouble_of(process: str, name: str) -> str | None:
    """Why a resource of a worker process fails; None if it works or its state is unknown."""
    worker = next(each for each in WORKERS if each.name == process)
    if _state is None:
        return None
    if record_of(_state, worker) is not None and not is_alive(_state, worker):
        return f"The sandbox's {process} process is dead: run `python -m sandbox up` to start it again."
    status = _state.read_json(_state.status / f"{process}.json") or {}
    reasons: dict[str, str] = status.get("failing", {})
    return reasons.get(name)
