"""The common command-line options that name the pipeline."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from urllib.parse import urlsplit

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
        metavar, type_ = ("URL", _endpoint) if name == "endpoint_url" else ("NAME", str)
        said = _HELP.get(name, name.replace("_", " "))
        group.add_argument(option(name), dest=name, metavar=metavar, type=type_, help=said)
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


def _endpoint(text: str) -> str:
    """Return an endpoint that botocore takes. Raises: ArgumentTypeError: botocore refuses it."""
    try:
        parts = urlsplit(text)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of the port
        valid = False
    if not valid:
        raise ArgumentTypeError(f"{text!r} is not an endpoint: write it as https://host or http://host:port")
    return text
