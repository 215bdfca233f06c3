"""When rows can be queried: Athena reads the objects under the change log's prefix, so a row can be from the moment on
at which its object is in the bucket.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import duckdb

from benchmarks.sandbox.builds import Running

_POLL_S = 0.1
_QUIET_S = 2.5
_STALLED_S = 60.0

Change = tuple[str, str]
"""An order's key and its kind of change."""


class Seen(NamedTuple):
    """An object of rows, and when it was first listed (epoch seconds)."""

    key: str
    at_s: float


@dataclass
class Lake:
    """The change log's objects. `known` are those that have been listed."""

    sandbox: Running
    known: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        self._s3: Any = self.sandbox.client("s3")
        self._place = {"Bucket": self.sandbox.outputs["bucket_name"]}
        self._prefix = f"{self.sandbox.outputs['change_log_name']}/"
        self.new()

    def new(self) -> list[Seen]:
        """Return the objects that were not listed before."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(**self._place, Prefix=self._prefix)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        at_s = time.time()
        found = [Seen(key, at_s) for key in keys if key not in self.known]
        self.known.update(keys)
        return found

    def rows(self, key: str) -> list[Change]:
        """Return the changes in a Parquet object."""
        with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
            file.write(self._s3.get_object(**self._place, Key=key)["Body"].read())
            file.flush()
            # Not the module's own connection: loads on two sandboxes at a time are two threads.
            with duckdb.connect() as connection:
                return connection.execute("SELECT order_id, op FROM read_parquet(?)", [file.name]).fetchall()

    def drained_s(self, expected: AbstractSet[Change]) -> float:
        """Wait until every expected change has a row; return the time of the last object (epoch seconds).

        Firehose then writes its checkpoint, whose observation costs the server nothing. The rows are read afterwards.

        Raises: RuntimeError: no new row has arrived for a minute.
        """
        missing = set(expected)
        last_s = time.time()
        while True:
            checkpoint_s = self._checkpoint_s()
            if time.time() - max(checkpoint_s, last_s) > _QUIET_S:
                for seen in self.new():
                    missing.difference_update(self.rows(seen.key))
                if not missing:
                    return checkpoint_s
                if time.time() - max(checkpoint_s, last_s) > _STALLED_S:
                    raise RuntimeError(f"{len(missing)} changes have not arrived in the lake.")
            time.sleep(_POLL_S)

    def _checkpoint_s(self) -> float:
        files = (self.sandbox.state / "checkpoints").glob("firehose-*.json")
        return max((file.stat().st_mtime for file in files), default=0.0)


class Watch:
    """Lists new objects a few times a second in a separate thread, and reads them afterwards."""

    def __init__(self, sandbox: Running) -> None:
        self._lake = Lake(sandbox)
        self._objects: list[Seen] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def queryable_s(self, expected: AbstractSet[Change]) -> dict[Change, float]:
        """Wait until every expected change has a row; return when each was first readable (epoch seconds).

        Raises: RuntimeError: no new row has arrived for a minute.
        """
        found: dict[Change, float] = {}
        read, changed_s = 0, time.time()
        while not found.keys() >= expected:
            count = len(self._objects)
            changed_s = self._objects[-1].at_s if count else changed_s
            if count > read and time.time() - changed_s > _QUIET_S:
                for seen in self._objects[read:count]:
                    for row in self._lake.rows(seen.key):
                        found.setdefault(row, seen.at_s)
                read = count
            if time.time() - changed_s > _STALLED_S:
                raise RuntimeError(f"{len(expected - found.keys())} changes have not arrived in the lake.")
            time.sleep(_POLL_S)
        return found

    def close(self) -> None:
        """Stop listing."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_POLL_S):
            self._objects += self._lake.new()
