"""Starts a console for a running sandbox and further commands, until the end of an exit stack."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from benchmarks.before import ROOT
from benchmarks.sandbox.builds import free_port
from stack.commandline import UserError

_STOP_S = 60


def console_url(state: Path, ends: ExitStack) -> tuple[str, int]:
    """Return the address of a console's page and its process id. Raises: UserError: it does not start."""
    command = ["sandbox", "console", "--state-dir", str(state), "--port", str(free_port())]
    process = started(command, ends, said=True)
    printed = process.stderr.readline() if process.stderr else ""
    url = re.search(r"http://\S+", printed)
    if url is None:
        raise UserError(f"The console did not start: {printed.strip()}")
    return url[0], process.pid


def started(arguments: list[str], ends: ExitStack, *, said: bool = False) -> subprocess.Popen[str]:
    """Run `python -m` with these arguments until the end of the stack."""
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE if said else subprocess.DEVNULL,
        text=True,
    )
    ends.callback(stop, process)
    return process


def stop(process: subprocess.Popen[str]) -> None:
    """End a process as Ctrl-C does, and wait for it; one that does not end in a minute is killed."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
