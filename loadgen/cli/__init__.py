"""`python -m loadgen`: options in, a run, a report out.

Each command's module is imported when the command is given, so that `compare`,
`html` and `export` start without the code that sends.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import cast

from stack import run as run_tool

_COMMANDS = {
    "compare": "loadgen.report.compare",
    "html": "loadgen.report.page",
    "export": "loadgen.report.export",
    # A package above this one, which knows the whole pipeline.
    "capacity": "capacity.command",
}
_RUN = "loadgen.cli.run"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    return run_tool(lambda: _main(sys.argv[1:] if argv is None else argv))


def _main(argv: Sequence[str]) -> int:
    module = _COMMANDS.get(argv[0]) if argv else None
    command = cast("Callable[[Sequence[str]], int]", import_module(module or _RUN).main)
    return command(argv if module is None else argv[1:])
