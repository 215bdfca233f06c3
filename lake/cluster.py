"""Workers of a Dask cluster that digest parts of a table.

The client uploads the lake to them; what it depends on (boto3, msgspec) must be installed there, and AWS credentials
come from the place where they run, unless the endpoint has its own. A part only reads, so Dask may repeat it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from lake.parts import DigestedPart, TablePart, digest_part
from stack import UserError, cluster

_ROOT = Path(__file__).resolve().parents[1]
_PACKAGES = ("lake", "stack", "transform")


class ClusterWorkers:
    """The workers of the cluster whose scheduler has this address. `close` leaves the cluster as it was."""

    def __init__(self, address: str, *, connect_timeout_s: float = cluster.CONNECT_TIMEOUT_S) -> None:
        """Connect, and send the lake to the workers. Raises: UserError: this is not possible."""
        self._address = address
        self._dask = cluster.dask(address)
        try:
            self._client: Any = self._dask.Client(address, timeout=connect_timeout_s, set_as_default=False)
        except cluster.CONNECT_ERRORS as error:
            raise cluster.no_scheduler(address, error) from None
        try:
            self.count = len(self._client.scheduler_info(n_workers=-1)["workers"])
            if not self.count:
                raise cluster.no_workers(address)
            with TemporaryDirectory() as directory:
                archive = cluster.bundle(Path(directory), "lake", cluster.sources(_ROOT, *_PACKAGES))
                for plugin in cluster.uploads(archive):
                    self._client.register_plugin(plugin, name=archive.name)
        except BaseException:
            self.close()
            raise

    def digested(self, parts: list[TablePart]) -> Iterator[DigestedPart]:
        """Digest these parts. Raises: UserError: the cluster loses one."""
        futures = [self._client.submit(digest_part, msgspec.msgpack.encode(part), pure=False) for part in parts]
        try:
            with self._client.as_current():
                done = self._dask.as_completed(futures)
            for future in done:
                yield msgspec.msgpack.decode(self._result(future), type=DigestedPart)
        finally:
            with suppress(Exception):
                self._client.cancel(futures)

    def close(self) -> None:
        """Leave the cluster."""
        self._client.close()

    def _result(self, future: Any) -> bytes:
        try:
            return future.result()
        except Exception as error:
            reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
            raise UserError(
                f"The Dask cluster at {self._address} could not read the table ({reason[:300]}): run again."
            ) from error
