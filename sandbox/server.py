"""The sandbox's server process: the AWS APIs on one loopback port."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from granian.constants import Interfaces
from granian.server.embed import Server

from sandbox.state import ACCOUNT_ID, DEFAULT_PORT, StateDir, Stop, log_to_stderr, region

log = logging.getLogger(__name__)

HOST = "127.0.0.1"

# A client with many waiting calls, such as a Lambda's caller, must not block others.
_CONCURRENT_CALLS = 4096


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; server.json has the address meanwhile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port to listen on (default: %(default)s)")
    parser.add_argument("--state-dir", type=Path, required=True, help="the sandbox's state directory")
    arguments = parser.parse_args(argv)
    log_to_stderr()
    state = StateDir(arguments.state_dir)
    _keep_files_in(state)
    _configure_moto(arguments.port)
    import uvloop

    uvloop.run(serve(arguments.port, state, Stop()))


async def serve(port: int, state: StateDir, stop: Stop) -> None:
    """Serve until the stop is requested."""
    from sandbox.front.app import Front  # imports moto, which reads its settings from the environment
    from sandbox.front.expiry import expire_items

    front = Front(HOST, port, state)
    server = Server(
        front,
        address=HOST,
        port=port,
        interface=Interfaces.ASGINL,
        websockets=False,
        backlog=1024,
        backpressure=_CONCURRENT_CALLS,
        log_enabled=False,
    )

    def end() -> None:
        front.end_subscriptions()
        server.stop()

    asyncio.get_running_loop().add_reader(stop.fileno(), end)
    url = f"http://{HOST}:{port}"
    server.on_startup(lambda: log.info("listening at %s", url))
    description = {"endpoint_url": url, "host": HOST, "port": port, "pid": os.getpid(), "region": region()}
    server.on_startup(lambda: state.write_json("server.json", description))
    expiry = asyncio.create_task(expire_items())
    try:
        await server.serve()
    finally:
        expiry.cancel()
        await front.close()
        (state.path / "server.json").unlink(missing_ok=True)
        log.info("stopped")


def _keep_files_in(state: StateDir) -> None:
    """Put temporary files, of large objects and of long streams, in the state directory, where a restart finds them
    after SIGKILL.
    """
    directory = state.path / "tmp"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    tempfile.tempdir = str(directory)


def _configure_moto(port: int) -> None:
    os.environ["MOTO_ACCOUNT_ID"] = ACCOUNT_ID
    os.environ["MOTO_PORT"] = str(port)
    # Otherwise any page in the user's browser could read the sandbox's data.
    os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"


if __name__ == "__main__":
    main()
