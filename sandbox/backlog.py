"""The backlog of a running sandbox: what pipes and delivery streams have not delivered, by their checkpoints."""

from __future__ import annotations

from typing import NamedTuple

from sandbox.faults.client import Faults
from sandbox.firehose.worker import DeliveryStreams
from sandbox.pipes.worker import Pipes
from sandbox.shards import Checkpoint
from sandbox.state import StateDir
from sandbox.unread import Source, UnreadClient


class Backlog(NamedTuple):
    """The number of changes that no pipe has delivered (held-back ones included), and of undelivered records."""

    changes: int
    records: int


def backlog(endpoint_url: str, state: StateDir) -> Backlog:
    """Return the current backlog.

    The changes are counted before the records: without new writes, zero changes and zero records mean that everything
    is delivered, or is a dead letter or under an error prefix.

    Raises:
        CallError, SandboxError: the server does not respond.
    """
    unread = UnreadClient(endpoint_url)
    try:
        pipes, streams = Pipes(endpoint_url, state), DeliveryStreams(endpoint_url, state)
        changes = Faults(endpoint_url).held()
        for name in pipes.listed():
            if pipe := pipes.configuration(name):
                accepted = Checkpoint(state, f"pipes-{pipe.name}", pipe.identity).all()
                changes += unread.ask(Source(pipe.source_arn, accepted, pipe.since)).records
        records = 0
        for name in streams.listed():
            stream = streams.configuration(name)
            accepted = Checkpoint(state, f"firehose-{stream.name}", stream.identity).all()
            records += unread.ask(Source(stream.source_arn, accepted, stream.created_at)).records
    finally:
        unread.close()
    return Backlog(changes, records)
