"""Show a stack's resources, their cost, and the effect of a changed setting.

    python -m components.explain --stack prod
    python -m components.explain --stack prod --change captureMode=native

Nothing is deployed and AWS is not called: the program runs against a recorder. Without an option, it prints one line
per stage; the options below show more.
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
from components.explain.report import StackReport, report
from components.settings import PROJECT, Settings
from stack.commandline import Exit, Parser, UserError, run, user_error
from stack.installation import program
from without_engine.project import stack_names
from without_engine.running import program_at


def main(arguments: list[str] | None = None, root: Path | None = None) -> int:
    """Print the requested output; exit code 2 and one sentence on an error."""
    return run(lambda: _main(arguments, root), refusal)


def refusal(error: BaseException) -> str | None:
    """Return the sentence for a refusal of the program, and for an error that the user can fix."""
    return str(error) if isinstance(error, pulumi.RunError) else user_error(error)


def check_stack(root: Path, stack: str) -> None:
    """Raise UserError unless the project in a directory has this stack."""
    names = stack_names(root)
    if stack not in names:
        raise UserError(f"There is no stack {stack!r}: the stacks are {', '.join(names) or 'none here'}.")


def _main(arguments: list[str] | None, root: Path | None) -> int:
    root = root or program()
    chosen = _parser().parse_args(arguments)
    check_stack(root, chosen.stack)
    if chosen.change:
        return _change(root, chosen.stack, chosen.config, chosen.change)
    _print(_lines(root, chosen))
    return Exit.OK


def load(root: Path, stack: str, changed: Sequence[str] = (), deployed: Graph | None = None) -> tuple[Graph, Settings]:
    """A stack's graph and its settings; raises RunError for what the program refuses.

    `changed` has settings that override the stack's, as KEY=VALUE; `deployed` is the graph of the last update, None for
    a new stack.
    """
    config = {**stacks.config(root, stack), **{f"{PROJECT}:{key}": value for key, value in _pairs(changed).items()}}
    with graph.unbuilt():
        recorded = graph.record(program_at(root), stack, config, outputs=deployed.outputs if deployed else {})
    return recorded, Settings.load(pulumi.Config(PROJECT))


def explained(root: Path, stack: str, changed: Sequence[str] = ()) -> StackReport:
    """The report of a stack, with the prices of its region."""
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
    """Print what an update with the changed settings would do; exit code 2 when it is refused."""
    before, _ = load(root, stack, given)
    now = {**stacks.config(root, stack), **{f"{PROJECT}:{key}": value for key, value in _pairs(given).items()}}
    moved = [Moved(key, now.get(f"{PROJECT}:{key}", ""), value) for key, value in _pairs(wanted).items()]
    try:
        after, _ = load(root, stack, [*given, *wanted], before)
    except pulumi.RunError as refusal:
        _print(change_text.lines(stack, moved, None, str(refusal)))
        return Exit.BAD_INPUT
    found = plan(before, after)
    _print(change_text.lines(stack, moved, found, ""))
    return Exit.BAD_INPUT if found.refused else Exit.OK


def _pairs(changed: Sequence[str]) -> Mapping[str, str]:
    pairs = (one.partition("=") for one in changed)
    return {key: value for key, _, value in pairs}


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m components.explain", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--stack", required=True, help="the stack: Pulumi.<stack>.yaml")
    parser.add_argument(
        "--config",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a setting; may be repeated",
    )
    one_of = parser.add_mutually_exclusive_group()
    one_of.add_argument("--full", action="store_true", help="every resource with its Security Hub controls")
    one_of.add_argument("--inputs", action="store_true", help="every resource with its inputs")
    one_of.add_argument("--json", action="store_true", help="everything as JSON, in the format of document.py")
    one_of.add_argument(
        "--change",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="what `pulumi up` would do to the running stack after a change of this setting (exit code 2: refused)",
    )
    one_of.add_argument("--changes", action="store_true", help="the same for every setting")
    one_of.add_argument(
        "--permissions", action="store_true", help="the permissions to deploy: IAM policies, one per line"
    )
    return parser


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
