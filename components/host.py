"""This machine, by Lambda's names."""

from __future__ import annotations

import platform
import sys


def runtime() -> str:
    """The Lambda runtime of this machine's Python: python3.13."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def architecture() -> str:
    """This machine's processor: arm64 or x86_64, or what the system calls any other."""
    machine = platform.machine().lower()
    return {"amd64": "x86_64", "aarch64": "arm64"}.get(machine, machine)
