"""The cancellation of a query while DuckDB runs it."""

from __future__ import annotations

import threading

import duckdb

_AGAIN_S = 0.05


class QueryCancelledError(Exception):
    """The query was cancelled while it ran."""


class Interruptible:
    """The cancellation handle of a running query; `stop` is thread-safe.

    DuckDB ignores an interrupt without a running statement, so it is repeated until the query ends.
    """

    def __init__(self) -> None:
        self.stopped = False
        self._lock = threading.Lock()
        self._cursor: duckdb.DuckDBPyConnection | None = None

    def attach(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Set the connection to interrupt; raises QueryCancelledError if the query is already cancelled."""
        with self._lock:
            if self.stopped:
                raise QueryCancelledError
            self._cursor = cursor

    def stop(self) -> None:
        """Cancel the query."""
        self.stopped = True
        with self._lock:
            if self._cursor is None:
                return
            self._cursor.interrupt()
        again = threading.Timer(_AGAIN_S, self.stop)
        again.daemon = True
        again.start()

    def detach(self) -> None:
        """Release the connection before it is closed."""
        with self._lock:
            self._cursor = None
