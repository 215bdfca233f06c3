"""Runs each foreign client against a server of the sandbox and prints which passed: `python -m tests.clients [NAME …]`.

A client's folder pins its versions (pom.xml, package-lock.json, go.sum); its toolchain (JDK 17 and Maven, Node.js, Go)
must be on the PATH, otherwise it is skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.clients.versions import CLIENTS as _HERE
from tests.clients.versions import pinned
from tests.integration.sandbox.dataplane import running

_MAVEN = ("mvn", "-q", "-B", "compile", "dependency:build-classpath", "-Dmdep.outputFile=target/classpath.txt")
_TIMEOUT_S = 900


class Client(NamedTuple):
    """A client: its folder, required programs, build command and run command."""

    name: str
    folder: str
    needs: tuple[str, ...]
    build: tuple[str, ...]
    run: tuple[str, ...]


CLIENTS = (
    Client("SDK for Go v2", "go", ("go",), ("go", "build", "-o", "target/clients", "."), ("target/clients",)),
    Client(
        "SDK for JavaScript v3",
        "javascript",
        ("node", "npm"),
        ("npm", "ci", "--silent", "--no-audit", "--no-fund"),
        ("node", "clients.mjs"),
    ),
    Client("SDK for Java v2", "java", ("java", "mvn"), _MAVEN, ("java", "clients.Sdk")),
    Client("KCL for Java", "java", ("java", "mvn"), _MAVEN, ("java", "clients.Kcl")),
    Client(
        "DynamoDB Streams Kinesis Adapter", "java-streams", ("java", "mvn"), _MAVEN, ("java", "clients.StreamsAdapter")
    ),
)


def main(names: Sequence[str]) -> int:
    """Run the clients with these names, or all; 1 if one failed."""
    failed = False
    with TemporaryDirectory(prefix="clients-") as directory, running(Path(directory)) as sandbox:
        for client in CLIENTS:
            if names and client.name not in names:
                continue
            missing = [program for program in client.needs if shutil.which(program) is None]
            if missing:
                print(f"{client.name}: skipped, because there is no {' and no '.join(missing)} on the PATH", flush=True)
                continue
            failed |= not _passes(client, sandbox.endpoint_url)
    return 1 if failed else 0


def _passes(client: Client, endpoint_url: str) -> bool:
    """Build and run a client; return whether both succeeded. The output of a failing one is printed."""
    begun_s = time.monotonic()
    for command in (client.build, client.run):
        done = subprocess.run(
            _of_java(client, command) if command[0] == "java" else command,
            cwd=_HERE / client.folder,
            env=os.environ | {"AWS_ENDPOINT_URL": endpoint_url},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        if done.returncode:
            print(
                f"{client.name} ({pinned()[client.name]}): FAILED\n{done.stdout[-3000:]}{done.stderr[-3000:]}",
                flush=True,
            )
            return False
    print(f"{client.name} ({pinned()[client.name]}): passed in {time.monotonic() - begun_s:.0f} s", flush=True)
    return True


def _of_java(client: Client, command: Sequence[str]) -> list[str]:
    """A command of Java's with the classes that Maven compiled and found; the SDK's log is left out."""
    classpath = (_HERE / client.folder / "target" / "classpath.txt").read_text()
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"
    return ["java", quiet, "-cp", f"target/classes:{classpath}", *command[1:]]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
