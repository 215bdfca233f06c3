"""The measuring machine: its cores, and its description in reports."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Indices among the cores that this process may use.
SERVER_CORE, CLIENT_CORE = 0, 1


def cores() -> int:
    """How many cores there are for this process."""
    return len(_usable())


def pinned(core: int) -> list[str]:
    """The prefix that pins a command to one core, where possible."""
    usable = _usable()
    return ["taskset", "-c", str(usable[core])] if shutil.which("taskset") and len(usable) > 1 else []


def _usable() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def python_version(interpreter: str) -> str | None:
    """The version of an interpreter; None when it cannot be run."""
    try:
        ran = subprocess.run([interpreter, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return ran.stdout.split()[-1]


def facts() -> dict[str, str | int]:
    """The machine's properties that affect results."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": platform.machine(),
        "cpu_count": cores(),
    }
