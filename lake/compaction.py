"""Replace the small objects of closed hours by few large ones.

Firehose writes an object for each shard and interval, and a query opens every one. A group of objects becomes one
object in the same partition, in steps that can stop anywhere:

1. The rows are written elsewhere: for Parquet by CREATE TABLE AS into one bucket file, and compared with the group in
   Athena; JSON objects are joined unchanged, because consecutive gzip members are one gzip file (RFC 1952, 2.2).
2. A note `compaction/…json` in the lake's bucket names the group, the new object and its place.
3. The new object is copied into the partition, and one DeleteObjects deletes the group.
4. The staged object and the note are deleted.

S3 has no rename of many objects, so between the two calls of step 3 a query of the change log can see the group's rows
twice; the view, which drops repeated changes, never does. The next run finishes a run that was stopped there: it first
completes the steps of the notes. The new object's key is derived from the group's keys and ETags, so a second run
writes the same object.

Athena writes timestamps to the millisecond: a Parquet row's typed columns lose finer digits, which Athena does not read
either; `sequence` and the images keep them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import md5

import msgspec
from msgspec import Struct

from lake.athena import Athena, QueryError
from lake.clients import client
from lake.costs import CommandCost
from lake.counts import counted
from lake.described import log_place
from lake.objects import S3Client, delete_all, listed
from lake.rewriting import LogObject, Rewriter, staging_name
from stack import StackOutputs, UserError
from transform.schema import TABLE, LakeTable

NOTES = "compaction/"
"""The prefix in the lake's bucket for the notes, and for JSON objects before they are copied to their partition."""
CLOSED_AFTER = timedelta(hours=1)
"""Firehose buffers for 15 minutes at most, and writes an hour's last objects after it has ended."""
SMALL_BYTES = 64 << 20
_GROUP_BYTES = 256 << 20
_GROUP_OBJECTS = 500
"""One DeleteObjects takes 1,000 keys, and a statement that lists the paths has at most 262,144 bytes."""
_HOUR = "%Y-%m-%d-%H"
_PARTITION = "arrival_hour="


class Group(Struct, frozen=True):
    """The objects of an hour that become one."""

    hour: str
    objects: tuple[LogObject, ...]

    @property
    def bytes(self) -> int:
        """Their bytes together."""
        return sum(each.size for each in self.objects)

    @property
    def id(self) -> str:
        """A digest of their keys and ETags."""
        return md5(
            "\n".join(f"{each.key} {each.etag}" for each in self.objects).encode(), usedforsecurity=False
        ).hexdigest()


class CompactionPlan(Struct, frozen=True, kw_only=True):
    """The plan of a compaction: `objects` of `bytes` become `new_objects`; the log has `log_objects` before.

    `unfinished` is the number of groups that a stopped run left.
    """

    hours: int
    objects: int
    new_objects: int
    log_objects: int
    bytes: int
    cost: CommandCost
    unfinished: int


class _Note(Struct):
    """A group whose rows are staged: the input of step 3."""

    group: Group
    staged: str
    target: str
    table: str = ""


class Compaction:
    """One compaction of a change log."""

    def __init__(
        self,
        outputs: StackOutputs,
        *,
        open_hours: bool = False,
        closed_after: timedelta = CLOSED_AFTER,
        small_bytes: int = SMALL_BYTES,
        table: LakeTable = TABLE,
        watch: Callable[[str], None] = lambda _: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`open_hours` includes hours that can still receive objects; later objects stay separate from the new one."""
        self._watch = watch
        self._s3: S3Client = client("s3", outputs)
        glue, database = client("glue", outputs), outputs.require("database_name")
        self._change_log = outputs.change_log_name or table.change_log
        self._place = log_place(glue, database, self._change_log)
        athena = Athena(client("athena", outputs), outputs.require("workgroup_name"), database)
        self._rewriter = Rewriter(athena, glue, self._s3, database, self._change_log, self._place, table)
        before = "~" if open_hours else f"{now() - closed_after - timedelta(hours=1):{_HOUR}}~"
        self._unfinished = [*self._notes()]
        taken = {each.key for note in self._unfinished for each in (*note.group.objects, LogObject(note.target, "", 0))}
        self._objects = [*self._rewriter.objects(self._place.prefix)]
        small = [each for each in self._objects if each.size < small_bytes and each.key not in taken]
        self._groups = [*_groups(small, self._place.prefix, before)]

    @property
    def plan(self) -> CompactionPlan:
        """Return what `run` will do."""
        size = sum(group.bytes for group in self._groups)
        parquet = self._place.format == "PARQUET"
        return CompactionPlan(
            hours=len({group.hour for group in self._groups}),
            objects=sum(len(group.objects) for group in self._groups),
            new_objects=len(self._groups),
            log_objects=len(self._objects),
            bytes=size,
            cost=CommandCost(
                # The rows are read once to write them, and both sides once to compare them.
                scanned_bytes=3 * size if parquet else 0,
                queries=2 * len(self._groups) if parquet else 0,
                puts=4 * len(self._groups),
                gets=0 if parquet else sum(len(group.objects) for group in self._groups),
            ),
            unfinished=len(self._unfinished),
        )

    def run(self) -> None:
        """Finish the groups of a stopped run, then replace each group. Raises: UserError: Athena refuses."""
        for note in self._unfinished:
            self._finish(note)
        if self._place.format == "PARQUET":
            self._rewriter.drop_left()
        for number, group in enumerate(self._groups):
            self._watch(
                f"hour {group.hour}: {counted(len(group.objects), 'object')}, group {number + 1} of {len(self._groups)}"
            )
            try:
                self._replace(group)
            except QueryError as error:
                raise UserError(
                    f"Athena cannot write the rows of {group.hour} ({error}): nothing is replaced; run again."
                ) from error

    def _replace(self, group: Group) -> None:
        suffix = "parquet" if self._place.format == "PARQUET" else "json.gz"
        target = f"{self._place.partition(group.hour)}compacted-{group.id}.{suffix}"
        note = _Note(group, f"{NOTES}{self._change_log}/{group.id}.{suffix}", target)
        if self._place.format == "PARQUET":
            note.table = staging_name("compaction", group.id)
            note.staged = self._rewriter.write(note.table, group.hour, [each.key for each in group.objects])
        else:
            self._join(group, note.staged)
        now = {each.key: each.etag for each in self._rewriter.objects(self._place.partition(group.hour))}
        if any(now.get(each.key) != each.etag for each in group.objects):
            self._drop(note)
            raise UserError(f"The objects of {group.hour} have changed meanwhile: run again.")
        self._put(self._note_key(note), msgspec.json.encode(note))
        self._finish(note)

    def _join(self, group: Group, staged: str) -> None:
        """Write a group's JSON objects as one."""
        parts: list[bytes] = []
        for each in group.objects:
            body: bytes = self._s3.get_object(Bucket=self._place.bucket, Key=each.key)["Body"].read()
            parts.append(body)
        self._put(staged, b"".join(parts))

    def _finish(self, note: _Note) -> None:
        """Do steps 3 and 4, or resume them."""
        bucket = self._place.bucket
        if not [*self._rewriter.objects(note.target)]:
            self._rewriter.replace(note.target, note.staged)
        delete_all(self._s3, bucket, ({"Key": each.key} for each in note.group.objects))
        self._drop(note)
        self._s3.delete_object(Bucket=bucket, Key=self._note_key(note))

    def _drop(self, note: _Note) -> None:
        """Delete the staged objects."""
        if note.table:
            self._rewriter.drop(note.table)
        else:
            self._s3.delete_object(Bucket=self._place.bucket, Key=note.staged)

    def _notes(self) -> Iterator[_Note]:
        for entry in listed(self._s3, self._place.bucket, f"{NOTES}{self._change_log}/"):
            if entry["Key"].endswith(".note.json"):
                body = self._s3.get_object(Bucket=self._place.bucket, Key=entry["Key"])["Body"].read()
                yield msgspec.json.decode(body, type=_Note)

    def _note_key(self, note: _Note) -> str:
        return f"{NOTES}{self._change_log}/{note.group.id}.note.json"

    def _put(self, key: str, content: bytes) -> None:
        self._s3.put_object(Bucket=self._place.bucket, Key=key, Body=content)


def _groups(objects: Sequence[LogObject], prefix: str, before: str) -> Iterator[Group]:
    """Return groups of at least two objects of one hour."""
    hours: defaultdict[str, list[LogObject]] = defaultdict(list)
    for each in objects:
        partition = each.key.removeprefix(prefix).partition("/")[0]
        hour = partition.removeprefix(_PARTITION)
        if partition.startswith(_PARTITION) and hour <= before:
            hours[hour].append(each)
    for hour, found in sorted(hours.items()):
        group: list[LogObject] = []
        size = 0
        for each in found:
            if group and (len(group) == _GROUP_OBJECTS or size + each.size > _GROUP_BYTES):
                if len(group) > 1:
                    yield Group(hour, tuple(group))
                group, size = [], 0
            group.append(each)
            size += each.size
        if len(group) > 1:
            yield Group(hour, tuple(group))
