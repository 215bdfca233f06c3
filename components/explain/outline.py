"""A stack's resources as text: a tree to read, and a complete listing to compare."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any, cast

from components.explain.graph import Graph, Resource
from components.explain.purposes import STAGES, kind
from components.settings import Settings

_LONG_TEXT = 200
_ARCHIVE_PATH = "path"

_STAGES = tuple(STAGES)

_SUMMED_UP = "dashboardBody"
"""The number of leaves from which a document is shown as its digest."""


def tree(graph: Graph, parent: str = "", depth: int = 0) -> Iterator[tuple[Resource, int]]:
    """The resources with their depth, each followed by its children; stages in the order of a change."""
    for resource in ordered(graph.children(parent)):
        yield resource, depth
        yield from tree(graph, resource.urn, depth + 1)


def ordered(resources: Iterable[Resource]) -> list[Resource]:
    """Siblings in the order of the tree: components first, stages in the order of a change."""
    return sorted(resources, key=_order)


def _order(resource: Resource) -> tuple[object, ...]:
    stage = _STAGES.index(kind(resource)) if kind(resource) in _STAGES else len(_STAGES)
    return resource.custom, stage, resource.type, resource.name


def title(resource: Resource) -> str:
    """A resource's title: its kind and its logical name."""
    return f"{kind(resource).rpartition(':')[2]} {resource.name}"


def with_inputs(graph: Graph, settings: Settings) -> Iterator[str]:
    """Every resource and input, one per line, equal on every machine, for comparison.

    A long text is shown as its length and digest, a JSON text by its content; values that the setting `host` takes from
    this machine are shown as "host".
    """
    machine: dict[object, str] = {}
    if settings.lambda_runtime == "host":
        machine[settings.runtime] = "host"
    if settings.lambda_architecture == "host":
        machine[settings.architecture] = "host"
    for resource, depth in tree(graph):
        indent = "  " * depth
        yield f"{indent}{kind(resource)} {resource.name}{' (protected)' if resource.protect else ''}"
        for path, value in sorted(_leaves(resource.inputs, "")):
            yield f"{indent}  . {path} = {machine.get(value, value)}"


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            entries = cast("dict[str, Any]", value)
            if _ARCHIVE_PATH in entries and len(entries) > 1 and any(len(key) == 32 for key in entries):
                yield path, "an archive"
                return
            for name, inner in entries.items():
                if name == _SUMMED_UP:
                    yield name, _digest(str(inner))
                    continue
                yield from _leaves(inner, f"{path}.{name}" if path else name)
        case list() if all(isinstance(one, str) for one in cast("list[Any]", value)):
            yield path, f"[{', '.join(cast('list[str]', value))}]"
        case list():
            for index, inner in enumerate(cast("list[Any]", value)):
                yield from _leaves(inner, f"{path}[{index}]")
        case str() if (document := _document(value)) is not None:
            yield from _leaves(document, path)
        case str() if len(value) > _LONG_TEXT:
            yield path, _digest(value)
        case _:
            yield path, json.dumps(value) if isinstance(value, bool) else str(value)


def _digest(text: str) -> str:
    return f"{len(text)} characters, sha256 {hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _document(text: str) -> object | None:
    if not text.startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None
