"""`python -m loadgen`: parses the options, carries out the run and writes its report.

Each command's module is imported only when the command is used, so that `compare`, `html` and `export` start without
loading the sender.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import cast

from stack import run as run_tool
from stack.commandline import imported

_COMMANDS = {
    "compare": "loadgen.report.compare",
    "html": "loadgen.report.page",
    "export": "loadgen.report.export",
    # This package is above loadgen and covers the whole pipeline.
    "capacity": "capacity.command",
}
_RUN = "loadgen.cli.run"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    return run_tool(lambda: _main(sys.argv[1:] if argv is None else argv))


def _main(argv: Sequence[str]) -> int:
    module = _COMMANDS.get(argv[0]) if argv else None
    command = cast("Callable[[Sequence[str]], int]", imported(module or _RUN).main)
    return command(argv if module is None else argv[1:])
