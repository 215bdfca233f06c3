from __future__ import annotations

import duckdb
import pytest

from sandbox.athena.interruption import Interruptible, QueryCancelledError

# Some ten seconds of work.
LONG = "SELECT count(*) FROM range(40000) AS a(x), range(40000) AS b(y) WHERE sqrt(x) + sqrt(y) = -1"


def test_a_stop_just_before_a_statement_begins_still_ends_it() -> None:
    hold = Interruptible()
    with duckdb.connect() as connection:
        hold.attach(connection)
        hold.stop()
        try:
            with pytest.raises(duckdb.InterruptException):
                connection.execute(LONG).fetchall()
        finally:
            hold.detach()


def test_what_is_stopped_before_it_has_a_connection_does_not_begin() -> None:
    hold = Interruptible()
    hold.stop()
    with duckdb.connect() as connection, pytest.raises(QueryCancelledError):
        hold.attach(connection)


def test_a_connection_is_left_alone_once_the_query_is_over() -> None:
    hold = Interruptible()
    with duckdb.connect() as connection:
        hold.attach(connection)
        hold.detach()
        hold.stop()
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
