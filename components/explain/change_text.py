"""The text of a settings change: the engine's steps are computed, the effect on data comes from components.changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from components.changes import CHANGES
from components.explain import outline
from components.explain.change import Action, StackChange, Step
from components.explain.paragraph import paragraph

_SAYS: Mapping[Action, str] = {
    "create": "created",
    "update": "updated in place",
    "replace": "replaced",
    "delete": "deleted",
}
_MAX_PATHS = 4


@dataclass(frozen=True)
class Moved:
    """A changed setting: its key, the old and the new value."""

    key: str
    old: str
    new: str

    def __str__(self) -> str:
        """The change as part of a sentence."""
        return f"{self.key} from {self.old or 'empty'} to {self.new or 'empty'}"


def lines(stack: str, moved: Sequence[Moved], plan: StackChange | None, refusal: str) -> Iterator[str]:
    """What `pulumi up` would do after the settings change; with a `refusal` of the program there is no plan."""
    yield from paragraph(f"Stack {stack}, {'; '.join(str(one) for one in moved) or 'no change'}:")
    yield ""
    if plan is None:
        yield from paragraph(f"refused before any resource changes: {refusal}", "  ")
    else:
        yield from _planned(plan)
    yield ""
    for one in moved:
        yield from _meaning(one.key)


def _planned(plan: StackChange) -> Iterator[str]:
    for action, says in _SAYS.items():
        for step in plan.of(action):
            yield from paragraph(f"{says}: {outline.title(step.resource)}{_because(step)}", "  ")
    moved = len(plan.steps)
    yield from paragraph(f"{moved} of {moved + plan.same} resources change; {plan.same} do not", "  ")
    if plan.refused:
        yield from paragraph("The update stops there with an error.", "  ")


def _because(step: Step) -> str:
    notes = ""
    if step.action == "replace":
        own = [path for path in step.forced_by if "::" not in path]
        others = [urn.rpartition("::")[2] for urn in step.forced_by if "::" in urn]
        notes += f", because {', '.join(own)} cannot change in place" if own else f", because it depends on {others[0]}"
    elif step.changed:
        shown = ", ".join(step.changed[:_MAX_PATHS])
        notes += f": {shown}{', …' if len(step.changed) > _MAX_PATHS else ''}"
    if step.refused:
        return f"{notes} (refused: {step.refused})"
    if step.kept:
        return f"{notes} (only removed from the program: it stays in the account)"
    return f"{notes} (with its data)" if step.loses_data else notes


def _meaning(key: str) -> Iterator[str]:
    change = CHANGES.get(key)
    if change is None:
        return
    yield from paragraph(f"{key}: {change.says}")
    if change.loses:
        yield from paragraph(f"Lost: {change.loses}", "  ")
    if change.refused:
        yield from paragraph(f"Refused: {change.refused}", "  ")
