"""The project and its stack's configuration, in the form that the Pulumi CLI passes to the program.

The rules are those of pulumi's sdk/go/common/workspace (project.go, config.go): a value is the file's text, an object
or a list is JSON text; a key without a namespace belongs to the project; missing keys take the project's defaults, and
a declared key without a value is an error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from sandbox.errors import SandboxError
from sandbox.state import DEFAULT_REGION


@dataclass(frozen=True)
class Stack:
    """One stack of a project: `config` maps `namespace:key` to text."""

    project: str
    name: str
    directory: Path
    config: Mapping[str, str]

    @property
    def region(self) -> str:
        """The region of the default provider."""
        return self.config.get("aws:region") or DEFAULT_REGION


def load_stack(directory: Path, name: str) -> Stack:
    """Read a stack of the project in a directory; raises SandboxError, one sentence, where the CLI would also refuse
    it.
    """
    project_file = directory / "Pulumi.yaml"
    if not project_file.is_file():
        raise SandboxError(f"There is no Pulumi project in {directory}: Pulumi.yaml is missing.")
    project, project_texts = _read(project_file)
    namespace = str(project.get("name", ""))
    if not namespace:
        raise SandboxError(f"{project_file} names no project: give it a `name`.")

    stack_file = directory / f"Pulumi.{name}.yaml"
    if not stack_file.is_file():
        known = sorted(path.name.split(".")[1] for path in directory.glob("Pulumi.*.yaml"))
        stacks = f"the stacks are {', '.join(known)}" if known else "the project has no stack yet"
        raise SandboxError(f"There is no stack {name!r}: {stack_file.name} is missing; {stacks}.")
    stack, stack_texts = _read(stack_file)
    if stack.get("environment"):
        raise SandboxError(f"{stack_file.name} imports an environment, which only the Pulumi CLI can open: remove it.")

    config: dict[str, str] = {}
    for key, value in _config(stack).items():
        if _has_secure(value):
            raise SandboxError(
                f"{key} in {stack_file.name} is a secure value, which only the Pulumi CLI can decrypt: "
                "use a stack without secrets in the sandbox."
            )
        config[_qualified(key, namespace)] = _text(value, _config(stack_texts)[key])
    _apply_project(config, _config(project), _config(project_texts), namespace, name)
    return Stack(namespace, name, directory, config)


def _apply_project(
    config: dict[str, str], declared: Mapping[str, Any], texts: Mapping[str, Any], namespace: str, stack: str
) -> None:
    missing: list[str] = []
    for key, declaration in declared.items():
        qualified = _qualified(key, namespace)
        fields = cast("dict[str, Any]", declaration) if isinstance(declaration, dict) else {"default": declaration}
        source = next((name for name in ("default", "value") if fields.get(name) is not None), None)
        if qualified not in config:
            if source is not None:
                text = texts[key][source] if isinstance(declaration, dict) else texts[key]
                config[qualified] = _text(fields[source], text)
            elif qualified.startswith(f"{namespace}:"):
                missing.append(key)
                continue
            else:
                continue
        if "type" in fields and not _is_of_type(config[qualified], str(fields["type"])):
            raise SandboxError(f"Stack {stack!r} with configuration key {key!r} must be of type {fields['type']!r}.")
    if missing:
        raise SandboxError(f"Stack {stack!r} is missing configuration values: {', '.join(sorted(missing))}.")


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """A YAML file twice: with values of YAML's types, and with every scalar as its text."""
    content = path.read_text()
    try:
        typed, texts = yaml.safe_load(content), yaml.load(content, Loader=yaml.BaseLoader)  # noqa: S506 - strings only
    except yaml.YAMLError as error:
        raise SandboxError(f"{path} is not YAML: {' '.join(str(error).split())}.") from error
    if typed is None:
        return {}, {}
    if not isinstance(typed, dict):
        raise SandboxError(f"{path} must contain a map.")
    return cast("dict[str, Any]", typed), cast("dict[str, Any]", texts)


def _config(document: Mapping[str, Any]) -> dict[str, Any]:
    return cast("dict[str, Any]", document.get("config") or {})


def _qualified(key: str, namespace: str) -> str:
    return key if ":" in key else f"{namespace}:{key}"


def _text(value: object, written: object) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True) if isinstance(value, dict | list) else str(written)


def _has_secure(value: object) -> bool:
    match value:
        case dict():
            entries = cast("dict[str, object]", value)
            return "secure" in entries or any(map(_has_secure, entries.values()))
        case list():
            return any(map(_has_secure, cast("list[object]", value)))
        case _:
            return False


def _is_of_type(text: str, type_: str) -> bool:
    match type_:
        case "boolean":
            return text in ("true", "false")
        case "integer":
            return text.removeprefix("-").isdecimal()
        case "array" | "object":
            try:
                value = json.loads(text)
            except ValueError:
                return False
            return isinstance(value, list if type_ == "array" else dict)
        case _:
            return True
