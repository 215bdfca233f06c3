"""Check a stack against the rules, or list the rules.

    python -m components.audit --stack prod
    python -m components.audit --rules

Nothing is deployed and AWS is not called. Exit code 1 when a rule is violated, 2 and one sentence when the stack cannot
be read.
"""

from __future__ import annotations

from pathlib import Path

from components.audit.table import RULES, violations
from components.explain.cli import check_stack, load, refusal
from stack.commandline import Exit, Parser, run
from stack.installation import program
from stack.terminal import write_lines


def main(arguments: list[str] | None = None, root: Path | None = None) -> int:
    """Print a stack's violations, or all rules; see the module's docstring for the exit code."""
    return run(lambda: _main(arguments, root), refusal)


def _main(arguments: list[str] | None, root: Path | None) -> int:
    root = root or program()
    parser = Parser(prog="python -m components.audit", description=(__doc__ or "").partition("\n")[0])
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
        write_lines(*(f"{rule.id}  {rule.says}\n    {rule.source}" for rule in RULES))
        return Exit.OK
    check_stack(root, chosen.stack)
    graph, settings = load(root, chosen.stack, chosen.config)
    found = list(violations(graph, settings))
    for violation in found:
        name = violation.urn.rpartition("::")[2]
        write_lines(f"{name}: {violation.rule.says}\n    {violation.rule.id}, {violation.rule.source}")
    write_lines(f"{len(RULES)} rules, {sum(one.custom for one in graph.resources)} resources, {len(found)} violations.")
    return Exit.NOT_AS_WANTED if found else Exit.OK
