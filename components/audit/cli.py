"""Check a stack against the rules, or list the rules.

    python -m components.audit --stack prod
    python -m components.audit --rules

Nothing is deployed and AWS is not called. Exit code 1 when a rule is violated, 2 and one sentence when the stack cannot
be read.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pulumi

from components.audit import RULES, violations
from components.explain import stacks
from components.explain.cli import load
from stack.installation import program


def main(arguments: list[str] | None = None, root: Path | None = None) -> int:
    """Print a stack's violations, or all rules; see the module's docstring for the exit code."""
    root = root or program()
    parser = argparse.ArgumentParser(prog="python -m components.audit", description=(__doc__ or "").partition("\n")[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--stack", help="the stack: Pulumi.<stack>.yaml")
    what.add_argument("--rules", action="store_true", help="every rule, with its source")
    parser.add_argument(
        "--config",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a setting; may be repeated",
    )
    chosen = parser.parse_args(arguments)
    if chosen.rules:
        sys.stdout.writelines(f"{rule.id}  {rule.says}\n    {rule.source}\n" for rule in RULES)
        return 0
    if chosen.stack not in stacks.names(root):
        sys.stderr.write(f"There is no stack {chosen.stack!r}: the stacks are {', '.join(stacks.names(root))}.\n")
        return 2
    try:
        graph, settings = load(root, chosen.stack, chosen.config)
    except pulumi.RunError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    found = list(violations(graph, settings))
    for violation in found:
        name = violation.urn.rpartition("::")[2]
        sys.stdout.write(f"{name}: {violation.rule.says}\n    {violation.rule.id}, {violation.rule.source}\n")
    sys.stdout.write(f"{len(RULES)} rules, {len(graph.resources)} resources, {len(found)} violations.\n")
    return 1 if found else 0
