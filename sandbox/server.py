"""The sandbox's server process: the AWS APIs on one loopback port."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sandbox.garbage import collect_rarely
from sandbox.http1.server import HttpServer
from sandbox.state import ACCOUNT_ID, DEFAULT_PORT, StateDir, StopSignal, log_to_stderr, region

if TYPE_CHECKING:
    from sandbox.front.saving.saving import Recovered

log = logging.getLogger(__name__)

HOST = "127.0.0.1"


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; in the meantime server.json has the address."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port to listen on (default: %(default)s)")
    parser.add_argument("--state-dir", type=Path, required=True, help="the sandbox's state directory")
    parser.add_argument("--sync", action="store_true", help="reply only when a change is on the disk")
    arguments = parser.parse_args(argv)
    log_to_stderr()
    # Nothing is garbage yet, and the start creates some million objects.
    gc.disable()
    state = StateDir(arguments.state_dir)
    _keep_files_in(state)
    configure_moto(arguments.port)
    import uvloop

    uvloop.run(serve(arguments.port, state, StopSignal(), sync=arguments.sync))


async def serve(port: int, state: StateDir, stop: StopSignal, *, sync: bool = False) -> None:
    """Serve until the stop is requested, with the state of the state directory's previous server."""
    from sandbox.front.app import Front  # imports moto, which reads its settings from the environment
    from sandbox.front.expiry import expire_items
    from sandbox.front.monitoring import keep_counting
    from sandbox.front.saving.upkeep import keep_up

    try:
        front = Front(HOST, port, state, sync=sync)
    except Exception as error:
        log.exception("the files in %s cannot be read", state.path)
        forget = "`python -m sandbox down --forget` deletes them"
        raise SystemExit(
            f"the files in {state.path} cannot be read: {type(error).__name__}: {error}; {forget}"
        ) from None
    server = HttpServer(front, HOST, port, state.socket("http2"))

    def end() -> None:
        front.end_waiting()
        server.stop()

    asyncio.get_running_loop().add_reader(stop.fileno(), end)
    url = f"http://{HOST}:{port}"
    description = {"endpoint_url": url, "host": HOST, "port": port, "pid": os.getpid(), "region": region()}
    tasks = [asyncio.create_task(expire_items()), asyncio.create_task(keep_up(front.saving))]
    tasks.append(asyncio.create_task(keep_counting(front.evaluate_alarms)))
    try:
        await server.listen()
        log.info("listening at %s", url)
        _report(state, front.saving.recovered)
        state.write_json("server.json", description)
        collect_rarely()
        await server.serve()
    finally:
        for task in tasks:
            task.cancel()
        await front.close()
        (state.path / "server.json").unlink(missing_ok=True)
        log.info("stopped")


def _report(state: StateDir, recovered: Recovered) -> None:
    """Report what was recovered, also to `up` and `status`."""
    counts = msgspec.structs.asdict(recovered)
    found: dict[str, int] = {}
    if any(count for name, count in counts.items() if name != "ms"):
        found = {f"recovered_{name}": count for name, count in counts.items()}
        log.info("recovered %s", ", ".join(f"{count} {name}" for name, count in counts.items()))
    state.write_json(state.status / "server.json", {"process": "server", "pid": os.getpid(), **found})


def _keep_files_in(state: StateDir) -> None:
    """Put temporary files, of large objects and long streams, in the state directory.

    There a restart finds them after SIGKILL.
    """
    directory = state.path / "tmp"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    tempfile.tempdir = str(directory)


def configure_moto(port: int) -> None:
    """Set moto's environment variables, most of which it reads when it is imported."""
    os.environ["MOTO_ACCOUNT_ID"] = ACCOUNT_ID
    os.environ["MOTO_PORT"] = str(port)
    # Otherwise any page in the user's browser could read the sandbox's data.
    os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"


if __name__ == "__main__":
    main()
