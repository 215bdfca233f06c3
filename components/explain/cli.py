"""A stack's resources as a tree: what each is for, what it is held to, what it costs.

    python -m components.explain --stack prod

Nothing is deployed and nothing is asked of AWS: the program runs against a
recorder. With --inputs, each resource's inputs stand below it, as in the
snapshots that the tests compare.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pulumi

from components.explain import graph, outline, prices, stacks
from components.explain.controls import findings
from components.explain.graph import Graph, Resource
from components.explain.prices import Cost, Workload
from components.explain.rates import CHECKED, REGION, unverified
from components.settings import PROJECT, Settings

_WIDTH = 58


def main(arguments: list[str] | None = None, root: Path | None = None) -> int:
    """Print a stack's tree; 2 and one sentence when it cannot be made."""
    root = root or Path.cwd()
    parser = argparse.ArgumentParser(
        prog="python -m components.explain", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--stack", required=True, help="the stack: Pulumi.<stack>.yaml")
    parser.add_argument("--inputs", action="store_true", help="each resource's inputs, and nothing of cost or control")
    parser.add_argument(
        "--config",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting chosen otherwise, as often as wanted",
    )
    chosen = parser.parse_args(arguments)
    if chosen.stack not in stacks.names(root):
        known = ", ".join(stacks.names(root)) or "none here"
        return _refuse(f"There is no stack {chosen.stack!r}: the stacks are {known}.")
    try:
        recorded, settings = load(root, chosen.stack, chosen.config)
    except pulumi.RunError as error:
        return _refuse(str(error))
    lines = outline.with_inputs(recorded, settings) if chosen.inputs else explained(recorded, settings)
    try:
        sys.stdout.writelines(f"{line}\n" for line in lines)
        sys.stdout.flush()
    except BrokenPipeError:
        # Who reads has read enough, as in `| head`; the interpreter's own flush at the end would complain.
        sys.stdout = None
    return 0


def load(root: Path, stack: str, changed: Sequence[str] = ()) -> tuple[Graph, Settings]:
    """A stack's graph and the settings that made it; RunError for what the program refuses.

    `changed` holds settings to choose otherwise than the stack does, as KEY=VALUE.
    """
    pairs = (one.partition("=") for one in changed)
    config = {**stacks.config(root, stack), **{f"{PROJECT}:{key}": value for key, _, value in pairs}}
    recorded = graph.record(graph.project(root), stack, config)
    return recorded, Settings.load(pulumi.Config(PROJECT))


def explained(recorded: Graph, settings: Settings) -> Iterator[str]:
    """The tree, a line a resource: what it is, what it is for; its cost and the controls that it is held to."""
    workload = Workload()
    controls: dict[str, list[str]] = {}
    for finding in findings(recorded, settings):
        mark = "" if finding.status == "passed" else f" ({finding.status})"
        controls.setdefault(finding.urn, []).append(finding.control.id + mark)
    yield f"{'':{_WIDTH}}  {'$/month':>8}  {'$/million':>9}"
    total = Cost()
    for resource, depth in outline.tree(recorded):
        cost = prices.cost(resource, settings, workload) if resource.custom else _sum(recorded, resource, settings)
        total += cost if resource.custom else Cost()
        yield _line("  " * depth + outline.title(resource), cost)
        yield f"{'  ' * depth}  {outline.purpose(resource)}"
        if resource.urn in controls:
            yield f"{'  ' * depth}  held to: {', '.join(controls[resource.urn])}"
    yield _line("all of it", total)
    yield ""
    yield (
        f"At rest for a month, and for a million writes of {workload.item_bytes} bytes at {workload.writes_per_s:g} a "
        f"second, without what is stored or queried; list prices of {REGION}, checked on {CHECKED}."
    )
    if doubtful := unverified():
        yield f"Unverified, no source found: {'; '.join(f'{rate.unit} at ${rate.usd:g}' for rate in doubtful)}."


def _sum(recorded: Graph, component: Resource, settings: Settings) -> Cost:
    parts = (
        prices.cost(child, settings, Workload()) if child.custom else _sum(recorded, child, settings)
        for child in recorded.children(component.urn)
    )
    return sum(parts, Cost())


def _line(text: str, cost: Cost) -> str:
    return f"{text[:_WIDTH]:{_WIDTH}}  {_amount(cost.month):>8}  {_amount(cost.million):>9}"


def _amount(dollars: float) -> str:
    return f"{dollars:.2f}" if dollars >= 0.005 else ("<0.01" if dollars else "-")


def _refuse(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return 2
