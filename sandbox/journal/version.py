"""The version that wrote the files of a state directory; only the same version can read moto's pickled objects."""

from __future__ import annotations

from importlib.metadata import version as version_of
from typing import Any

from sandbox.state import StateDir
from stack.installation import version

FORMAT = 1
"""The version of the files' form. It changes with the state that the server adds to moto's objects and with the
journal's entries.
"""
_FILE = "format.json"


def written_by_another(state: StateDir) -> str | None:
    """Describe the different version that wrote the files; None if it is this one, or there are no files."""
    saved = state.read_json(_FILE)
    if saved is None or saved == _this():
        return None
    return f"version {saved.get('version')} with moto {saved.get('moto')}, format {saved.get('format')}"


def mark(state: StateDir) -> None:
    """Record that this version writes the files."""
    state.write_json(_FILE, _this())


def _this() -> dict[str, Any]:
    return {"format": FORMAT, "version": version(), "moto": version_of("moto")}
