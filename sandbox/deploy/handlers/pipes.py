"""EventBridge Pipes."""

from __future__ import annotations

from sandbox.deploy.registry import Created, New, handles

_NAMES = {"includeExecutionDatas": "IncludeExecutionData"}


@handles("aws:pipes/pipe:Pipe")
def pipe(new: New) -> Created:
    """Create a pipe; the provider uses the API's parameter names."""
    name = new.physical_name()
    created = new.create("pipes", "create_pipe", names=_NAMES, Name=name)
    return Created(name, {"name": name, "arn": created["Arn"], "desiredState": created["DesiredState"]})
