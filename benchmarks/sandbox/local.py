"""AWS's DynamoDB Local, if Java is installed and `make test-oracle` has fetched it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.sandbox.builds import free_port

_MAIN = "software.amazon.dynamodb.services.local.main.ServerRunner"
_START_S = 90.0


def jars() -> Path | None:
    """Return its directory; None if it or Java is missing."""
    directory = Path(os.environ.get("DYNAMODB_LOCAL", ".build/dynamodb-local")).absolute()
    return directory if shutil.which("java") and directory.is_dir() else None


@contextmanager
def running(directory: Path) -> Generator[tuple[int, int]]:
    """Run it and yield its port and process id."""
    port = free_port()
    command = ["java", f"-Djava.library.path={directory}", "-cp", f"{directory}/*", _MAIN, "-inMemory"]
    # It writes a file of metadata into its working directory.
    with tempfile.TemporaryDirectory() as place:
        process = subprocess.Popen(
            [*command, "-port", str(port)], cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait(port)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait()


def _wait(port: int) -> None:
    until = time.monotonic() + _START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return
