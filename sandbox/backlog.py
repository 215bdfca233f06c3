"""What the pipes and delivery streams of a running sandbox have not delivered, by their checkpoints."""

from __future__ import annotations

from typing import NamedTuple

from sandbox.faults.client import Faults
from sandbox.firehose.worker import DeliveryStreams
from sandbox.pipes.worker import Pipes
from sandbox.shards import Checkpoint
from sandbox.state import StateDir
from sandbox.unread import Source, UnreadClient


class Backlog(NamedTuple):
    """Changes that no pipe has delivered (with those that a fault holds back), and records that no delivery stream has
    delivered.
    """

    changes: int
    records: int


def backlog(endpoint_url: str, state: StateDir) -> Backlog:
    """The backlog now. First the changes are counted, then the records: without new writes, zero changes and zero
    records mean that everything is delivered, or is a dead letter or under an error prefix.

    Raises:
        CallError, SandboxError: the server does not answer.
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
