"""One contender in a separate process: a checkout's Athena, or DuckDB alone; it runs one query per input line.

    PYTHONPATH=CHECKOUT python worker.py sandbox|duckdb FILES

The first line describes the tables (`log`, `columns`, `partition`, `view`, `sql`, `view_columns`); the response `{}`
means ready. The others are `{"sql"}`, and the response has the elapsed seconds, the processor seconds and the rows. It
imports from a checkout only a module that every commit has: `tests.athena_lake`.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Query = Callable[[str], int]


def main() -> None:
    """Run the process."""
    kind, files = sys.argv[1], Path(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="bench-athena-") as directory:
        described = json.loads(sys.stdin.readline())
        query = (_sandbox if kind == "sandbox" else _duckdb)(Path(directory), files, described)
        _say({})
        for line in sys.stdin:
            sql = json.loads(line)["sql"]
            began_s, processors_s = time.perf_counter(), time.process_time()
            rows = query(sql)
            _say(
                {
                    "elapsed_s": time.perf_counter() - began_s,
                    "processors_s": time.process_time() - processors_s,
                    "rows": rows,
                }
            )


def _sandbox(directory: Path, files: Path, described: dict[str, Any]) -> Query:
    """A checkout's planner, store and writer of results over a catalogue and objects in memory."""
    from sandbox.athena.catalogue import CataloguePartition, Storage
    from tests.athena_lake import Lake

    lake = Lake(directory)
    log, partition = described["log"], described["partition"]
    lake.table(log, described["columns"], [partition], storage=Storage(f"s3://lake/{log}/", "parquet", {}))
    lake.view(described["view"], described["sql"], described["view_columns"])
    hours = sorted(path.name for path in files.iterdir())
    lake.catalogue.parts[log] = [
        CataloguePartition((name.partition("=")[2],), Storage(f"s3://lake/{log}/{name}/", "parquet", {}))
        for name in hours
    ]
    for path in sorted(files.glob("*/*.parquet")):
        lake.objects.put("lake", f"{log}/{path.parent.name}/{path.name}", path.read_bytes())
    listed = {f"{log}/{name}/": lake.objects.list("lake", f"{log}/{name}/") for name in hours}
    everything = [item for items in listed.values() for item in items]

    def listing(bucket: str, prefix: str, after: str = "") -> list[Any]:  # noqa: ARG001 - the method's parameter
        found = listed.get(prefix)
        if found is None:
            found = [item for item in everything if item.key.startswith(prefix)]
        return [item for item in found if item.key > after] if after else found

    # An object's ETag is not part of a query's cost, but the lake in memory computes it for each listing.
    lake.objects.list = listing
    return lambda sql: lake.run(sql).rows


def _duckdb(directory: Path, files: Path, described: dict[str, Any]) -> Query:
    """DuckDB over the Parquet files themselves, with the sandbox's threads and memory, and a CSV file as result."""
    import duckdb

    database = duckdb.connect(config={"threads": 2, "memory_limit": "2GB"})
    source = f"read_parquet('{files}/*/*.parquet', hive_partitioning = true)"
    database.execute(f'CREATE VIEW "{described["log"]}" AS FROM {source}')
    database.execute(f'CREATE VIEW "{described["view"]}" AS {described["sql"]}')

    def query(sql: str) -> int:
        written = database.execute(f"COPY ({sql}) TO '{directory / 'result.csv'}' (FORMAT csv)").fetchone()
        return written[0] if written else 0

    return query


def _say(message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
