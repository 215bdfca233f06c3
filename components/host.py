"""This machine in Lambda's terms."""

from __future__ import annotations

import platform
import sys


def runtime() -> str:
    """The Lambda runtime of this machine's Python: python3.13."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def architecture() -> str:
    """This machine's architecture: arm64 or x86_64, otherwise the system's name."""
    machine = platform.machine().lower()
    return {"amd64": "x86_64", "aarch64": "arm64"}.get(machine, machine)
