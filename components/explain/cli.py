"""What a stack is made of, what it costs, and what a changed setting would do to it.

    python -m components.explain --stack prod
    python -m components.explain --stack prod --change captureMode=native

Nothing is deployed and nothing is asked of AWS: the program runs against a
recorder. Without an option a line a stage is shown; the options below show more.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pulumi

from components.explain import change_text, document, graph, moves, outline, permissions, stacks, text
from components.explain.change import plan
from components.explain.change_text import Moved
from components.explain.graph import Graph
from components.explain.prices import Basis
from components.explain.rates import REGION, Tariff
from components.explain.report import Report, report
from components.settings import PROJECT, Settings
from stack.installation import program


def main(arguments: list[str] | None = None, root: Path | None = None) -> int:
    """Print what is asked for; 2 and one sentence when it cannot be made."""
    root = root or program()
    chosen = _parser().parse_args(arguments)
    if chosen.stack not in stacks.names(root):
        known = ", ".join(stacks.names(root)) or "none here"
        return _refuse(f"There is no stack {chosen.stack!r}: the stacks are {known}.")
    try:
        if chosen.change:
            return _change(root, chosen.stack, chosen.config, chosen.change)
        return _print(_lines(root, chosen))
    except pulumi.RunError as error:
        return _refuse(str(error))


def load(root: Path, stack: str, changed: Sequence[str] = (), deployed: Graph | None = None) -> tuple[Graph, Settings]:
    """A stack's graph and the settings that made it; RunError for what the program refuses.

    `changed` holds settings to choose otherwise than the stack does, as KEY=VALUE;
    `deployed` is the stack as the last update left it, nothing for a new one.
    """
    config = {**stacks.config(root, stack), **{f"{PROJECT}:{key}": value for key, value in _pairs(changed).items()}}
    with graph.unbuilt():
        recorded = graph.record(graph.project(root), stack, config, outputs=deployed.outputs if deployed else {})
    return recorded, Settings.load(pulumi.Config(PROJECT))


def explained(root: Path, stack: str, changed: Sequence[str] = ()) -> Report:
    """The report of a stack, with the prices of its own region."""
    recorded, settings = load(root, stack, changed)
    return report(stack, recorded, Basis(settings, tariff=Tariff(_region(root, stack))))


def _region(root: Path, stack: str) -> str:
    return stacks.config(root, stack).get("aws:region", REGION)


def _lines(root: Path, chosen: argparse.Namespace) -> Iterable[str]:
    stack, changed = str(chosen.stack), list[str](chosen.config)
    if chosen.changes:
        return moves.table(root, stack, load)
    if chosen.permissions:
        recorded, _ = load(root, stack, changed)
        return [json.dumps(one) for one in permissions.policies(recorded, _region(root, stack))]
    if chosen.inputs:
        return outline.with_inputs(*load(root, stack, changed))
    made = explained(root, stack, changed)
    if chosen.json:
        return [json.dumps(document.document(made), indent=2)]
    return text.tree(made) if chosen.full else text.overview(made)


def _change(root: Path, stack: str, given: list[str], wanted: list[str]) -> int:
    """Print what an update would do with the wanted settings; 2 where it is refused."""
    before, _ = load(root, stack, given)
    now = {**stacks.config(root, stack), **{f"{PROJECT}:{key}": value for key, value in _pairs(given).items()}}
    moved = [Moved(key, now.get(f"{PROJECT}:{key}", ""), value) for key, value in _pairs(wanted).items()]
    try:
        after, _ = load(root, stack, [*given, *wanted], before)
    except pulumi.RunError as refusal:
        _print(change_text.lines(stack, moved, None, str(refusal)))
        return 2
    found = plan(before, after)
    _print(change_text.lines(stack, moved, found, ""))
    return 2 if found.refused else 0


def _pairs(changed: Sequence[str]) -> Mapping[str, str]:
    pairs = (one.partition("=") for one in changed)
    return {key: value for key, _, value in pairs}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m components.explain", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--stack", required=True, help="the stack: Pulumi.<stack>.yaml")
    parser.add_argument(
        "--config",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting chosen otherwise, as often as wanted",
    )
    one_of = parser.add_mutually_exclusive_group()
    one_of.add_argument("--full", action="store_true", help="every resource, and the controls that it is held to")
    one_of.add_argument("--inputs", action="store_true", help="every resource with its inputs")
    one_of.add_argument("--json", action="store_true", help="all of it for programs, in the form of document.py")
    one_of.add_argument(
        "--change",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="what `pulumi up` would do to the running stack with this setting changed (exit code 2: it is refused)",
    )
    one_of.add_argument("--changes", action="store_true", help="the same for every setting, in a table")
    one_of.add_argument(
        "--permissions", action="store_true", help="what a deployment must be allowed: IAM policies, one a line"
    )
    return parser


def _print(lines: Iterable[str]) -> int:
    try:
        for line in lines:
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Who reads has read enough, as in `| head`; the interpreter's own flush at the end would complain.
        sys.stdout = None
    return 0


def _refuse(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return 2
