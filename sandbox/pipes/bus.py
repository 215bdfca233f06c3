"""Put a pipe's batch on its event bus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from sandbox.awsjson import AwsJson
from sandbox.pipes.target import Outgoing, Rejection

# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
MAXIMUM_ENTRIES = 10
MAXIMUM_BYTES = 256 * 1024


class OutgoingEvent(Outgoing, kw_only=True):
    """An event to put: its detail is `data`; a member is None if the pipe's path has no value.

    `partition_key` is the event's id: a bus is unordered, so events after a failed one are not sent again.
    """

    source: str | None
    detail_type: str | None

    @property
    def entry_bytes(self) -> int:
        """The size for PutEvents's limit."""
        return len(self.data) + len(self.source or "") + len(self.detail_type or "")


class _Entry(Struct, frozen=True):
    Source: str
    DetailType: str
    Detail: str
    EventBusName: str


class _Result(Struct, frozen=True):
    ErrorCode: str | None = None
    ErrorMessage: str | None = None


class _Answer(Struct, frozen=True):
    Entries: list[_Result]


class BusTarget:
    """PutEvents to one bus, in as many calls as its limits require."""

    def __init__(self, client: AwsJson, bus_arn: str) -> None:
        self._client = client
        self._bus = bus_arn

    def put(self, records: Sequence[Outgoing]) -> dict[int, Rejection]:
        """Put the events; returns the failures by index.

        An event that would make PutEvents refuse the whole request fails alone.

        Raises:
            CallError: a call failed as a whole; events of earlier calls may have been accepted.
        """
        events = [record for record in records if isinstance(record, OutgoingEvent)]
        failures = {i: failure for i, event in enumerate(events) if (failure := _invalid(event))}
        for indices in _requests(events, failures):
            answer = self._client.call("PutEvents", {"Entries": [self._entry(events[i]) for i in indices]}, _Answer)
            for i, result in zip(indices, answer.Entries, strict=True):
                if result.ErrorCode is not None:
                    failures[i] = Rejection(result.ErrorCode, result.ErrorMessage or "")
        return failures

    def _entry(self, event: OutgoingEvent) -> _Entry:
        return _Entry(event.source or "", event.detail_type or "", event.data.decode(), self._bus)


def _invalid(event: OutgoingEvent) -> Rejection | None:
    if not event.source or not event.detail_type:
        return Rejection("ValidationException", "the pipe's Source or DetailType path has no value in this event")
    if event.entry_bytes > MAXIMUM_BYTES:
        return Rejection("ValidationException", f"the event of {event.entry_bytes} bytes is larger than 256 KB")
    return None


def _requests(events: Sequence[OutgoingEvent], failures: dict[int, Rejection]) -> Iterator[list[int]]:
    indices: list[int] = []
    size = 0
    for i, event in enumerate(events):
        if i in failures:
            continue
        if indices and (len(indices) == MAXIMUM_ENTRIES or size + event.entry_bytes > MAXIMUM_BYTES):
            yield indices
            indices, size = [], 0
        indices.append(i)
        size += event.entry_bytes
    if indices:
        yield indices
