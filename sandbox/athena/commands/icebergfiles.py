"""The files of an Iceberg table in S3: what VACUUM and DROP TABLE delete.

https://docs.aws.amazon.com/athena/latest/ug/vacuum-statement.html,
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-drop-table.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import islice
from typing import Any

from sandbox.athena.catalogue import CatalogueTable
from sandbox.athena.commands.session import AthenaEngine
from sandbox.athena.errors import StatementError
from sandbox.athena.iceberg import is_iceberg
from sandbox.athena.objects import split_location

_AGE_S = 432_000
_SNAPSHOTS = 1
_METADATA_FILES = 100
"""The defaults of the properties `vacuum_...` of a table."""


def vacuum(engine: AthenaEngine, table: CatalogueTable) -> None:
    """Expire snapshots, and delete the files that only those had, and orphan files of the same age.

    Orphans are all other objects at the table's location. The rows of deleted data files are dropped from the store.

    Raises:
        StatementError: the table's location is not a folder.
    """
    iceberg = engine.catalogue.iceberg
    loaded = iceberg.load(table.database, table.name)
    bucket, prefix = split_location(loaded.location())
    if not prefix:
        raise StatementError("GENERIC_INTERNAL_ERROR", f"Path missing in file system location: s3://{bucket}")
    oldest = datetime.now(UTC) - timedelta(seconds=_setting(loaded, "vacuum_max_snapshot_age_seconds", _AGE_S))
    earlier = iceberg.paths(loaded, iceberg.reachable(loaded))
    expired = _expired(loaded, oldest, _setting(loaded, "vacuum_min_snapshots_to_keep", _SNAPSHOTS))
    if expired:
        loaded.maintenance.expire_snapshots().by_ids(expired).commit()
    files = iceberg.reachable(loaded)
    engine.runner.keep(table.database, table.name, files)
    kept = iceberg.paths(loaded, files, _setting(loaded, "vacuum_max_metadata_files_to_keep", _METADATA_FILES))
    orphans = {f"s3://{bucket}/{key}" for key, written in engine.objects.times(bucket, prefix) if written < oldest}
    engine.objects.delete((earlier | orphans) - kept)


def remove(engine: AthenaEngine, database: str, raw: Mapping[str, Any]) -> None:
    """Delete a dropped table's data, if it was an Iceberg table, which Athena manages: all objects at its location.

    Trino 435, dropTable of io.trino.plugin.iceberg.catalog.glue.TrinoGlueCatalog, deletes the location's directory.
    """
    if not is_iceberg(raw):
        return
    bucket, prefix = split_location(raw["StorageDescriptor"]["Location"])
    if prefix:
        engine.objects.delete(f"s3://{bucket}/{key}" for key, _ in engine.objects.times(bucket, prefix))
    engine.runner.keep(database, raw["Name"], ())


def _setting(loaded: Any, name: str, default: int) -> int:
    return int(loaded.properties.get(name, default))


def _expired(loaded: Any, oldest: datetime, least: int) -> list[int]:
    """The ids of the snapshots older than `oldest`, without the last `least` of the table and those with a name."""
    metadata = loaded.metadata
    kept = {ref.snapshot_id for ref in metadata.refs.values()}
    ancestors = import_module("pyiceberg.table.snapshots").ancestors_of
    kept |= {snapshot.snapshot_id for snapshot in islice(ancestors(loaded.current_snapshot(), metadata), least)}
    oldest_ms = oldest.timestamp() * 1000
    return [
        snapshot.snapshot_id
        for snapshot in metadata.snapshots
        if snapshot.timestamp_ms < oldest_ms and snapshot.snapshot_id not in kept
    ]
