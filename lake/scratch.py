"""A temporary SQLite file for data that exceeds memory, deleted when it is closed."""

from __future__ import annotations

import sqlite3

_CACHE_KIB = 32 * 1024


def scratch(schema: str) -> sqlite3.Connection:
    """Open a connection to a new temporary database with the tables of `schema`."""
    database = sqlite3.connect("", isolation_level=None)
    database.executescript(
        f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-{_CACHE_KIB}; {schema}"
    )
    # One transaction that never commits: a commit per row would be ten times as slow.
    database.execute("BEGIN")
    return database
