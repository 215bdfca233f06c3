"""The outputs of a deployed stack, from the Pulumi CLI."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import msgspec

from stack.commandline import UserError
from stack.installation import program
from stack.outputs import NAMES

_TIMEOUT_S = 120
_ELSE = "give the names as options, or use the sandbox (`python -m sandbox up`)"


def stack_outputs(stack: str, project: Path | None = None) -> dict[str, str]:
    """Return the outputs of `stack` that the tools use, from `pulumi stack output --json`.

    `project` is the directory of Pulumi.yaml, by default that of `stack.installation`. Raises UserError when the CLI is
    missing or not logged in, when the stack does not exist, or when the stack has no outputs.
    """
    project = project or program()
    executable = shutil.which("pulumi")
    if executable is None:
        raise UserError(_without_cli(stack, project))
    command = [executable, "stack", "output", "--json", "--non-interactive", "--stack", stack]
    try:
        result = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)  # noqa: S603 - no shell, and the CLI the user installed
    except subprocess.TimeoutExpired:
        raise UserError(
            f"The Pulumi CLI did not answer within {_TIMEOUT_S} s: try `pulumi stack --stack {stack}`."
        ) from None
    if result.returncode != 0:
        raise UserError(_failure(stack, result.stderr or result.stdout))
    try:
        outputs = msgspec.json.decode(result.stdout, type=dict[str, object])
    except msgspec.MsgspecError:
        raise UserError(f"`{' '.join(command)}` did not print JSON: update the Pulumi CLI.") from None
    known = {name: value for name in NAMES if isinstance(value := outputs.get(name), str) and value}
    if not known:
        raise UserError(f"Stack {stack!r} has no outputs: deploy it with `pulumi up --stack {stack}`.")
    return known


def _without_cli(stack: str, project: Path) -> str:
    configured = sorted(path.name.split(".")[1] for path in project.glob("Pulumi.*.yaml"))
    if configured and stack not in configured:
        return f"There is no stack {stack!r}: this project configures {', '.join(configured)}."
    return (
        f"Stack {stack!r} has outputs that only the Pulumi CLI can read, and it is not on the PATH: install it "
        f"(https://www.pulumi.com/docs/install/), {_ELSE}."
    )


def _failure(stack: str, answer: str) -> str:
    """Return the sentence for the CLI's error output.

    It recognises these texts of pulumi/pulumi: "no stack named 'x' found", and "PULUMI_ACCESS_TOKEN must be set for
    login during non-interactive CLI sessions".
    """
    lines = [line.strip() for line in answer.splitlines() if line.strip()]
    reason = next((line.removeprefix("error: ") for line in lines if line.startswith("error: ")), " ".join(lines[-1:]))
    if "no stack named" in reason or "not found" in reason:
        return f"There is no stack {stack!r}: `pulumi stack ls` lists the stacks."
    if "PULUMI_ACCESS_TOKEN" in reason or "login" in reason or "logged in" in reason:
        return "The Pulumi CLI is not logged in: run `pulumi login`."
    return f"The Pulumi CLI could not read the outputs of stack {stack!r}: {reason.rstrip('.')}."
