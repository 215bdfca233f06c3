"""For a change of each setting: what `pulumi up` would do to a stack, and the effect on its data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pulumi

from components.changes import CHANGES
from components.explain import purposes, stacks
from components.explain.change import Action, StackChange, Step, plan
from components.explain.graph import Graph
from components.explain.paragraph import paragraph
from components.rules import Between
from components.settings import PROJECT, Settings, declared

Load = Callable[[Path, str, Sequence[str], Graph | None], tuple[Graph, Settings]]

_SAYS: Mapping[Action, str] = {
    "create": "creates",
    "update": "updates in place",
    "replace": "REPLACES",
    "delete": "deletes",
}

SAMPLES: Mapping[str, tuple[str, ...]] = {
    "alarmEmail": ("", "else@example.com"),
    "arrivalFrom": ("2026-01-01-00", "2026-02-01-00"),
    "crawlerSchedule": ("", "cron(15 2 * * ? *)"),
    "mergeIntervalMinutes": ("0", "60"),
    "kinesisShards": ("0", "1", "2"),
    "lambdaArchitecture": ("arm64", "x86_64"),
    "lambdaRuntime": ("python3.13", "python3.12"),
    "tableMaxReadUnits": ("0", "4000"),
    "tableMaxWriteUnits": ("0", "9000"),
    "tableWarmWriteUnits": ("0", "8000"),
}
"""Two values of a setting whose rule does not provide two."""

WITH: Mapping[str, Mapping[str, str]] = {
    "lakeFormat": {"bufferSizeMb": "64"},
    "tableCapacity": {"tableMaxReadUnits": "40", "tableMaxWriteUnits": "40"},
    "tableMinReadUnits": {"tableCapacity": "provisioned", "tableMaxReadUnits": "40", "tableMaxWriteUnits": "40"},
    "tableMinWriteUnits": {"tableCapacity": "provisioned", "tableMaxReadUnits": "40", "tableMaxWriteUnits": "40"},
    "tableWarmWriteUnits": {"tableMaxWriteUnits": "0"},
    "bufferSizeMb": {"lakeFormat": "json-gzip"},
    "alarmEmail": {"customerManagedKeys": "true"},
    "customerManagedKeys": {"alarmEmail": ""},
    "protect": {"forceDestroy": "false"},
    "forceDestroy": {"protect": "false"},
    "largeOrderThreshold": {"eventFanout": "true"},
}
"""Other settings that are required, before and after, for a change to be allowed or to have an effect."""


def values(key: str) -> tuple[str, ...]:
    """At least two allowed values of a setting."""
    if key in SAMPLES:
        return SAMPLES[key]
    rule = next(one.rule for one in declared() if one.name == key)
    if rule.type == "boolean":
        return ("false", "true")
    if isinstance(rule, Between):
        return (str(rule.low), str(rule.low + 1))
    return tuple(rule.allowed.split(", "))[:2]


def table(root: Path, stack: str, load: Load) -> Iterator[str]:
    """A paragraph for every setting of one stack; each takes about a second."""
    yield from paragraph(f"What `pulumi up` does to the running stack {stack} when one setting changes:")
    recorded: dict[tuple[str, ...], tuple[Graph, Settings]] = {}

    def once(root: Path, stack: str, changed: Sequence[str], deployed: Graph | None) -> tuple[Graph, Settings]:
        # Most settings change from the stack's own value.
        if deployed:
            return load(root, stack, changed, deployed)
        if (key := tuple(changed)) not in recorded:
            recorded[key] = load(root, stack, changed, None)
        return recorded[key]

    for key in declared():
        yield ""
        yield from setting(root, stack, key.name, once)


def setting(root: Path, stack: str, key: str, load: Load) -> Iterator[str]:
    """The effect of one setting's change: the engine's steps for a sample value, then the effect on data."""
    config = stacks.config(root, stack)
    now = WITH.get(key, {}).get(key, config.get(f"{PROJECT}:{key}", ""))
    to = next(value for value in values(key) if value != now)
    others = [f"{name}={value}" for name, value in WITH.get(key, {}).items()]
    yield from paragraph(f"{key}, from {now or 'empty'} to {to or 'empty'}")
    try:
        before, _ = load(root, stack, others, None)
        after, _ = load(root, stack, [*others, f"{key}={to}"], before)
        yield from paragraph(_summed_up(plan(before, after)), "  ")
    except pulumi.RunError as refusal:
        yield from paragraph(f"up refuses: {refusal}", "  ")
    change = CHANGES.get(key)
    if change is None:
        return
    yield from paragraph(change.says, "  ")
    if change.loses:
        yield from paragraph(f"Lost: {change.loses}", "  ")
    if change.refused:
        yield from paragraph(f"Refused: {change.refused}", "  ")


def _summed_up(found: StackChange) -> str:
    parts = [f"{says} {_named(found.of(action))}" for action, says in _SAYS.items() if found.of(action)]
    return f"up {'; '.join(parts)}." if parts else "up changes no resource."


def _named(steps: Sequence[Step]) -> str:
    """The types of the steps with their number, such as "2 Queue and 1 Pipe"."""
    counted = Counter(purposes.kind(step.resource).rpartition(":")[2] for step in steps)
    return ", ".join(f"{count} {name}" for name, count in sorted(counted.items()))
