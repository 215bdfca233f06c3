"""The project and its stack's configuration, in the form that the Pulumi CLI passes to the program.

The rules are those of pulumi's sdk/go/common/workspace (project.go, config.go): a value is the file's text, an object
or a list is JSON text; a key without a namespace belongs to the project; missing keys take the project's defaults, and
a declared key without a value is an error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from stack.commandline import UserError

# PyYAML's loaders in C where its package has them, ten times as fast.
_TYPED = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXTS = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@dataclass(frozen=True)
class Stack:
    """One stack of a project: `config` maps `namespace:key` to text."""

    project: str
    name: str
    directory: Path
    config: Mapping[str, str]


def stack_names(directory: Path) -> list[str]:
    """Return the stacks that have a file in the project's directory."""
    return sorted(path.name.split(".")[1] for path in directory.glob("Pulumi.*.yaml"))


def load_stack(directory: Path, name: str, placeholder: Callable[[str, str], str] | None = None) -> Stack:
    """Read a stack of the project in a directory; raises UserError, one sentence, where the CLI would also refuse
    it.

    A secret needs the stack's passphrase, which only the CLI asks for. It is refused, or `placeholder` returns a value
    for its key and its default ("" if there is no default).
    """
    project_file = directory / "Pulumi.yaml"
    if not project_file.is_file():
        raise UserError(f"There is no Pulumi project in {directory}: Pulumi.yaml is missing.")
    project, project_texts = _read(project_file)
    namespace = str(project.get("name", ""))
    if not namespace:
        raise UserError(f"{project_file} names no project: give it a `name`.")

    stack_file = directory / f"Pulumi.{name}.yaml"
    if not stack_file.is_file():
        known = stack_names(directory)
        stacks = f"the stacks are {', '.join(known)}" if known else "the project has no stack yet"
        raise UserError(f"There is no stack {name!r}: {stack_file.name} is missing; {stacks}.")
    stack, stack_texts = _read(stack_file)
    if stack.get("environment"):
        raise UserError(f"{stack_file.name} imports an environment, which only the Pulumi CLI can open: remove it.")

    config = dict[str, str]()
    defaults = _defaults(_config(project), _config(project_texts), namespace)
    for key, value in _config(stack).items():
        qualified = _qualified(key, namespace)
        if not _has_secure(value):
            config[qualified] = _text(value, _config(stack_texts)[key])
        elif placeholder is not None:
            config[qualified] = placeholder(qualified, defaults.get(qualified, ""))
        else:
            raise UserError(
                f"{key} in {stack_file.name} is a secure value, which only the Pulumi CLI can decrypt: "
                "use a stack without secrets in the sandbox."
            )
    config = {**defaults, **config}
    _check_project(config, _config(project), namespace, name)
    return Stack(namespace, name, directory, config)


def _defaults(declared: Mapping[str, Any], texts: Mapping[str, Any], namespace: str) -> dict[str, str]:
    """Return the project's default values, by qualified key."""
    defaults: dict[str, str] = {}
    for key, declaration in declared.items():
        fields = _fields(declaration)
        source = next((name for name in ("default", "value") if fields.get(name) is not None), None)
        if source is not None:
            text = texts[key][source] if isinstance(declaration, dict) else texts[key]
            defaults[_qualified(key, namespace)] = _text(fields[source], text)
    return defaults


def _check_project(config: Mapping[str, str], declared: Mapping[str, Any], namespace: str, stack: str) -> None:
    missing: list[str] = []
    for key, declaration in declared.items():
        fields, qualified = _fields(declaration), _qualified(key, namespace)
        if qualified not in config:
            if qualified.startswith(f"{namespace}:"):
                missing.append(key)
        elif "type" in fields and not _is_of_type(config[qualified], str(fields["type"])):
            raise UserError(f"Stack {stack!r} with configuration key {key!r} must be of type {fields['type']!r}.")
    if missing:
        raise UserError(f"Stack {stack!r} is missing configuration values: {', '.join(sorted(missing))}.")


def _fields(declaration: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", declaration) if isinstance(declaration, dict) else {"default": declaration}


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parse a YAML file twice: with values of YAML's types, and with every scalar as its text.

    Raises: UserError: it is not YAML in UTF-8, or it or its `config` is not a map.
    """
    try:
        content = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8: save it as that.") from error
    try:
        typed, texts = yaml.load(content, Loader=_TYPED), yaml.load(content, Loader=_TEXTS)  # noqa: S506 - both are safe
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not YAML: {' '.join(str(error).split())}.") from error
    if typed is None:
        return {}, {}
    if not isinstance(typed, dict):
        raise UserError(f"{path} must contain a map.")
    document = cast("dict[str, Any]", typed)
    if not isinstance(document.get("config") or {}, dict):
        raise UserError(f"The `config` of {path} must be a map.")
    return document, cast("dict[str, Any]", texts)


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
