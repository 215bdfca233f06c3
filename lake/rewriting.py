"""Rewrites objects of the change log with Athena, first elsewhere, and compares them with the objects to replace."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from hashlib import md5
from typing import Any, Literal

from msgspec import Struct

from lake.athena import Athena, QueryError, quote
from lake.described import LogPlace
from lake.fingerprints import digest_sql, hash_sql
from lake.image_columns import literal
from lake.objects import S3Client, delete_all, listed
from stack import UserError
from transform.schema import ENVELOPE, IMAGES, LakeTable

_STAGING = re.compile("(compaction|erasure)_[0-9a-f]{32}")


def staging_name(purpose: Literal["compaction", "erasure"], *content: str) -> str:
    """Return the name of the staging table of some content: a statement that is repeated makes the same table."""
    return f"{purpose}_{md5(chr(10).join(content).encode(), usedforsecurity=False).hexdigest()}"


class LogObject(Struct, frozen=True):
    """An object of the change log."""

    key: str
    etag: str
    size: int


class Rewriter:
    """Writes rows of a change log's Parquet objects as one object in a separate table."""

    def __init__(
        self, athena: Athena, glue: Any, s3: S3Client, database: str, change_log: str, place: LogPlace, table: LakeTable
    ) -> None:
        self._athena = athena
        self._glue = glue
        self._s3 = s3
        self._database = database
        self._change_log = change_log
        self._place = place
        self._table = table

    def write(self, name: str, hour: str, keys: Sequence[str], where: str = "true") -> str:
        """Write the rows of an hour's objects that meet a condition; return the new object's key.

        Raises: UserError: the rows differ. QueryError: Athena refuses.
        """
        self.drop(name)
        columns = ", ".join(quote(column.name) for column in self._table.change_log_columns)
        paths = ", ".join(literal(f"s3://{self._place.bucket}/{key}") for key in keys)
        of_hour = f'arrival_hour = {literal(hour)} AND "$path" IN ({paths})'
        rows = f"FROM {quote(self._change_log)} WHERE {of_hour} AND ({where})"
        # One bucket is one file: https://docs.aws.amazon.com/athena/latest/ug/ctas-bucketing-and-partitioning.html
        made = (
            f"CREATE TABLE {quote(name)} WITH (format = 'PARQUET', bucketed_by = ARRAY[{literal(ENVELOPE[0].name)}], "
            f"bucket_count = 1) AS SELECT {columns} {rows}"
        )
        try:
            self._athena.query(made)
        except QueryError:
            # Athena goes on with the statement of a run that was killed: it made the table after `drop`.
            if name not in self._staged():
                raise
        counted = f"SELECT count(*), sum({_digest()})"
        both = [*self._athena.query(f"{counted} {rows} UNION ALL {counted} FROM {quote(name)}").rows]
        written = [each.key for each in self.objects(self._location(name))]
        if len(both) != 2 or both[0] != both[1] or len(written) != 1:
            self.drop(name)
            raise UserError(
                f"The rows that Athena wrote for {hour} are not those of its objects: nothing is replaced; run again."
            )
        return written[0]

    def drop(self, name: str) -> None:
        """Delete a staging table and its objects."""
        try:
            location = self._location(name)
        except self._glue.exceptions.EntityNotFoundException:
            return
        delete_all(self._s3, self._place.bucket, ({"Key": each.key} for each in self.objects(location)))
        with suppress(self._glue.exceptions.EntityNotFoundException):
            self._glue.delete_table(DatabaseName=self._database, Name=name)

    def drop_left(self) -> None:
        """Delete the staging tables that killed runs have left."""
        for name in self._staged():
            self.drop(name)

    def _staged(self) -> list[str]:
        """Return the names of the staging tables in the catalogue."""
        pages = self._glue.get_paginator("get_tables").paginate(DatabaseName=self._database)
        names = [str(each["Name"]) for page in pages for each in page["TableList"]]
        return [name for name in names if _STAGING.fullmatch(name)]

    def objects(self, prefix: str) -> Iterator[LogObject]:
        """Return the objects under a prefix of the log's bucket, without empty ones."""
        for entry in listed(self._s3, self._place.bucket, prefix):
            if entry["Size"]:
                yield LogObject(entry["Key"], entry["ETag"], entry["Size"])

    def replace(self, target: str, staged: str) -> None:
        """Copy an object over another."""
        bucket = self._place.bucket
        self._s3.copy_object(Bucket=bucket, Key=target, CopySource={"Bucket": bucket, "Key": staged})

    def _location(self, name: str) -> str:
        described: Any = self._glue.get_table(DatabaseName=self._database, Name=name)["Table"]
        location: str = described["StorageDescriptor"]["Location"]
        return location.removeprefix(f"s3://{self._place.bucket}/").rstrip("/") + "/"


def _digest() -> str:
    names = [*(column.name for column in ENVELOPE[:3]), *(column.name for column in IMAGES)]
    text = ", ".join(f"coalesce({quote(name)}, chr(30))" for name in names)
    return digest_sql(hash_sql(f"concat_ws(chr(31), {text})"))
