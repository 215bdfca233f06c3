"""The effect of a change of inputs: none, an update in place, or a replacement and its order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.explain.replaces import changes, replacing
from tests.engine.recorder.kinds import kind_of
from tests.engine.recorder.values import DEFAULTS, comparable


@dataclass(frozen=True)
class Difference:
    """The paths that differ, and those of them that replace the resource."""

    changed: tuple[str, ...]
    replaced: tuple[str, ...]
    delete_first: bool

    @classmethod
    def between(cls, type_: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Difference:
        """Return the steps from some inputs of a resource to others.

        An unknown value differs from any known one. Properties that replace are ForceNew in the provider's schema
        (components/explain/replaces.py).
        """
        changed = tuple(changes(comparable(old), comparable(new)))
        replaced = tuple(path for path in changed if replacing(type_, path))
        return cls(changed, replaced, bool(replaced) and _is_named(type_, new))


def _is_named(type_: str, inputs: Mapping[str, Any]) -> bool:
    """Return whether the name is explicit, so that old and new cannot exist at the same time.

    The bridge's nameRequiresDeleteBeforeReplace (pkg/tfbridge/schema.go): also
    when it is the name that changes.
    """
    name = kind_of(type_).name
    return name in inputs and name not in inputs.get(DEFAULTS, [])


def top(path: str) -> str:
    """Return the property of a path: rules[1].id → rules."""
    return path.partition(".")[0].partition("[")[0]
