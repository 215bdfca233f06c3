"""Finds the outputs, in this order: explicit options, `--stack`, a running sandbox."""

from __future__ import annotations

from pathlib import Path

import msgspec

from stack import awsconfig, pulumi, sandbox
from stack.commandline import UserError
from stack.outputs import NAMES, SANDBOX, StackOutputs


def resolve(stack: str | None = None, state_dir: Path | None = None, **overrides: str | None) -> StackOutputs:
    """Find the pipeline.

    `overrides` are outputs given explicitly (`table_name="orders"`; None is not given) and take precedence one by one.
    The others come from the Pulumi stack if one is named, else from the sandbox of `state_dir` if it runs and the
    overrides do not point elsewhere (another endpoint or region).

    Without both, the result is the overrides alone, with the region from the AWS configuration; a missing output is
    then an error only where it is required. Without overrides too, the UserError names the command that starts the
    sandbox and the options.
    """
    unknown = overrides.keys() - set(NAMES)
    if unknown:
        raise TypeError(f"no such stack output: {', '.join(sorted(unknown))}")
    given = {name: value for name, value in overrides.items() if value is not None}
    if stack is not None:
        return _build(f"stack {stack!r}", pulumi.stack_outputs(stack) | given)
    found = sandbox.find(state_dir)
    if isinstance(found, dict) and _agree(found, given):
        return _build(SANDBOX, found | given)
    if not given:
        raise UserError(str(found))
    region = given.get("region") or awsconfig.region()
    return _build("the options", given if region is None else given | {"region": region})


def _agree(found: dict[str, str], given: dict[str, str]) -> bool:
    return all(given.get(name, found.get(name)) == found.get(name) for name in ("endpoint_url", "region"))


def _build(origin: str, values: dict[str, str]) -> StackOutputs:
    return msgspec.convert({"origin": origin} | values, StackOutputs)
