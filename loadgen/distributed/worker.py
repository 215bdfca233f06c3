"""A worker process: carries out one segment by the coordinator's commands, which arrive on a socket.

python -m loadgen.distributed.worker FD
"""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import suppress

from loadgen.distributed import messages
from loadgen.distributed.messages import Done, JobRefused, Prepare, Ready, RowReady, Start
from loadgen.engine import memory
from loadgen.engine.segment import Segment
from loadgen.metrics.counters import MetricsRow
from stack import explain


async def serve(connection: socket.socket) -> None:
    """Carry out the coordinator's commands until the result is sent or the coordinator is gone."""
    reader, writer = await asyncio.open_connection(sock=connection)
    try:
        await _serve(reader, writer)
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        messages.write(writer, JobRefused(sentence))
    finally:
        writer.close()
        with suppress(ConnectionError):  # the coordinator is gone
            await writer.wait_closed()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    command = await messages.read_command(reader)
    if not isinstance(command, Prepare):
        return

    def on_row(row: MetricsRow) -> None:
        messages.write(writer, RowReady(row))

    segment = Segment(command.job, on_row)
    await segment.prepare()
    try:
        memory.tune()
        messages.write(writer, Ready())
        command = await messages.read_command(reader)
        if not isinstance(command, Start):
            return
        # An error of the listener ends the run: without it, a stop would not arrive.
        async with asyncio.TaskGroup() as tasks:
            listener = tasks.create_task(_obey(reader, segment))
            messages.write(writer, Done(await segment.run(command.epoch_ns)))
            listener.cancel()
    finally:
        await segment.close()


async def _obey(reader: asyncio.StreamReader, segment: Segment) -> None:
    """Stop on a command, and immediately when the coordinator is gone."""
    while await messages.read_command(reader) is not None:
        segment.stop()
    segment.stop()
    segment.stop()


def main() -> None:
    """Serve the inherited socket."""
    import uvloop

    uvloop.run(serve(socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    main()
