"""Who wrote the files of a state directory: moto's objects are saved as they are, so the same program reads them."""

from __future__ import annotations

from importlib.metadata import version as version_of
from typing import Any

from sandbox.state import StateDir
from stack.installation import version

FORMAT = 1
"""The form of the files. It changes with what the server keeps in moto's objects and with the journal's entries."""
_FILE = "format.json"


def written_by_another(state: StateDir) -> str | None:
    """By which other version the files were written, in words; None for this one, and without files."""
    saved = state.read_json(_FILE)
    if saved is None or saved == _this():
        return None
    return f"version {saved.get('version')} with moto {saved.get('moto')}, format {saved.get('format')}"


def mark(state: StateDir) -> None:
    """Say that this version writes the files."""
    state.write_json(_FILE, _this())


def _this() -> dict[str, Any]:
    return {"format": FORMAT, "version": version(), "moto": version_of("moto")}
