"""Bring an existing table into the change log, consistent with the changes that stream meanwhile.

The items come from a DynamoDB export, or from a Scan written in the same form, and SQL in Athena turns them into rows.
The rows of a state at a moment sort after every change of an earlier second and before every change of that second and
later ones. So the view is correct with any part of the rows: a key that has changed since shows its change, a key that
was deleted since stays deleted, and all others show the item of that moment. The stream must have received the changes
since the moment; a Scan, which has no moment, uses one before its start. The rows of an incremental export sort by the
time of their write, as a native change of that time does (`transform.events`).

A row's `event_id` follows from its key and its `sequence`, so a row that is written twice is a duplicate. The progress
is in `backfill/ID/state.json` in the lake's bucket, written before and after each step: a stopped backfill resumes from
it, and a complete one does nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Literal

import msgspec
from msgspec import Struct

from lake.athena import Athena, QueryError
from lake.clients import client, error_code
from lake.costs import CommandCost
from lake.described import SourceTable, log_place, source_table
from lake.export_rows import line_table_sql, rows_sql
from lake.exports import Export, ExportedFile, Kind, ScannedItems, begin, check_recovery, completed
from lake.items import Items
from lake.objects import S3Client, listed
from stack import StackOutputs, UserError
from transform.schema import TABLE, LakeTable

PREFIX = "backfill/"
"""The prefix of the backfills' data and progress in the lake's bucket."""
CHUNK_ITEMS = 5_000_000
_CHUNK_FILES = 500
"""A statement lists a part's files, and Athena's limit is 262,144 bytes."""
_FILE_ITEMS = 50_000
_SKEW = timedelta(minutes=5)
"""How long before its start a Scan's moment is: AWS refuses a request whose clock differs by more.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
"""

Source = Literal["export", "scan"]


class BackfillPart(Struct):
    """Some files of an export, and the hour of their rows. `hour` is set before the rows are written."""

    files: list[str]
    items: int
    hour: str = ""
    attempt: int = 0
    done: bool = False


class BackfillState(Struct):
    """The progress of a backfill. `arn` is the export's, `log` the change log's location.

    `parts` are set when the items are in S3.
    """

    id: str
    source: Source
    kind: Kind
    moment: datetime
    arn: str = ""
    table: str = ""
    log: str = ""
    bytes: int = 0
    parts: list[BackfillPart] = []
    finished: bool = False

    @property
    def items(self) -> int:
        """The items in S3."""
        return sum(part.items for part in self.parts)

    @property
    def written(self) -> int:
        """The items whose rows are in the change log."""
        return sum(part.items for part in self.parts if part.done)


class BackfillPlan(Struct, frozen=True, kw_only=True):
    """The plan of a backfill. `items` and `bytes` are DynamoDB's numbers, some hours old, or the export's."""

    id: str
    source: Source
    kind: Kind
    items: int
    bytes: int
    cost: CommandCost
    resumed: bool
    finished: bool = False


class Backfill:
    """One backfill of a table's items into a change log."""

    def __init__(
        self,
        outputs: StackOutputs,
        source: Source,
        *,
        arn: str | None = None,
        table: LakeTable = TABLE,
        chunk_items: int = CHUNK_ITEMS,
        watch: Callable[[str], None] = lambda _: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`arn` names an existing export.

        Raises: UserError: the table has no stream or its key differs from the schema's, the change log does not exist,
        or the export is incomplete or older than the stream.
        """
        self._outputs = outputs
        self._table = table
        self._chunk_items = chunk_items
        self._watch = watch
        self._now = now
        self._dynamodb = client("dynamodb", outputs)
        self._s3: S3Client = client("s3", outputs)
        self._glue = client("glue", outputs)
        self._source_table = source_table(self._dynamodb, outputs.require("table_name"), table)
        change_log = outputs.change_log_name or table.change_log
        self._place = log_place(self._glue, outputs.require("database_name"), change_log)
        self._athena = Athena(
            client("athena", outputs), outputs.require("workgroup_name"), outputs.require("database_name")
        )
        self._export: Export | None = None
        if arn is not None:
            self._export = self._checked(completed(self._dynamodb, self._s3, arn, wait=False))
            found = self._saved(self._export.id)
        else:
            found = self._unfinished(source)
        if source == "export" and arn is None and not (found and found.arn):
            check_recovery(self._dynamodb, self._source_table.name)
        if found is not None:
            self._refuse_others(found)
        self._resumed = found is not None
        self.state = found or self._new(source)
        self.state.table, self.state.log = self._source_table.arn, self._place.location

    @property
    def plan(self) -> BackfillPlan:
        """Return what `run` will do."""
        state, table = self.state, self._source_table
        known = self._export.bytes if self._export else state.bytes
        size = known or table.bytes
        to_make = not known
        return BackfillPlan(
            id=state.id,
            source=state.source,
            kind=state.kind,
            items=(self._export.items if self._export else state.items) or table.items,
            bytes=size,
            cost=CommandCost(
                scanned_bytes=size,
                queries=max(1, len(state.parts)),
                exported_bytes=size if to_make and state.source == "export" else 0,
                read_bytes=size if to_make and state.source == "scan" else 0,
            ),
            resumed=self._resumed,
            finished=state.finished,
        )

    def run(self) -> BackfillState:
        """Do the remaining steps. Raises: UserError: Athena refuses, or the export fails or has no usable moment."""
        if self.state.finished:
            return self.state
        if not self.state.parts:
            self._obtain()
        name = f"backfill_{self.state.id.replace('-', '_')}"
        try:
            if not all(part.done for part in self.state.parts):
                self._athena.query(line_table_sql(name, self._location()))
                for number, part in enumerate(self.state.parts):
                    if not part.done:
                        self._watch(
                            f"writing rows: {self.state.written:,} of {self.state.items:,} items, part {number + 1} "
                            f"of {len(self.state.parts)}"
                        )
                        self._write(name, number, part)
            self._drop(name)
        except QueryError as error:
            raise UserError(f"Athena cannot write the rows ({error}): repeat the command to continue.") from error
        self._delete(f"{PREFIX}{self.state.id}/data/")
        self.state.finished = True
        self._save()
        return self.state

    def _new(self, source: Source) -> BackfillState:
        begun = self._now()
        now = begun.replace(microsecond=0)
        if self._export is not None:
            return BackfillState(
                self._export.id, "export", self._export.kind, self._export.moment.replace(microsecond=0)
            )
        # To the microsecond: with a repeated id, the rows of the first backfill would count as those of the second.
        id_ = f"{source}-{begun:%Y%m%d%H%M%S%f}"
        return BackfillState(id_, source, "full", now - _SKEW if source == "scan" else now)

    def _refuse_others(self, state: BackfillState) -> None:
        """Raise UserError for a backfill of another table or into another log, which has its parts there."""
        table, log = self._source_table.arn, self._place.location
        if (state.table or table, state.log or log) == (table, log):
            return
        raise UserError(
            f"The backfill {state.id} is of {state.table} into {state.log}, not of {table} into {log}: name that table "
            f"and log, or delete s3://{self._place.bucket}/{PREFIX}{state.id}/ to give it up."
        )

    def _obtain(self) -> None:
        """Export or scan the items to S3 and divide them into parts."""
        state = self.state
        self._save()
        if state.source == "scan":
            items = Items(self._dynamodb, self._source_table.name, self._table)
            place = f"{PREFIX}{state.id}/data/"
            scanned = ScannedItems(self._s3, self._place.bucket, place, min(self._chunk_items, _FILE_ITEMS))
            state.bytes, files = scanned.write(
                items.pages(), lambda found: self._watch(f"scanning the table: {found:,} items")
            )
        else:
            export = self._export or self._exported()
            state.moment, state.bytes, files = export.moment.replace(microsecond=0), export.bytes, export.files
        state.parts = _parts(files, self._chunk_items)
        self._save()

    def _exported(self) -> Export:
        state = self.state
        if not state.arn:
            bucket, prefix = self._place.bucket, f"{PREFIX}{state.id}/data"
            state.arn = begin(self._dynamodb, self._source_table.arn, bucket, prefix, state.id)
            self._save()
        try:
            return self._checked(completed(self._dynamodb, self._s3, state.arn, wait=True, watch=self._watch))
        except UserError:
            # The next run begins another export.
            state.finished = True
            self._save()
            raise

    def _checked(self, export: Export) -> Export:
        return checked(export, self._source_table)

    def _write(self, name: str, number: int, part: BackfillPart) -> None:
        """Write a part's rows. The statement's token keeps Athena from running it again after a restart."""
        while not part.done:
            if not part.hour:
                part.hour = f"{self._now():%Y-%m-%d-%H}"
                self._save()
            place = f"{self._place.partition(part.hour)}backfill-{self.state.id}-{number:05d}-{part.attempt}/"
            token = md5(place.encode(), usedforsecurity=False).hexdigest()
            try:
                self._athena.execute(self._unload(name, part, place), token)
            except QueryError as error:
                # The objects of a stopped statement are not part of the log.
                self._delete(place)
                part.hour, part.attempt = "", part.attempt + 1
                self._save()
                if not error.cancelled:
                    raise
                continue
            part.done = True
            self._save()

    def _unload(self, name: str, part: BackfillPart, place: str) -> str:
        rows = rows_sql(self._table, name, self.state.kind, self.state.moment, part.files)
        options = "format = 'PARQUET'" if self._place.format == "PARQUET" else "format = 'JSON', compression = 'gzip'"
        return f"UNLOAD ({rows}) TO 's3://{self._place.bucket}/{place}' WITH ({options})"

    def _location(self) -> str:
        folder, _, _ = self.state.parts[0].files[0].rpartition("/")
        return folder + "/"

    def _drop(self, name: str) -> None:
        with suppress(self._glue.exceptions.EntityNotFoundException):
            self._glue.delete_table(DatabaseName=self._outputs.require("database_name"), Name=name)

    def _delete(self, prefix: str) -> None:
        for entry in listed(self._s3, self._place.bucket, prefix):
            self._s3.delete_object(Bucket=self._place.bucket, Key=entry["Key"])

    def _save(self) -> None:
        key = f"{PREFIX}{self.state.id}/state.json"
        self._s3.put_object(Bucket=self._place.bucket, Key=key, Body=msgspec.json.encode(self.state))

    def _saved(self, id_: str) -> BackfillState | None:
        try:
            body = self._s3.get_object(Bucket=self._place.bucket, Key=f"{PREFIX}{id_}/state.json")["Body"].read()
        except Exception as error:
            if error_code(error) != "NoSuchKey":
                raise
            return None
        return msgspec.json.decode(body, type=BackfillState)

    def _unfinished(self, source: Source) -> BackfillState | None:
        """Return the newest incomplete backfill that was started in this way."""
        ids = sorted(
            entry["Key"].split("/")[1]
            for entry in listed(self._s3, self._place.bucket, f"{PREFIX}{source}-")
            if entry["Key"].endswith("/state.json")
        )
        for id_ in reversed(ids):
            found = self._saved(id_)
            if found is not None and not found.finished:
                return found
        return None


def checked(export: Export, table: SourceTable) -> Export:
    """Return an export within the stream's time. Raises: UserError: it is older, or of another table."""
    if export.table_arn != table.arn:
        raise UserError(f"The export {export.id} is of {export.table_arn}, not of {table.arn}: name another.")
    if export.kind == "full" and table.streams_since is not None and export.moment < table.streams_since:
        raise UserError(
            f"The export {export.id} has the state of {export.moment:%Y-%m-%d %H:%M:%S}, before the table's stream "
            f"began ({table.streams_since:%Y-%m-%d %H:%M:%S} UTC), so changes between are in neither: export a later "
            "moment."
        )
    return export


def _parts(files: tuple[ExportedFile, ...], chunk_items: int) -> list[BackfillPart]:
    parts: list[BackfillPart] = []
    for file in files:
        last = parts[-1] if parts else None
        if last is None or len(last.files) >= _CHUNK_FILES or last.items + file.items > chunk_items:
            parts.append(BackfillPart([file.location], file.items))
        else:
            last.files.append(file.location)
            last.items += file.items
    return parts
