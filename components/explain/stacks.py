"""The project's stacks, read from their files without the Pulumi CLI."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from components.settings import PROJECT
from without_engine.project import load_stack

# PyYAML's loader in C where its package has one, ten times as fast.
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

_STAND_INS = {f"{PROJECT}:alarmEmail": "secret@example.com"}


def config(root: Path, stack: str) -> dict[str, str]:
    """A stack's configuration, `namespace:key` to text, with the defaults of Pulumi.yaml.

    In the form that the CLI passes to the program. An encrypted value needs the stack's passphrase; a placeholder
    replaces it.
    """
    return dict(load_stack(root, stack, _placeholder).config)


def declarations(root: Path) -> dict[str, Mapping[str, Any]]:
    """A key's declaration in Pulumi.yaml: its type, default (as text) and description."""
    return _config(root / "Pulumi.yaml")


def _config(path: Path) -> dict[str, Any]:
    document = yaml.load(path.read_text(), Loader=_LOADER)  # noqa: S506 - it constructs only strings, lists and maps
    return cast("dict[str, Any]", document.get("config") or {})


def _placeholder(key: str, default: str) -> str:
    """A placeholder for a secret that creates the same resources where possible, otherwise the default."""
    return _STAND_INS.get(key, default)
