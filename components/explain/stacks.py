"""The project's stacks as their files describe them, for whoever looks at a stack without the Pulumi CLI."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from components.settings import PROJECT

# PyYAML's loader in C where its package has one, ten times as fast.
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def names(root: Path) -> list[str]:
    """The stacks that have a file in the project's directory."""
    return sorted(path.name.split(".")[1] for path in root.glob("Pulumi.*.yaml"))


def config(root: Path, stack: str) -> dict[str, str]:
    """A stack's configuration, `namespace:key` to text, with the defaults of Pulumi.yaml.

    As the CLI hands it to the program: a scalar is the text that stands in the
    file, a list or a map is JSON.
    """
    defaults = {f"{PROJECT}:{key}": declaration["default"] for key, declaration in declarations(root).items()}
    return {key: _text(value) for key, value in {**defaults, **_config(root / f"Pulumi.{stack}.yaml")}.items()}


def declarations(root: Path) -> dict[str, Mapping[str, Any]]:
    """What Pulumi.yaml declares: a key's type, default (as text) and description."""
    return _config(root / "Pulumi.yaml")


def _config(path: Path) -> dict[str, Any]:
    document = yaml.load(path.read_text(), Loader=_LOADER)  # noqa: S506 - it makes texts, lists and maps only
    return cast("dict[str, Any]", document.get("config") or {})


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
