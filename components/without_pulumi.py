"""Starts the command lines that run the program, and reports a missing Pulumi SDK."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import NoReturn

try:
    from stack.commandline import UserError, imported, run
except KeyboardInterrupt:  # Ctrl-C while it is imported
    sys.exit(130)

_SDK = ("pulumi", "pulumi_aws")


def exit_with(module: str) -> NoReturn:
    """Exit with the result of the `main` of a command line's module; print one sentence if the SDK is missing."""
    sys.exit(run(lambda: _main(module)))


def _main(module: str) -> int:
    try:
        main = imported(module).main
    except ModuleNotFoundError:
        # The first missing package may be a dependency of the SDK.
        absent = [name for name in _SDK if find_spec(name) is None]
        if not absent:
            raise
        raise UserError(
            f"The program is written with Pulumi's SDK, and {absent[0]} is not installed: "
            "`pip install '.[pulumi]'` in the checkout adds it."
        ) from None
    return main()
