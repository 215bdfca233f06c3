"""The project's stacks, read from their files without the Pulumi CLI."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from components.settings import PROJECT

# PyYAML's loader in C where its package has one, ten times as fast.
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

_STAND_INS = {f"{PROJECT}:alarmEmail": "secret@example.com"}


def names(root: Path) -> list[str]:
    """The stacks that have a file in the project's directory."""
    return sorted(path.name.split(".")[1] for path in root.glob("Pulumi.*.yaml"))


def config(root: Path, stack: str) -> dict[str, str]:
    """A stack's configuration, `namespace:key` to text, with the defaults of Pulumi.yaml.

    In the form that the CLI passes to the program: a scalar is the file's text, a list or a map is JSON. An encrypted
    value needs the stack's passphrase; a placeholder replaces it.
    """
    defaults = {f"{PROJECT}:{key}": declaration["default"] for key, declaration in declarations(root).items()}
    given = {
        key: _stand_in(key, defaults) if _is_secret(value) else value
        for key, value in _config(root / f"Pulumi.{stack}.yaml").items()
    }
    return {key: _text(value) for key, value in {**defaults, **given}.items()}


def declarations(root: Path) -> dict[str, Mapping[str, Any]]:
    """A key's declaration in Pulumi.yaml: its type, default (as text) and description."""
    return _config(root / "Pulumi.yaml")


def _config(path: Path) -> dict[str, Any]:
    document = yaml.load(path.read_text(), Loader=_LOADER)  # noqa: S506 - it constructs only strings, lists and maps
    return cast("dict[str, Any]", document.get("config") or {})


def _is_secret(value: object) -> bool:
    # What `pulumi config set --secret` writes: https://www.pulumi.com/docs/iac/concepts/secrets/
    return isinstance(value, dict) and set(cast("dict[str, object]", value)) == {"secure"}


def _stand_in(key: str, defaults: Mapping[str, Any]) -> str:
    """A placeholder for a secret that creates the same resources where possible, otherwise the default."""
    return _STAND_INS.get(key, str(defaults.get(key, "")))


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
