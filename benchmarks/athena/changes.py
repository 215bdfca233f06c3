"""A change log of orders as Firehose writes it: Parquet files in a directory for each hour."""

from __future__ import annotations

from pathlib import Path

import duckdb

from transform.schema import TABLE

PARTITION = "arrival_hour"
_FILE_ROWS = 20_000
_FILES_AN_HOUR = 10
_CHANGES_AN_ORDER = 3
_TYPES = {"string": "VARCHAR", "int": "INTEGER"}
_STATUSES = "['placed', 'paid', 'shipped', 'delivered', 'cancelled', 'returned']"
_VALUES = {
    "event_id": "md5(i::VARCHAR)",
    "op": "CASE WHEN step = 0 THEN 'INSERT' WHEN hash(i) % 20 = 0 THEN 'REMOVE' ELSE 'MODIFY' END",
    "sequence": "lpad(i::VARCHAR, 53, '0')",
    "order_id": "md5('order' || number)",
    "status": f"{_STATUSES}[1 + (step + hash(number) % 4)::INTEGER]",
    "region": "['AMER', 'EMEA', 'APAC', 'LATAM'][1 + (hash(number) % 4)::INTEGER]",
    "channel": "['web', 'mobile', 'store', 'marketplace', 'phone'][1 + (hash(number + 1) % 5)::INTEGER]",
    "currency": "['EUR', 'USD', 'JPY', 'BRL'][1 + (hash(number) % 4)::INTEGER]",
    "ordered_at": "TIMESTAMP '2026-03-01' + to_seconds(number)",
    "after": """'{"note": {"S": "' || repeat(md5(i::VARCHAR), 12) || '"}}'""",
}
"""DuckDB's SQL of the columns that the queries read, from a change's number `i` and its order's `number` and `step`."""
_BY_TYPE = {
    "string": "md5(number::VARCHAR)[:12]",
    "boolean": "hash(i) % 10 = 0",
    "timestamp": "TIMESTAMP '2026-03-01' + to_seconds(i)",
}


def write(directory: Path, changes: int) -> list[Path]:
    """Write this many changes, three per order, with random access over the whole log; return the files."""
    database = duckdb.connect()
    files: list[Path] = []
    orders = max(1, changes // _CHANGES_AN_ORDER)
    columns = ", ".join(
        f"CAST({_value(c.name, c.type)} AS {_TYPES.get(c.type, c.type)}) AS {c.name}" for c in TABLE.change_log_columns
    )
    for number, start in enumerate(range(0, changes, _FILE_ROWS)):
        hour = directory / f"{PARTITION}=2026-03-01-{number // _FILES_AN_HOUR % 24:02d}"
        hour.mkdir(parents=True, exist_ok=True)
        path = hour / f"{number:05d}.parquet"
        end = min(changes, start + _FILE_ROWS)
        numbered = (
            f"(FROM range({start}, {end}) AS t(i) SELECT i, i % {orders} AS number, least(2, i // {orders}) AS step)"
        )
        database.execute(f"COPY (FROM {numbered} SELECT {columns}) TO '{path}' (FORMAT parquet)")
        files.append(path)
    return files


def _value(name: str, type_: str) -> str:
    return _VALUES.get(name) or _BY_TYPE.get(type_, "hash(i) % 100000")
