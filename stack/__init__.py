"""How the tools find the pipeline: explicit options, a Pulumi stack, or a running sandbox.

    outputs = resolve(stack="dev")
    table = outputs.require("table_name")

Modules import boto3 and run commands only when needed, so `--help` starts fast.
"""

from stack.commandline import Exit, Parser, UserError
from stack.credentials import Credentials, credentials
from stack.errors import explain, run
from stack.files import check_distinct, check_writable, save
from stack.installation import ShowVersion, called, program, version
from stack.options import add_options, resolve_options
from stack.outputs import StackOutputs
from stack.resolve import resolve
from stack.terminal import say, write_lines

__all__ = [
    "Credentials",
    "Exit",
    "Parser",
    "ShowVersion",
    "StackOutputs",
    "UserError",
    "add_options",
    "called",
    "check_distinct",
    "check_writable",
    "credentials",
    "explain",
    "program",
    "resolve",
    "resolve_options",
    "run",
    "save",
    "say",
    "version",
    "write_lines",
]
