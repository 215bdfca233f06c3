"""The journal of this process, for code that moto creates and calls."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from sandbox.journal.journal import Journal

_journal: Journal | None = None


def journal() -> Journal:
    """Return the journal; by default one in a temporary directory."""
    if _journal is None:
        directory = tempfile.mkdtemp(prefix="journal-")
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
        return use(Journal(Path(directory), []))
    return _journal


def use(chosen: Journal) -> Journal:
    """Set the journal of this process."""
    global _journal
    _journal = chosen
    return chosen
