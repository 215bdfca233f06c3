"""Paths and intrinsic functions of the Amazon States Language, to the extent that the sandbox supports it.

https://states-language.net/spec.html#paths,
https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

PATH = re.compile(r"\$\$?((\.[A-Za-z_]\w*)|(\[\d+\])|(\[\*\]))*")
_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+)\]|\[(\*)\]")
_CALL = re.compile(r"States\.(\w+)\((.*)\)", re.DOTALL)
_ARGUMENT = re.compile(r"\s*('(?:[^'\\]|\\.)*'|[^,']+?)\s*(?:,|$)", re.DOTALL)
_FORMATTED = re.compile(r"\\(.)|\{\}", re.DOTALL)


class StateError(Exception):
    """The error of a state: a name that Retry and Catch match, and its cause."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(f"{name}: {cause}")
        self.name = name
        self.cause = cause


class UnsupportedLanguageError(Exception):
    """A definition uses an unsupported feature, which the text names."""


def value_at(path: str, data: Any, context: Mapping[str, Any]) -> Any:
    """The value at a path, in the context object for $$.

    Raises:
        StateError: there is no value at the path.
    """
    steps = list(_steps(path))
    return _follow(path, steps, context if path.startswith("$$") else data)


def evaluated(expression: str, data: Any, context: Mapping[str, Any]) -> Any:
    """The value of a path or of an intrinsic function."""
    found = _CALL.fullmatch(expression)
    if found is None:
        return value_at(expression, data, context)
    arguments = [_argument(text, data, context) for text in _arguments(found[2])]
    return _function(found[1])(arguments)


def filled(template: Any, data: Any, context: Mapping[str, Any]) -> Any:
    """The template with its members that end in .$ evaluated."""
    if isinstance(template, list):
        return [filled(inner, data, context) for inner in cast("list[Any]", template)]
    if not isinstance(template, dict):
        return template
    members = cast("dict[str, Any]", template).items()
    return {
        name.removesuffix(".$"): evaluated(inner, data, context)
        if name.endswith(".$")
        else filled(inner, data, context)
        for name, inner in members
    }


def placed(path: str | None, result: Any, data: Any) -> Any:
    """The state's input with its result at a path: "$" is the result alone, None the input alone."""
    if path is None:
        return data
    if path == "$":
        return result
    steps = list(_steps(path))
    if not isinstance(data, dict) or any(kind != "name" for kind, _ in steps):
        raise StateError("States.ResultPathMatchFailure", f"The result cannot be placed at {path}.")
    copied: dict[str, Any] = dict(cast("dict[str, Any]", data))
    holder = copied
    for _, name in steps[:-1]:
        inner = holder.get(name)
        holder[name] = dict(cast("dict[str, Any]", inner)) if isinstance(inner, dict) else {}
        holder = cast("dict[str, Any]", holder[name])
    holder[steps[-1][1]] = result
    return copied


def check(expression: str) -> None:
    """Raise UnsupportedLanguageError for an expression that `evaluated` cannot evaluate."""
    found = _CALL.fullmatch(expression)
    if found is None:
        list(_steps(expression))
        return
    _function(found[1])
    for text in _arguments(found[2]):
        if text.startswith("$"):
            list(_steps(text))


def _steps(path: str) -> Iterator[tuple[str, str]]:
    if not PATH.fullmatch(path):
        raise UnsupportedLanguageError(f"the path {path}")
    for name, index, every in _STEP.findall(path):
        yield ("every", every) if every else ("index", index) if index else ("name", name)


def _follow(path: str, steps: Sequence[tuple[str, str]], value: Any) -> Any:
    for at, (kind, step) in enumerate(steps):
        if kind == "name" and isinstance(value, dict) and step in value:
            value = cast("dict[str, Any]", value)[step]
        elif kind == "index" and isinstance(value, list) and int(step) < len(cast("list[Any]", value)):
            value = cast("list[Any]", value)[int(step)]
        elif kind == "every" and isinstance(value, list):
            return [_follow(path, steps[at + 1 :], inner) for inner in cast("list[Any]", value)]
        else:
            raise StateError("States.Runtime", f"The path '{path}' could not be found in the input.")
    return value


def _arguments(text: str) -> list[str]:
    found = [match[1] for match in _ARGUMENT.finditer(text)]
    if not found or "".join(_ARGUMENT.sub("", text).split()):
        raise UnsupportedLanguageError(f"the arguments ({text})")
    return found


def _argument(text: str, data: Any, context: Mapping[str, Any]) -> Any:
    if text.startswith("$"):
        return value_at(text, data, context)
    if text.startswith("'"):
        return text[1:-1]
    raise UnsupportedLanguageError(f"the argument {text}")


def _function(name: str) -> Callable[[Sequence[Any]], Any]:
    functions: dict[str, Callable[[Sequence[Any]], Any]] = {"Format": _format, "ArrayLength": _array_length}
    if name not in functions:
        raise UnsupportedLanguageError(f"the intrinsic function States.{name}")
    return functions[name]


def _array_length(arguments: Sequence[Any]) -> int:
    (array,) = arguments
    if not isinstance(array, list):
        raise StateError("States.IntrinsicFailure", "States.ArrayLength has no array.")
    return len(cast("list[Any]", array))


def _format(arguments: Sequence[Any]) -> str:
    template, *values = arguments
    left = iter(values)
    try:
        text = _FORMATTED.sub(lambda found: found[1] or str(next(left)), str(template))
    except (StopIteration, RuntimeError):
        raise StateError("States.IntrinsicFailure", "States.Format has fewer values than braces.") from None
    if list(left):
        raise StateError("States.IntrinsicFailure", "States.Format has more values than braces.")
    return text
