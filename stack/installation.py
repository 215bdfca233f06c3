"""The path of the Pulumi program and the project's version, in a checkout and in an installation.

This module imports nothing else of the project, so every tool that runs the program by its path can use it.
"""

from __future__ import annotations

import re
import sys
from argparse import Action, ArgumentParser, Namespace
from pathlib import Path
from typing import Any, NoReturn

PROJECT = "sales-analytics-cdc"
"""The name of the Pulumi project and of the Python distribution."""

_CHECKOUT = Path(__file__).resolve().parents[1]
_INSTALLED = Path(__file__).resolve().with_name("_project")
_ENTRY, _DESCRIPTION = "__main__.py", "Pulumi.yaml"
_NAME = re.compile(rf"^name:\s*{re.escape(PROJECT)}\s*$", re.MULTILINE)


def program() -> Path:
    """The directory of `__main__.py` and `Pulumi.yaml`, with the stacks' files and requirements/transform.txt.

    The working directory if it has this project, as for the Pulumi CLI; otherwise the checkout that contains this code;
    otherwise the copy installed with it.
    """
    return next((place for place in (Path.cwd(), _CHECKOUT) if _holds(place)), _INSTALLED)


def version() -> str:
    """The project's version: that of the checkout that contains this code, otherwise the installed distribution's."""
    if _holds(_CHECKOUT):
        import tomllib

        project = tomllib.loads((_CHECKOUT / "pyproject.toml").read_text())["project"]
        return str(project["version"])
    from importlib import metadata  # slow to import

    try:
        return metadata.version(PROJECT)
    except metadata.PackageNotFoundError:
        # The zip for a cluster's workers contains only code.
        return "unknown"


def called(module: str, script: str = "") -> str:
    """Return how the user called a command line: by its installed script, or by `python -m`.

    `module` may be followed by a subcommand; `script` is its first word's if not given.
    """
    name, _, subcommand = module.partition(" ")
    if Path(sys.argv[0]).name != (script or name):
        return f"python -m {module}"
    return f"{script or name} {subcommand}".rstrip()


class ShowVersion(Action):
    """The action of a command line's `--version`: one line on standard output, exit code 0."""

    def __init__(self, option_strings: list[str], dest: str, **_: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, help="show the project's version and exit")

    def __call__(self, parser: ArgumentParser, namespace: Namespace, *_: object) -> NoReturn:  # noqa: ARG002 - argparse's
        """Print the version and exit."""
        sys.stdout.write(f"{PROJECT} {version()}\n")
        parser.exit()


def _holds(directory: Path) -> bool:
    description = directory / _DESCRIPTION
    return (directory / _ENTRY).is_file() and description.is_file() and bool(_NAME.search(description.read_text()))
