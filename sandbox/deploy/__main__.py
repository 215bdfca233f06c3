"""Deploys a stack of the program in this directory to an endpoint, to test the deployer by itself.

python -m sandbox.deploy --endpoint-url http://127.0.0.1:4566 --stack local
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from sandbox.deploy import deploy
from sandbox.state import StateDir
from stack.commandline import Parser, run


def main() -> int:
    """Deploy a stack; print progress to standard error and the outputs as JSON; return 2 if it fails."""
    return run(_main)


def _main() -> int:
    parser = Parser(prog="python -m sandbox.deploy", description="Deploy a stack to an endpoint.")
    parser.add_argument("--endpoint-url", required=True, help="endpoint of the AWS APIs")
    parser.add_argument("--stack", default="local", help="the stack: Pulumi.<stack>.yaml (default: local)")
    parser.add_argument("--program", type=Path, default=Path(), help="the project's directory (default: this one)")
    parser.add_argument("--state-dir", type=Path, help="directory of logs/deploy.log (default: a new directory)")
    arguments = parser.parse_args()
    state = StateDir(arguments.state_dir or tempfile.mkdtemp(prefix="sandbox-"))
    outputs = deploy(arguments.program, arguments.stack, arguments.endpoint_url, state, _progress)
    sys.stdout.write(json.dumps(outputs, indent=2) + "\n")
    return 0


def _progress(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
