"""A change log of any length in a sandbox, and a plain table of the remaining orders, for the cost of queries."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from components import view
from lake.athena import Athena
from lake.clients import client
from stack import StackOutputs
from transform.schema import ENVELOPE, IMAGES, TABLE

PLAIN = "orders_plain"
TODAY = "orders_by_the_log"
_OBJECT_ROWS = 500_000
_HOURS = 40
"""How long before now the history ends, so that a merge's overlap of 26 hours excludes it."""
_TYPES = {"string": "VARCHAR", "int": "INTEGER"}


class History:
    """The change log of a sandbox: each round changes every order once, the first one inserts it."""

    def __init__(self, outputs: StackOutputs, orders: int) -> None:
        self._orders, self._rounds = orders, 0
        self._s3, self._bucket = client("s3", outputs), outputs.require("bucket_name")
        self._athena = Athena(
            client("athena", outputs), outputs.require("workgroup_name"), outputs.require("database_name")
        )
        self._start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)

    @property
    def changes(self) -> int:
        """The number of changes."""
        return self._orders * self._rounds

    def prepare(self) -> None:
        """Create the view that reads the log alone, and the plain table of the orders."""
        self._athena.query(f"CREATE OR REPLACE VIEW {TODAY} AS {view.current_state(TABLE).sql}")
        self._athena.query(f"CREATE TABLE {PLAIN} WITH (format = 'PARQUET') AS SELECT * FROM {TODAY}")  # noqa: S608 - names

    def grow(self, rounds: int) -> None:
        """Change every order in further rounds, up to this number of rounds."""
        while self._rounds < rounds:
            at = self._start - timedelta(hours=_HOURS + (1000 - self._rounds) % 1000)
            self._write(self._rounds, 0, self._orders, at)
            self._rounds += 1

    def change(self, count: int) -> None:
        """Change some orders now."""
        self._write(self._rounds, 0, count, datetime.now(UTC))

    def _write(self, number: int, first: int, end: int, at: datetime) -> None:
        database: Any = import_module("duckdb").connect()
        hour = f"{TABLE.change_log}/{view.PARTITION}={at:%Y-%m-%d-%H}"
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "rows.parquet"
            for low in range(first, end, _OBJECT_ROWS):
                sql = _rows(number, low, min(end, low + _OBJECT_ROWS), at)
                database.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")
                name = f"delivery-1-{at:%Y-%m-%d-%H-%M-%S}-{number:06}-{low:09}.parquet"
                self._s3.upload_file(str(path), self._bucket, f"{hour}/{name}")


def _rows(number: int, first: int, end: int, at: datetime) -> str:
    """The rows of one round's changes, with the schema's columns, null where the queries use none."""
    event_id, op, sequence, changed_at = (column.name for column in ENVELOPE)
    before, after = (column.name for column in IMAGES)
    values = {
        "order_id": "printf('order-%09d', i)",
        "version": str(number + 1),
        "status": "['placed', 'paid', 'shipped', 'delivered'][1 + (i + " + str(number) + ") % 4]",
        "customer_id": "printf('c-%06d', i % 50000)",
        "currency": "'EUR'",
        "item_count": "1 + i % 7",
        "total": "(i % 100000) / 100",
        "ordered_at": "TIMESTAMP '2026-01-01' + to_minutes(i % 43200)",
    }
    selected = [
        f"'{number}-' || i AS {event_id}",
        f"'{'MODIFY' if number else 'INSERT'}' AS {op}",
        f"'{number:012d}0{10**39:040d}' AS {sequence}",
        f"TIMESTAMP '{at:%Y-%m-%d %H:%M:%S}' AS {changed_at}",
        *(
            f"CAST({values.get(column.name, 'NULL')} AS {_TYPES.get(column.type, column.type)}) AS {column.name}"
            for column in TABLE.columns
        ),
        f"NULL::VARCHAR AS {before}",
        f"NULL::VARCHAR AS {after}",
    ]
    return f"SELECT {', '.join(selected)} FROM range({first}, {end}) AS numbers (i)"  # noqa: S608 - the schema's names
