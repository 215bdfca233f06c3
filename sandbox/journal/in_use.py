"""The journal of this process, for what moto makes and calls by itself."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from sandbox.journal.journal import Journal

_journal: Journal | None = None


def journal() -> Journal:
    """The journal; one in a temporary directory if none was chosen."""
    if _journal is None:
        directory = tempfile.mkdtemp(prefix="journal-")
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
        return use(Journal(Path(directory), []))
    return _journal


def use(chosen: Journal) -> Journal:
    """Write to a journal from now on."""
    global _journal
    _journal = chosen
    return chosen
