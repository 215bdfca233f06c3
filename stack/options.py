"""The common command-line options that name the pipeline."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from stack.outputs import NAMES, StackOutputs, option
from stack.resolve import resolve
from stack.sandbox import DEFAULT_STATE_DIR, STATE_DIR_VARIABLE

_HELP = {
    "region": "AWS region (default: the stack's, or that of the AWS configuration)",
    "endpoint_url": "endpoint of the AWS calls, if it is not AWS",
    "table_name": "DynamoDB table",
    "database_name": "Glue database",
    "view_name": "view of the current state",
    "change_log_name": "table of all changes",
    "workgroup_name": "Athena workgroup",
    "delivery_stream_name": "Firehose delivery stream",
}


def add_options(parser: ArgumentParser, *names: str) -> None:
    """Add `--stack`, `--state-dir`, and an option for each output in `names`, for the region and for endpoint_url.

    `resolve_options` reads them back.
    """
    group = parser.add_argument_group(
        "the pipeline", "Taken from these options, then from --stack, then from the running sandbox."
    )
    group.add_argument("--stack", metavar="NAME", help="read the remaining names from this Pulumi stack's outputs")
    for name in (*names, "region", "endpoint_url"):
        metavar = "URL" if name == "endpoint_url" else "NAME"
        group.add_argument(option(name), dest=name, metavar=metavar, help=_HELP.get(name, name.replace("_", " ")))
    group.add_argument(
        "--state-dir",
        type=Path,
        metavar="DIR",
        help=f"the sandbox's state directory (default: ${STATE_DIR_VARIABLE} or {DEFAULT_STATE_DIR})",
    )


def resolve_options(arguments: Namespace) -> StackOutputs:
    """Call `resolve` with the options that `add_options` added."""
    given = {name: getattr(arguments, name, None) for name in NAMES}
    return resolve(arguments.stack, arguments.state_dir, **given)
