"""Starts the language host, forwards its progress, and returns its outputs or one sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sandbox
from sandbox.errors import SandboxError
from sandbox.state import DEFAULT_REGION, LAUNCHER, StateDir
from without_engine.project import load_stack

LOG = "deploy.log"
RESOURCES = "resources.json"


def deploy(
    program: Path,
    stack: str,
    endpoint_url: str,
    state: StateDir,
    progress: Callable[[str], None],
    begin: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Deploy a program's stack to an empty sandbox; return the stack's outputs by name.

    `program` is the `__main__.py` beside Pulumi.yaml, or its directory. `progress` receives a line for each created
    resource. `begin` is called before the first one, after the program has validated its settings: the endpoint must be
    ready when it returns. The output of the program and the SDK, and the traceback of an error, are written to
    logs/deploy.log in `state`; the created resources and their inputs to resources.json.

    Raises:
        SandboxError: a setting is wrong, a resource cannot be created, or the program fails; the text is one sentence.
    """
    path = _entry(program)
    log = state.logs / LOG
    source = str(Path(sandbox.__file__).parent.parent)
    command = [sys.executable, "-m", LAUNCHER, "sandbox.deploy.host", str(path), stack, endpoint_url]
    resources: list[dict[str, Any]] = []
    with (
        log.open("w") as errors,
        subprocess.Popen(  # noqa: S603 - a module of this package, and no shell
            command, cwd=source, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as host,
    ):
        try:
            last = _listen(host, progress, begin, resources.append)
        except BaseException:
            host.kill()
            raise
    state.write_json(RESOURCES, {"resources": resources})
    if "outputs" in last:
        return last["outputs"]
    raise SandboxError(last.get("error") or f"The program ended without a result: see {log}.")


def stack_region(program: Path, stack: str) -> str:
    """The region that a program's stack deploys to, without running it; raises SandboxError like `deploy`."""
    return load_stack(_entry(program).parent, stack).config.get("aws:region") or DEFAULT_REGION


def _entry(program: Path) -> Path:
    path = (program / "__main__.py" if program.is_dir() else program).resolve()
    if not path.is_file():
        raise SandboxError(f"There is no program at {path}: give the directory of the project's __main__.py.")
    return path


def _listen(
    host: subprocess.Popen[str],
    progress: Callable[[str], None],
    begin: Callable[[], None],
    keep: Callable[[dict[str, Any]], None],
) -> dict[str, Any]:
    message: dict[str, Any] = {}
    for line in host.stdout or ():
        message = json.loads(line)
        if "progress" in message:
            progress(message["progress"])
        elif "resource" in message:
            keep(message["resource"])
        elif "begin" in message and host.stdin is not None:
            begin()
            host.stdin.write("\n")
            host.stdin.flush()
    return message
