"""How rules construct a violation: a valid resource, changed."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Mapping
from typing import Any, cast

from components.audit.rule import Spoil
from components.explain.evidence import Case
from components.explain.graph import Graph, Resource

NOTHING = object()
"""In `given`: remove the value."""


def given(changed: Mapping[str, Any]) -> Spoil:
    """The resource with these values at these paths; a path's last list is extended if it is too short."""
    return lambda case: dataclasses.replace(case, resource=_changed(case.resource, changed))


def beside(type_: str, changed: Mapping[str, Any]) -> Spoil:
    """The resource in a graph where all resources of another type have these values at these paths."""

    def spoil(case: Case) -> Case:
        resources = tuple(_changed(one, changed) if one.type == type_ else one for one in case.graph.resources)
        return dataclasses.replace(case, graph=Graph(resources, case.graph.outputs))

    return spoil


def unordered(case: Case) -> Case:
    """The resource without dependencies."""
    return dataclasses.replace(case, resource=dataclasses.replace(case.resource, depends_on=()))


def heeding(case: Case) -> Case:
    """The resource without ignored changes."""
    return dataclasses.replace(case, resource=dataclasses.replace(case.resource, ignore_changes=()))


def statement(path: str, **changed: Any) -> Spoil:
    """The resource whose policy at a path has a first statement with these fields; NOTHING removes a field."""

    def spoil(case: Case) -> Case:
        policy = json.loads(case.inputs[path])
        first = {**policy["Statement"][0], **changed}
        policy["Statement"] = [{name: value for name, value in first.items() if value is not NOTHING}]
        return given({path: json.dumps(policy)})(case)

    return spoil


def _changed(resource: Resource, changed: Mapping[str, Any]) -> Resource:
    inputs: Any = copy.deepcopy(dict(resource.inputs))
    for path, value in changed.items():
        _put(inputs, path.split("."), value)
    return dataclasses.replace(resource, inputs=inputs)


def _put(inside: Any, path: list[str], value: Any) -> None:
    name, *rest = path
    if isinstance(inside, list):
        inner = cast("list[Any]", inside)
        while len(inner) <= int(name):
            inner.append({})
        if rest:
            _put(inner[int(name)], rest, value)
        else:
            inner[int(name)] = value
    elif value is NOTHING and not rest:
        inside.pop(name, None)
    elif rest:
        _put(inside.setdefault(name, [] if rest[0].isdecimal() else {}), rest, value)
    else:
        inside[name] = value
