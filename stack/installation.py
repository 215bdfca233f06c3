"""Where the Pulumi program is, and which version of the project this is: in a checkout and where it is installed.

This file depends on nothing else of the project: whoever runs the program by its
path asks here for the path.
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

PROJECT = "sales-analytics-cdc"
"""The name of the Pulumi project and of the Python distribution."""

_CHECKOUT = Path(__file__).resolve().parents[1]
_INSTALLED = Path(__file__).resolve().with_name("_project")
_ENTRY, _DESCRIPTION = "__main__.py", "Pulumi.yaml"
_NAME = re.compile(rf"^name:\s*{re.escape(PROJECT)}\s*$", re.MULTILINE)


def program() -> Path:
    """The directory of `__main__.py` and `Pulumi.yaml`, with the stacks' files and requirements/transform.txt.

    It is the working directory when that holds this project, as the Pulumi CLI
    would take it; else the checkout that this code is in; else the copy that is
    installed with it.
    """
    return next((place for place in (Path.cwd(), _CHECKOUT) if _holds(place)), _INSTALLED)


def version() -> str:
    """The project's version: the checkout's that this code is in, else the installed distribution's."""
    if _holds(_CHECKOUT):
        import tomllib

        project = tomllib.loads((_CHECKOUT / "pyproject.toml").read_text())["project"]
        return str(project["version"])
    try:
        return metadata.version(PROJECT)
    except metadata.PackageNotFoundError:
        # In the zip that a cluster's workers get there is code alone.
        return "unknown"


def _holds(directory: Path) -> bool:
    description = directory / _DESCRIPTION
    return (directory / _ENTRY).is_file() and description.is_file() and bool(_NAME.search(description.read_text()))
