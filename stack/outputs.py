"""The stack's outputs, by which tools find the deployed pipeline."""

from __future__ import annotations

from msgspec import Struct

from stack.commandline import UserError


class StackOutputs(Struct, frozen=True, kw_only=True):
    """The stack's outputs, each a name, an ARN or a URL; None where it is unknown.

    A stack has `event_bus_name` and `event_queue_url` only with `eventFanout`, and `merge_machine_arn` only with
    `mergeIntervalMinutes`. With `captureMode` native it has no Pipes, and so no outputs for them, their function and
    their queue.

    `endpoint_url` is the endpoint of the AWS calls; None means AWS. `origin` names the source of the outputs in words:
    "the options", "stack 'dev'", "the sandbox".
    """

    origin: str
    region: str | None = None
    endpoint_url: str | None = None
    table_name: str | None = None
    table_arn: str | None = None
    stream_arn: str | None = None
    stream_name: str | None = None
    pipe_name: str | None = None
    large_pipe_name: str | None = None
    shorten_function_name: str | None = None
    delivery_stream_name: str | None = None
    function_name: str | None = None
    bucket_name: str | None = None
    database_name: str | None = None
    change_log_name: str | None = None
    view_name: str | None = None
    workgroup_name: str | None = None
    dead_letter_queue_url: str | None = None
    dashboard_name: str | None = None
    event_bus_name: str | None = None
    event_queue_url: str | None = None
    merge_machine_arn: str | None = None

    def require(self, name: str) -> str:
        """Return the output called `name`. Raises: UserError: it is unknown."""
        value: str | None = getattr(self, name)
        if value is None:
            raise UserError(
                f"{name} is not known from {self.origin}: give {option(name)}, name a deployed stack with --stack, "
                "or start the sandbox with `python -m sandbox up`."
            )
        return value


NAMES = tuple(name for name in StackOutputs.__struct_fields__ if name != "origin")
SANDBOX = "the sandbox"


def option(name: str) -> str:
    """Return the command-line option that sets an output: table_name → --table, endpoint_url → --endpoint-url."""
    return "--" + name.removesuffix("_name").replace("_", "-")
