"""Remove one key's data from the lake, and prove that it is gone.

Erased are the rows of the change log with both images and of the current table (`lake.current_erasure`), its records
under the error prefix, and every older version in the lake's bucket, because replaced objects stay as versions. An
object with such rows is rewritten without them: first elsewhere, then compared, then copied over. A stop loses nothing,
and the next run continues with the rest.

An erasure is refused while the item is in the table or changes are on their way, which would restore the data, and
while a backfill or a compaction is unfinished. A dead letter has the position of changes and no data. Out of reach: the
data of Kinesis and the table's stream during their retention, results of earlier queries until the bucket's lifecycle
deletes them, exports and copies that others have made.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from components import current
from lake.athena import Athena, QueryError, quote
from lake.backfill import PREFIX as BACKFILLS
from lake.clients import client, error_code
from lake.compaction import NOTES
from lake.costs import CommandCost
from lake.counts import counted
from lake.current_erasure import current_table
from lake.described import described_table, log_place
from lake.failures import place
from lake.image_columns import literal
from lake.items import Items
from lake.objects import S3Client, delete_all, listed, versions
from lake.reader import LakeReader
from lake.rewriting import Rewriter, staging_name
from lake.way import Positions
from stack import StackOutputs, UserError
from transform.schema import TABLE, Column, LakeTable

_GZIP = b"\x1f\x8b"
_SQL_TYPES = {"string": "varchar", "int": "integer"}
_decode = msgspec.json.decode


class ErasurePlan(Struct, frozen=True, kw_only=True):
    """The plan of an erasure: at most the whole log, all error objects, and the number of older versions to delete."""

    log_objects: int
    log_bytes: int
    error_objects: int
    versions: int
    version_bytes: int
    cost: CommandCost


class Erased(Struct, kw_only=True):
    """What was removed, and the result of a scan afterwards: `left` is 0 when everything is removed.

    `rows` and `objects` are of the change log, and `current_rows` of the Iceberg table of the current state.
    """

    rows: int = 0
    objects: int = 0
    current_rows: int = 0
    error_records: int = 0
    versions: int = 0
    left_rows: int = 0
    left_error_records: int = 0
    left_versions: int = 0

    @property
    def found(self) -> int:
        """The number of removed rows and records of the key; `versions` are of any key."""
        return self.rows + self.current_rows + self.error_records

    @property
    def left(self) -> int:
        """The number of remaining rows, records and versions."""
        return self.left_rows + self.left_error_records + self.left_versions


class Erasure:
    """One key's erasure."""

    def __init__(
        self,
        outputs: StackOutputs,
        key: Sequence[str],
        *,
        table: LakeTable = TABLE,
        watch: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`key` has the key attributes as text, a binary one as base64.

        Raises: UserError: the key does not have the schema's form, the item is in the table, changes are on their way,
        or a backfill or a compaction is unfinished.
        """
        if len(key) != len(table.keys):
            names = ", ".join(attribute.name for attribute in table.keys)
            raise UserError(
                f"The key has {counted(len(table.keys), 'attribute')} ({names}), not {len(key)}: give each."
            )
        if not all(key):
            raise UserError("An attribute of a key is never empty in DynamoDB: give the item's key.")
        self._outputs = outputs
        self._key = tuple(key)
        self._table = table
        self._watch = watch
        self._s3: S3Client = client("s3", outputs)
        self._glue = client("glue", outputs)
        self._database = outputs.require("database_name")
        self._change_log = outputs.change_log_name or table.change_log
        self._place = log_place(self._glue, self._database, self._change_log)
        self._athena = Athena(client("athena", outputs), outputs.require("workgroup_name"), self._database)
        self._rewriter = Rewriter(
            self._athena, self._glue, self._s3, self._database, self._change_log, self._place, table
        )
        failures = place(client("firehose", outputs), outputs.require("delivery_stream_name"))
        self._errors_at = (failures.bucket, failures.prefix)
        # Another view has a separate table: a key that stays there is not erased.
        name = f"{outputs.view_name}_current" if outputs.view_name else current.name(table)
        self._current = current_table(self._athena, self._glue, self._s3, self._database, name)
        self._check()

    @property
    def plan(self) -> ErasurePlan:
        """Return what `run` will read."""
        objects = [*self._rewriter.objects(self._place.prefix)]
        older = [*self._older()]
        size = sum(each.size for each in objects)
        errors = sum(1 for _ in listed(self._s3, *self._errors_at))
        return ErasurePlan(
            log_objects=len(objects),
            log_bytes=size,
            error_objects=errors,
            versions=len(older),
            version_bytes=sum(each["Size"] for each in older),
            cost=CommandCost(scanned_bytes=2 * size, queries=2, gets=2 * errors),
        )

    def run(self) -> Erased:
        """Remove everything, then scan again. Raises: UserError: Athena refuses."""
        erased = Erased()
        try:
            for number, (path, hour, rows, left) in enumerate(found := self._found()):
                self._watch(f"writing objects without the key: {number + 1} of {len(found)}")
                self._rewrite(path.removeprefix(f"s3://{self._place.bucket}/"), hour, left=left)
                erased.rows += rows
                erased.objects += 1
            if self._current is not None:
                self._watch("erasing the current state")
                erased.current_rows = self._current.rows(self._condition())
                self._current.erase(self._condition())
            self._rewriter.drop_left()
            erased.error_records = self._erase_errors()
            self._watch("deleting older versions")
            older = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in self._older()]
            delete_all(self._s3, self._place.bucket, older)
            erased.versions = len(older)
            self._watch("looking again")
            erased.left_rows = sum(rows for _, _, rows, _ in self._found())
            if self._current is not None:
                erased.left_rows += self._current.rows(self._condition())
        except QueryError as error:
            raise UserError(f"Athena cannot read or write the log ({error}): run again to continue.") from error
        erased.left_error_records = sum(len(hit) for _, _, hit in self._failed())
        erased.left_versions = sum(1 for _ in self._older())
        return erased

    def _check(self) -> None:
        table_name, bucket = self._outputs.require("table_name"), self._place.bucket
        dynamodb = client("dynamodb", self._outputs)
        described_table(dynamodb, table_name, self._table)
        if Items(dynamodb, table_name, self._table).get([self._key]):
            raise UserError("The item is still in the table, and its next change would come back: delete it first.")
        for prefix, name in ((BACKFILLS, "backfill"), (f"{NOTES}{self._change_log}/", "compact")):
            for entry in listed(self._s3, bucket, prefix):
                if name == "compact" or not self._is_finished(entry["Key"]):
                    raise UserError(f"s3://{bucket}/{entry['Key']} is of an unfinished `lake {name}`: run that again.")
        reader = LakeReader(self._athena, self._table, self._change_log, self._outputs.view_name or self._table.view)
        way = Positions(self._outputs, reader.arrived).look(reader.log_state().last)
        if way.moving:
            raise UserError(f"{way.moving:,} changes are on their way to the lake: run again when they have arrived.")
        if way.dead_letters:
            raise UserError(
                f"{way.dead_letters:,} dead letters name changes that `lake replay --dead-letters` would bring back: "
                "replay them first."
            )

    def _is_finished(self, key: str) -> bool:
        if not key.endswith("/state.json"):
            return False
        body = self._s3.get_object(Bucket=self._place.bucket, Key=key)["Body"].read()
        return bool(_decode(body).get("finished"))

    def _found(self) -> list[tuple[str, str, int, int]]:
        """Return the objects with rows of the key: path, hour, number of these rows, and number of other rows."""
        sql = (
            f'SELECT "$path", arrival_hour, count_if({self._condition()}), count(*) FROM {quote(self._change_log)} '
            f"GROUP BY 1, 2 HAVING count_if({self._condition()}) > 0"
        )
        return [
            (path or "", hour or "", int(rows or 0), int(total or 0) - int(rows or 0))
            for path, hour, rows, total in self._athena.query(sql).rows
        ]

    def _condition(self) -> str:
        parts = zip(self._table.key_columns, self._key, strict=True)
        return " AND ".join(f"{quote(column.name)} = {_typed(column, cell)}" for column, cell in parts)

    def _rewrite(self, key: str, hour: str, *, left: int) -> None:
        """Rewrite an object without the key's rows."""
        bucket = self._place.bucket
        if not left:
            self._s3.delete_object(Bucket=bucket, Key=key)
            return
        if self._place.format == "JSON":
            content, packed = _content(self._s3, bucket, key)
            kept = b"".join(line + b"\n" for line in content.splitlines() if line and not self._is_row(line))
            self._s3.put_object(Bucket=bucket, Key=key, Body=gzip.compress(kept) if packed else kept)
            return
        name = staging_name("erasure", key, *self._key)
        self._rewriter.replace(key, self._rewriter.write(name, hour, [key], f"NOT ({self._condition()})"))
        self._rewriter.drop(name)

    def _is_row(self, line: bytes) -> bool:
        row = _decode(line)
        return all(str(row.get(c.name)) == cell for c, cell in zip(self._table.key_columns, self._key, strict=True))

    def _erase_errors(self) -> int:
        count = 0
        bucket, _ = self._errors_at
        for key, kept, hit in self._failed():
            count += len(hit)
            if kept:
                self._s3.put_object(Bucket=bucket, Key=key, Body=b"".join(line + b"\n" for line in kept))
            else:
                self._s3.delete_object(Bucket=bucket, Key=key)
        return count

    def _failed(self) -> Iterator[tuple[str, list[bytes], list[bytes]]]:
        """Yield the error objects with records of the key: their other lines, and the key's lines."""
        bucket, prefix = self._errors_at
        for number, entry in enumerate([*listed(self._s3, bucket, prefix)]):
            self._watch(f"reading error objects: {number + 1}")
            content, _ = _content(self._s3, bucket, entry["Key"])
            lines = [line for line in content.splitlines() if line]
            hit = [line for line in lines if self._is_failure(line)]
            if hit:
                yield entry["Key"], [line for line in lines if line not in hit], hit

    def _is_failure(self, line: bytes) -> bool:
        """Return whether a failed record has the key; if it is not a change, whether it contains the key's text."""
        try:
            data = _decode(line, type=_Failed).raw_data
        except (msgspec.MsgspecError, ValueError):
            data = line
        try:
            record = _decode(data, type=dict[str, Any])
            keys = record["dynamodb"]["Keys"] if "dynamodb" in record else None
            if keys is None:
                return self._is_row(data)
            names = zip(self._table.keys, self._key, strict=True)
            return all(keys[attribute.name] == {attribute.type: cell} for attribute, cell in names)
        except (msgspec.MsgspecError, KeyError, TypeError, AttributeError):
            return all(msgspec.json.encode(cell) in data for cell in self._key)

    def _older(self) -> Iterator[dict[str, Any]]:
        """Return every version in the lake's bucket that is not an object's newest, and all delete markers."""
        return (each for each in versions(self._s3, self._place.bucket, "") if not each["IsLatest"] or each["IsMarker"])


class _Failed(Struct, rename="camel"):
    raw_data: bytes


def _typed(column: Column, cell: str) -> str:
    return f"TRY_CAST({literal(cell)} AS {_SQL_TYPES.get(column.type, column.type)})"


def _content(s3: S3Client, bucket: str, key: str) -> tuple[bytes, bool]:
    """Return an object's decompressed bytes, and whether they were compressed; no bytes for a deleted object."""
    try:
        content: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except Exception as error:
        if error_code(error) != "NoSuchKey":
            raise
        return b"", False
    packed = content.startswith(_GZIP)
    return (gzip.decompress(content) if packed else content), packed
