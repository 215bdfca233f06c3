"""Checks inputs against pulumi-aws's own types, by the resource's type token."""

from __future__ import annotations

import functools
import importlib
import threading
import types
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

import pulumi
from pulumi import _types as pulumi_types  # pyright: ignore[reportPrivateUsage] - where an input type's names are
from pulumi.runtime.rpc import UNKNOWN

_loading = threading.Lock()
_ASSET = {"4dabf18193072939515e22adb298388d": "archive"}


def class_of(type_: str) -> Any:
    """Return the resource class of a type token such as aws:s3/bucket:Bucket."""
    module = type_.removeprefix("aws:").partition("/")[0]
    return getattr(_package("lambda_" if module == "lambda" else module), type_.rpartition(":")[2])


@functools.cache
def _package(module: str) -> types.ModuleType:
    """Return a module of pulumi_aws, which is loaded at first use, by one thread at a time.

    It warns of the deprecated classes in it, used or not.
    """
    with _loading, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        package = importlib.import_module(f"pulumi_aws.{module}")
        hasattr(package, "outputs")
        return package


@functools.cache
def args_of(type_: str) -> type[Any]:
    """Return the class of a resource's arguments."""
    resource = class_of(type_)
    module = importlib.import_module(resource.__module__)
    name = resource.__name__
    # If another input type has the name, the provider calls a resource's arguments InitArgs.
    return getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args")


def complaints(type_: str, inputs: Mapping[str, Any]) -> Iterator[str]:
    """Return the errors of a resource's inputs by the provider's types: names, types and required properties."""
    yield from _of_class(args_of(type_), inputs, type_)


@functools.cache
def _fields(class_: type[Any]) -> Mapping[str, tuple[Any, bool]]:
    """Return each property by the engine's name, with its type and whether it is required."""
    names = pulumi_types.input_type_py_to_pulumi_names(class_)
    initialise = cast("Any", class_).__init__
    module = importlib.import_module(class_.__module__)
    # pulumi.Input names what only its own module has imported.
    hints = get_type_hints(initialise, {**vars(pulumi.output), **vars(module)})
    defaults = cast("dict[str, object]", initialise.__kwdefaults__ or {})
    return {names[name]: (hint, name not in defaults) for name, hint in hints.items() if name in names}


def _of_class(class_: type[Any], value: object, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} is {value!r}, no {class_.__name__}"
        return
    given = cast("dict[str, Any]", value)
    fields = _fields(class_)
    yield from (f"{path} has no property {name}" for name in given.keys() - fields.keys())
    yield from (f"{path}.{name} is required" for name, (_, needed) in fields.items() if needed and name not in given)
    for name in given.keys() & fields.keys():
        yield from _of_type(fields[name][0], given[name], f"{path}.{name}")


def _of_type(hint: Any, value: object, path: str) -> Iterator[str]:
    """Yield the errors of a value of a type; none for a preview's unknown values."""
    if value != UNKNOWN:
        yield from _of_known(hint, value, path)


def _of_known(hint: Any, value: object, path: str) -> Iterator[str]:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        yield from _of_union(arguments, value, path)
    elif origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(value, dict):
            yield f"{path} is {value!r}, no map"
            return
        for key, inner in cast("dict[str, Any]", value).items():
            yield from _of_type(arguments[1], inner, f"{path}[{key}]")
    elif origin is not None and isinstance(origin, type) and issubclass(origin, Sequence):
        if not isinstance(value, list):
            yield f"{path} is {value!r}, no list"
            return
        for index, inner in enumerate(cast("list[Any]", value)):
            yield from _of_type(arguments[0], inner, f"{path}[{index}]")
    elif isinstance(hint, type) and pulumi_types.is_input_type(hint):
        yield from _of_class(hint, value, path)
    elif not _is_scalar(hint, value):
        yield f"{path} is {value!r}, no {hint}"


def _of_union(choices: Sequence[Any], value: object, path: str) -> Iterator[str]:
    """Yield errors only if no choice fits; then those of the choice with the fewest."""
    real = [choice for choice in choices if get_origin(choice) not in _DEFERRED and not _is_typed_dict(choice)]
    found = [list(_of_type(choice, value, path)) for choice in real]
    yield from min(found, key=len)


def _is_typed_dict(hint: Any) -> bool:
    return isinstance(hint, type) and hasattr(hint, "__total__")


def _is_scalar(hint: Any, value: object) -> bool:
    if hint is pulumi.Archive:
        return isinstance(value, dict) and any(key in _ASSET for key in cast("dict[str, Any]", value))
    if hint is bool:
        return isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(hint, type) and isinstance(value, hint)


_DEFERRED = (pulumi.Output, *(get_origin(choice) for choice in get_args(pulumi.Input[str]) if get_origin(choice)))
