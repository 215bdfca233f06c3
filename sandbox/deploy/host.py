"""The language host: runs one Pulumi program in a separate process, as `pulumi up` would.

    python -m sandbox.deploy.host <program> <stack> <endpoint url>

It needs a process because a deployment changes the SDK's globals and the imported modules. It writes lines of JSON to
standard output for the deployer: {"begin": true} before it uses the endpoint, after which it waits for a line on
standard input; {"progress": line} and {"resource": {…}} while it creates; and finally {"outputs": {…}} or {"error":
sentence}. The program's output goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

import pulumi

from sandbox.deploy.api import ServiceClients
from sandbox.deploy.mocks import CreatingMonitor, Creator
from sandbox.state import log_to_stderr
from stack.commandline import UserError
from without_engine import running
from without_engine.monitor import plain
from without_engine.project import Stack, load_stack

_OWN = (Path(__file__).parent, Path(running.__file__).parent)


def run(
    program: Path,
    stack: Stack,
    endpoint_url: str,
    progress: Callable[[str], None],
    begin: Callable[[], None],
    keep: Callable[[Mapping[str, object]], None],
) -> dict[str, Any]:
    """Run a program against the endpoint; return its stack's outputs.

    Raises:
        SandboxError: a resource fails; and the program's exceptions.
    """
    settings = {key.removeprefix("aws:"): text for key, text in stack.config.items() if key.startswith("aws:")}
    monitor = CreatingMonitor(Creator(ServiceClients(endpoint_url), settings, progress, begin, keep))
    try:
        running.run(running.program_at(program), stack, monitor)
    except Exception:
        # The SDK's exception may only be a consequence: that of a dependent of the failed resource.
        if monitor.failure is not None:
            raise monitor.failure from None
        raise
    return plain(monitor.outputs)


def explain(error: BaseException, program: Path) -> str:
    """The sentence for a program's failure; the message of an error that the program raises for its user."""
    message = " ".join(str(error).split())
    if isinstance(error, UserError | pulumi.RunError):
        return message
    place = ""
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if (
            path.is_relative_to(program.parent)
            and not any(map(path.is_relative_to, _OWN))
            and "site-packages" not in path.parts
        ):
            place = f" ({path.relative_to(program.parent)}, line {frame.lineno})"
    return f"The program failed with {type(error).__name__}: {message}{place}."


def main() -> int:
    """Run the program of the command line; return 0 if it was deployed, else 1."""
    program, stack, endpoint_url = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    channel = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    log_to_stderr()

    def progress(line: str) -> None:
        _tell(channel, progress=line)

    def begin() -> None:
        _tell(channel, begin=True)
        sys.stdin.readline()

    def keep(resource: Mapping[str, object]) -> None:
        _tell(channel, resource=resource)

    # The Pulumi CLI runs a program in its directory, from which it imports its modules.
    os.chdir(program.parent)
    sys.path[0] = str(program.parent)
    try:
        loaded = load_stack(program.parent, stack)
        _tell(channel, outputs=run(program, loaded, endpoint_url, progress, begin, keep))
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        _tell(channel, error=explain(error, program))
        return 1
    return 0


def _tell(channel: TextIO, **message: object) -> None:
    channel.write(json.dumps(message, default=str) + "\n")


if __name__ == "__main__":
    sys.exit(main())
