"""The machine that measures: its cores, and what a report says of it."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVER_CORE, CLIENT_CORE = 0, 1


def cores() -> int:
    """How many cores there are for this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pinned(core: int) -> list[str]:
    """The prefix of a command that keeps it on one core, where that is possible."""
    return ["taskset", "-c", str(core)] if shutil.which("taskset") and cores() > 1 else []


def facts() -> dict[str, str | int]:
    """What figures depend on."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": platform.machine(),
        "cpu_count": cores(),
    }
