"""The golden files: the program's results as text, so that a review sees a change's effect in a diff.

`make snapshots` (`python -m tests.golden`) writes them all; the tests beside them compare.
They are a stack's resources with every input, the row of each event in `tests/events`, and the page of Athena's
functions.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from transform.events import read_change
from transform.rows import RowWriter
from transform.schema import TABLE

if TYPE_CHECKING:
    from components.explain.graph import Graph
    from components.settings import Settings

# Components are imported only for stacks: their import takes seconds, and rows do not need it.

ROOT = Path(__file__).parents[1]
EVENTS = ROOT / "tests" / "events"
SNAPSHOTS = ROOT / "tests" / "unit" / "components" / "snapshots"
STACKS = ("dev", "local", "prod")
"""The project's stacks: a user may have further files beside them."""
CHOSEN_STAGES = {"Fanout fanout": "eventFanout=true", "Merge merge": "mergeIntervalMinutes=60"}
"""The stages that no stack has by default, each with the setting that adds it."""


def stack_text(graph: Graph, settings: Settings) -> str:
    """Return every resource of a stack with its inputs, one per line."""
    from components.explain import outline

    return "".join(f"{line}\n" for line in outline.with_inputs(graph, settings))


def stage_text(graph: Graph, settings: Settings, stage: str) -> str:
    """Return the same for one stage, such as the one that only `eventFanout` adds."""
    from components.explain import outline

    lines = list(outline.with_inputs(graph, settings))
    first = lines.index(stage)
    after = next((at for at in range(first + 1, len(lines)) if not lines[at].startswith(" ")), len(lines))
    return "".join(f"{line}\n" for line in lines[first:after])


def event(name: str) -> bytes:
    """A change event as Firehose hands it over."""
    return (EVENTS / f"{name}.json").read_bytes().rstrip(b"\n")


def row(name: str) -> bytes:
    """Return the row of an event by the transform's slow path, which specifies the fast path's result."""
    return RowWriter(TABLE).line(read_change(event(name)), {})


def events() -> list[str]:
    """The events by name. The batches in the same directory are made of them and have no row."""
    names = {path.name.partition(".")[0] for path in EVENTS.glob("*.json")}
    return sorted(name for name in names if not name.startswith("firehose-"))


def files() -> Mapping[Path, Callable[[], bytes]]:
    """Return every golden file with the function that makes its content."""
    made: dict[Path, Callable[[], bytes]] = {
        EVENTS / f"{name}.row.json": lambda name=name: row(name) for name in events()
    }
    for stack in STACKS:
        made[SNAPSHOTS / f"{stack}.txt"] = lambda stack=stack: stack_text(*_load(stack)).encode()
    made[ROOT / "docs" / "athena-functions.md"] = _functions_page
    for name, setting in CHOSEN_STAGES.items():
        made[SNAPSHOTS / f"{name.partition(' ')[2]}.txt"] = lambda name=name, setting=setting: stage_text(
            *_load("prod", [setting]), name
        ).encode()
    return made


def _functions_page() -> bytes:
    from sandbox.athena.functions.page import page

    return page().encode()


def _load(stack: str, settings: Sequence[str] = ()) -> tuple[Graph, Settings]:
    from components.explain import cli

    return cli.load(ROOT, stack, settings)


def main() -> int:
    """Write every golden file whose content has changed, and print its name."""
    for path, content in files().items():
        new = content()
        if not path.exists() or path.read_bytes() != new:
            path.write_bytes(new)
            sys.stdout.write(f"{path.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
