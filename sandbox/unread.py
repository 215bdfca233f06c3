"""A worker's backlog: the records that it has not accepted, counted by the server.

A worker only has the records that it has read. The server stores the streams, and returns the backlog for a stream and
the accepted position of each shard (`sandbox.front.unread`).
"""

from __future__ import annotations

import time

import msgspec

from sandbox.awsjson import CallError, HttpClient, service_error

PATH = "/_sandbox/unread"


class Source(msgspec.Struct, frozen=True):
    """A stream (its ARN) and the last accepted sequence number by shard.

    `since` (epoch seconds) is the time from which records are read, None for the oldest record.
    """

    stream: str
    accepted: dict[str, str]
    since: float | None = None


class Unread(msgspec.Struct, frozen=True):
    """The number of records that are not accepted, and the arrival time of the oldest (epoch seconds)."""

    records: int = 0
    oldest_s: float | None = None


class UnreadClient:
    """A client of the server. Not thread-safe."""

    def __init__(self, endpoint_url: str) -> None:
        self._http = HttpClient(endpoint_url, timeout_s=5.0)

    def ask(self, source: Source) -> Unread:
        """Return the unaccepted records of a source.

        Raises:
            CallError: the server does not respond.
        """
        response = self._http.request("POST", PATH, msgspec.json.encode(source))
        try:
            return msgspec.json.decode(response.body, type=Unread)
        except msgspec.DecodeError as error:
            raise service_error(response) from error

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def counters(self, source: Source) -> dict[str, int]:
        """`backlog` in records and `lag_ms`, the age of the oldest; empty if the server does not respond."""
        try:
            unread = self.ask(source)
        except CallError:
            return {}
        lag_s = 0.0 if unread.oldest_s is None else max(0.0, time.time() - unread.oldest_s)
        return {"backlog": unread.records, "lag_ms": int(lag_s * 1000)}
