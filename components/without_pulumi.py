"""The command lines that run the program, where the extra with Pulumi's SDK is not installed."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import NoReturn

from stack.commandline import UserError, run

_SDK = ("pulumi", "pulumi_aws")


def exit_with(module: str) -> NoReturn:
    """Exit with what the `main` of a command line's module returns; in one sentence when the SDK is absent."""
    sys.exit(run(lambda: _main(module)))


def _main(module: str) -> int:
    try:
        main = import_module(module).main
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _SDK:
            raise
        raise UserError(
            f"The program is written with Pulumi's SDK, and {error.name} is not installed: "
            "`pip install '.[pulumi]'` in the checkout adds it."
        ) from None
    return main()
