"""What `pulumi up` would do to a running stack: compare two graphs, before and after, as the engine does.

A resource is created, deleted, updated in place, or replaced: deleted and created again, because a property changed
that the provider cannot update in place (components.explain.replaces). All names are explicit here, so the old resource
is deleted before the new one is created. As in the engine, resources that use one of its outputs in such a property are
replaced with it (pkg/resource/deploy/step_generator.go, calculateDependentReplacements).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from components.explain.graph import Graph, Resource
from components.explain.replaces import REPLACES, changes, replacing

_STREAM = "aws:kinesis/stream:Stream"
_PROTECTED = "it is protected"
Action = Literal["create", "update", "replace", "delete"]

HOLDS_DATA = frozenset(
    {
        *("aws:dynamodb/table:Table", "aws:glue/catalogDatabase:CatalogDatabase"),
        *("aws:glue/catalogTable:CatalogTable", _STREAM, "aws:kms/key:Key"),
        *("aws:s3/bucket:Bucket", "aws:sqs/queue:Queue"),
    }
)
"""Types whose content cannot be recreated: items, changes in flight, rows, messages, the catalogue, the key."""


@dataclass(frozen=True)
class Step:
    """The step of one resource.

    `changed` are the paths of inputs that differ; `forced_by` are those that replace it, or the resource whose
    replacement forces its own. A `refused` step stops the update with an error, for the reason that it names: the
    engine's, or AWS's. A `kept` resource leaves the program but remains in the account.
    """

    action: Action
    resource: Resource
    changed: tuple[str, ...] = ()
    forced_by: tuple[str, ...] = ()
    refused: str = ""
    kept: bool = False

    @property
    def loses_data(self) -> bool:
        """Whether the step deletes the resource's data."""
        goes = self.action in ("delete", "replace") and not self.refused and not self.kept
        return goes and self.resource.type in HOLDS_DATA


@dataclass(frozen=True)
class StackChange:
    """The steps from one graph to another, and the number of unchanged resources."""

    steps: tuple[Step, ...]
    same: int

    def of(self, action: Action) -> tuple[Step, ...]:
        """The steps of one kind."""
        return tuple(step for step in self.steps if step.action == action)

    @property
    def refused(self) -> tuple[Step, ...]:
        """The steps that stop the update: of a protected resource, or a change that AWS does not make at once."""
        return tuple(step for step in self.steps if step.refused)


def plan(before: Graph, after: Graph) -> StackChange:
    """The update of a stack from `before` to `after`, without component resources."""
    old = {one.urn: one for one in before.resources if one.custom}
    new = {one.urn: one for one in after.resources if one.custom}
    kept = old.keys() & new.keys()
    changed = {urn: tuple(_changed(old[urn], new[urn])) for urn in kept}
    forced = _replaced(new, changed)
    steps = [
        *(Step("create", one) for urn, one in new.items() if urn not in old),
        *(
            _step(old[urn], one, changed[urn], forced.get(urn))
            for urn, one in new.items()
            if _moves(urn, changed, forced)
        ),
        *(
            Step("delete", one, refused=_PROTECTED if one.protect else "", kept=one.retain_on_delete)
            for urn, one in old.items()
            if urn not in new
        ),
    ]
    moved = sum(1 for step in steps if step.action in ("update", "replace"))
    return StackChange(tuple(steps), len(kept) - moved)


def _moves(urn: str, changed: Mapping[str, tuple[str, ...]], forced: Mapping[str, tuple[str, ...]]) -> bool:
    return urn in forced or bool(changed.get(urn))


def _step(old: Resource, new: Resource, changed: tuple[str, ...], forced: tuple[str, ...] | None) -> Step:
    if forced is None:
        return Step("update", new, changed, refused=_too_far(old, new))
    # The engine refuses only when the resource was protected and still is: one update can unprotect and replace.
    return Step("replace", new, changed, forced, refused=_PROTECTED if old.protect and new.protect else "")


def _too_far(old: Resource, new: Resource) -> str:
    """AWS's reason against an update in place; the provider makes it with one call.

    A stream: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html, and
    https://github.com/hashicorp/terraform-provider-aws/issues/46699. A change of its mode keeps the shards that it has,
    whose number is not known here.
    """
    count, target = old.inputs.get("shardCount"), new.inputs.get("shardCount")
    if new.type != _STREAM or not isinstance(count, int | float) or not isinstance(target, int | float):
        return ""
    if target > 2 * count:
        return f"AWS at most doubles the shards at once: first {2 * count:g}"
    return f"AWS at most halves the shards at once: first {math.ceil(count / 2)}" if target < count / 2 else ""


def _changed(old: Resource, new: Resource) -> Iterator[str]:
    for path in changes(old.inputs, new.inputs):
        if path.partition(".")[0].partition("[")[0] not in new.ignore_changes:
            yield path


def _replaced(new: Mapping[str, Resource], changed: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Each replaced resource with the cause: its own paths, or the URN of a replaced resource that it depends on."""
    forced: dict[str, tuple[str, ...]] = {}
    for urn, paths in changed.items():
        if own := tuple(path for path in paths if replacing(new[urn].type, path)):
            forced[urn] = own
    while taken := dict(_taken_along(new, changed, forced)):
        forced |= taken
    return forced


def _taken_along(
    new: Mapping[str, Resource], changed: Mapping[str, tuple[str, ...]], forced: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for urn in changed.keys() - forced.keys():
        for name, used in new[urn].uses.items():
            gone = forced.keys() & set(used)
            if gone and any(path.partition(".")[0] == name for path in REPLACES.get(new[urn].type, {})):
                yield urn, (min(gone),)
                break
