"""Remove a key from the Iceberg table of the current state, and from its earlier snapshots.

DELETE writes a new snapshot; the earlier ones keep the rows until VACUUM expires them, by default after five days. So
this module expires them immediately and restores the table's setting afterwards
(https://docs.aws.amazon.com/athena/latest/ug/vacuum-statement.html). Data files without a snapshot are deleted as well,
unless they are newer than the DELETE: those belong to a writer that has not committed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from lake.athena import Athena, quote
from lake.objects import S3Client, delete_all, listed

_AGE = "vacuum_max_snapshot_age_seconds"
_LEAST_AGE_S = 1


class CurrentTable:
    """An Iceberg table, and the location of its objects."""

    def __init__(
        self,
        athena: Athena,
        s3: S3Client,
        name: str,
        location: str,
        age: str | None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`age` is the table's setting for the maximum age of a snapshot; None is Athena's default."""
        self._athena = athena
        self._s3 = s3
        self._name = name
        self._bucket, _, self._prefix = location.removeprefix("s3://").partition("/")
        self._age = age
        self._sleep = sleep

    def rows(self, condition: str) -> int:
        """Return the number of the table's rows that meet a condition."""
        (count,) = self._athena.one(f"SELECT count(*) FROM {quote(self._name)} WHERE {condition}")
        return int(count or 0)

    def erase(self, condition: str) -> None:
        """Delete these rows, all earlier snapshots, and the data files that only those used. Raises: QueryError."""
        began = datetime.now(UTC)
        self._athena.query(f"DELETE FROM {quote(self._name)} WHERE {condition}")
        self._athena.query(f"ALTER TABLE `{self._name}` SET TBLPROPERTIES ('{_AGE}' = '{_LEAST_AGE_S}')")
        self._sleep(_LEAST_AGE_S + 0.1)
        try:
            self._athena.query(f"VACUUM {self._name}")
        finally:
            back = (
                f"UNSET TBLPROPERTIES ('{_AGE}')"
                if self._age is None
                else (f"SET TBLPROPERTIES ('{_AGE}' = '{self._age}')")
            )
            self._athena.query(f"ALTER TABLE `{self._name}` {back}")
        used = {path for (path,) in self._athena.query(f"SELECT file_path FROM {quote(self._name + '$files')}").rows}
        entries = listed(self._s3, self._bucket, f"{self._prefix.rstrip('/')}/data/")
        unused = [
            {"Key": entry["Key"]}
            for entry in entries
            if f"s3://{self._bucket}/{entry['Key']}" not in used and entry["LastModified"] < began
        ]
        delete_all(self._s3, self._bucket, unused)


def current_table(athena: Athena, glue: Any, s3: S3Client, database: str, name: str) -> CurrentTable | None:
    """Return the table of the current state; None if there is no such table."""
    try:
        described: dict[str, Any] = glue.get_table(DatabaseName=database, Name=name)["Table"]
    except glue.exceptions.EntityNotFoundException:
        return None
    parameters: dict[str, str] = described.get("Parameters") or {}
    location: str = described["StorageDescriptor"]["Location"]
    return CurrentTable(athena, s3, name, location, parameters.get(_AGE))
