"""The command lines that run the program, where the extra with Pulumi's SDK is not installed."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import NoReturn

from stack.commandline import UserError, run

_SDK = ("pulumi", "pulumi_aws")


def exit_with(module: str) -> NoReturn:
    """Exit with what the `main` of a command line's module returns; in one sentence when the SDK is absent."""
    sys.exit(run(lambda: _main(module)))


def _main(module: str) -> int:
    try:
        main = import_module(module).main
    except ModuleNotFoundError:
        # What is missed first may be a package that comes with the SDK.
        absent = [name for name in _SDK if find_spec(name) is None]
        if not absent:
            raise
        raise UserError(
            f"The program is written with Pulumi's SDK, and {absent[0]} is not installed: "
            "`pip install '.[pulumi]'` in the checkout adds it."
        ) from None
    return main()
