"""When rows can be queried: Athena reads the objects under the change log's prefix, so a row can be from the moment on
at which its object is listed.
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
_AGAIN = 8
_QUIET_S = 2.5
_STALLED_S = 30.0


class Seen(NamedTuple):
    """An object of rows, and when it was first listed (epoch seconds)."""

    key: str
    at_s: float


@dataclass
class Watch:
    """Lists the change log's objects ten times a second, in its own thread, and reads them afterwards."""

    sandbox: Running
    objects: list[Seen] = field(default_factory=list[Seen])

    def __post_init__(self) -> None:
        self._s3: Any = self.sandbox.client("s3")
        self._place = {"Bucket": self.sandbox.outputs["bucket_name"]}
        self._prefix = f"{self.sandbox.outputs['change_log_name']}/"
        self._known = set(self._listed(""))
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def rows(self, expected: AbstractSet[tuple[str, str]]) -> dict[tuple[str, str], float]:
        """Wait until every expected change has a row; when each could first be queried (epoch seconds).

        Objects are read only while none comes, so that reading does not disturb what is measured.

        Raises:
            RuntimeError: nothing new has come for half a minute.
        """
        found: dict[tuple[str, str], float] = {}
        read, changed_s = 0, time.monotonic()
        while not found.keys() >= expected:
            count = len(self.objects)
            if count > read and time.time() - self.objects[-1].at_s > _QUIET_S:
                self._list("")
                for seen in self.objects[read:count]:
                    for row in self._read(seen.key):
                        found.setdefault(row, seen.at_s)
                read = count
            changed_s = time.monotonic() if count > read else changed_s
            if time.monotonic() - changed_s > _STALLED_S:
                raise RuntimeError(f"{len(expected - found.keys())} changes have not arrived in the lake.")
            time.sleep(_POLL_S)
        return found

    def close(self) -> None:
        """Stop listing."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_POLL_S):
            # An object's name has the time of its oldest record, so a new one is rarely far from the end: listing
            # from there costs the server little, and what it misses is listed when none comes.
            self._list(sorted(self._known)[-_AGAIN] if len(self._known) > _AGAIN else "")

    def _list(self, after: str) -> None:
        keys = self._listed(after)
        at_s = time.time()
        with self._lock:
            self.objects += [Seen(key, at_s) for key in keys if key not in self._known]
            self._known.update(keys)

    def _listed(self, after: str) -> list[str]:
        place = self._place | ({"StartAfter": after} if after else {})
        pages = self._s3.get_paginator("list_objects_v2").paginate(**place, Prefix=self._prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", ())]

    def _read(self, key: str) -> list[tuple[str, str]]:
        """The rows of a Parquet object: each change's key and kind."""
        with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
            file.write(self._s3.get_object(**self._place, Key=key)["Body"].read())
            file.flush()
            return duckdb.execute("SELECT order_id, op FROM read_parquet(?)", [file.name]).fetchall()
