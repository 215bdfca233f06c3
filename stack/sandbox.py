"""A sandbox on this machine, found by its state directory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from stack.outputs import NAMES

DEFAULT_STATE_DIR = ".sandbox"
STATE_DIR_VARIABLE = "SANDBOX_STATE_DIR"
_HEALTH_PATH = "/_sandbox/health"
_HEALTH_TIMEOUT_S = 3.0

_T = TypeVar("_T")


class _Server(msgspec.Struct):
    endpoint_url: str


class _Deployment(msgspec.Struct):
    stack: str | None


def find(state_dir: Path | None = None) -> dict[str, str] | str:
    """Return the outputs of the running sandbox, or a sentence with the reason why they are unavailable."""
    directory = state_dir or Path(os.environ.get(STATE_DIR_VARIABLE) or DEFAULT_STATE_DIR)
    command = "python -m sandbox up"
    if directory != Path(DEFAULT_STATE_DIR):
        command += f" --state-dir {directory}"
    server = _read(directory / "server.json", _Server)
    if server is None or not _healthy(server.endpoint_url):
        return (
            f"The sandbox is not running: start it with `{command}`, "
            "name a deployed stack with --stack NAME, or give the names as options."
        )
    deployment = _read(directory / "deployment.json", _Deployment)
    if deployment is not None and deployment.stack is None:
        return (
            "The sandbox is running and was started empty: name the stack that was deployed into it with --stack NAME, "
            "or give the names as options."
        )
    outputs = _read(directory / "outputs.json", dict[str, object])
    if outputs is None:
        return f"The sandbox is running but nothing is deployed to it yet: wait for `{command}`, or run it again."
    known = {name: value for name in NAMES if isinstance(value := outputs.get(name), str) and value}
    return known | {"endpoint_url": server.endpoint_url}


def _read(path: Path, type_: type[_T]) -> _T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=type_)
    except (FileNotFoundError, NotADirectoryError, msgspec.MsgspecError):
        return None


def _healthy(endpoint_url: str) -> bool:
    # A tenth of the start of what needs no sandbox: `--help`, the comparison of reports, the load generator's workers.
    from http.client import HTTPConnection, HTTPException

    address = urlsplit(endpoint_url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=_HEALTH_TIMEOUT_S)
    try:
        connection.request("GET", _HEALTH_PATH)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
