"""Proves that nothing is lost: compares the DynamoDB table with the lake after the pipeline is drained."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path

from lake import buffering
from lake.athena import Athena, QueryError
from lake.clients import client
from lake.cluster import ClusterWorkers
from lake.described import described_table, log_place, source_table
from lake.exported import ExportedItems, full_export
from lake.fingerprints import BUCKETS
from lake.inventory import ItemDigests
from lake.items import Items
from lake.ledger import AcknowledgedWrites
from lake.parts import PartedDigests, Workers
from lake.past import PastLake
from lake.processes import PartProcesses, cores
from lake.reader import ComparedKeys, LakeReader
from lake.retention import check_kept
from lake.verification import Patience, Verification, VerifiedSource, Verifier, VerifyProgress
from lake.way import Positions
from stack import StackOutputs, UserError
from stack.ledger import Acknowledged, read_ledger
from transform.schema import TABLE, LakeTable

DEFAULT_TIMEOUT_S = 600.0
MARGIN_S = 15.0
"""Added to the delivery stream's buffering for all other delays."""
_LONGEST_QUIET_S = 5.0
_LARGE_ITEMS = 400_000
"""From so many on, other processes digest the items: one takes a second of a processor to start."""


def verify(
    outputs: StackOutputs,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    settle_s: float | None = None,
    ledger: Path | Sequence[Path] | None = None,
    erased: Sequence[str] = (),
    share: float = 1.0,
    since: datetime | None = None,
    as_of: datetime | None = None,
    cluster: str | None = None,
    export: str | None = None,
    watch: Callable[[VerifyProgress], None] = lambda _: None,
    table: LakeTable = TABLE,
) -> Verification:
    """Compare the table with the view and the last images, and the ledger with the change log, until they are equal or
    nothing moves any more.

    Compares when nothing is on its way, and again after anything has moved, until there is no difference, nothing has
    moved for `settle_s` (by default slightly longer than the delivery stream's buffering) or `timeout_s` expires.

    `share` (more than 0, at most 1) compares a sample of the keys. `since` compares the keys with a change in the log
    since then; their items are read by key, and the rest of the table is not. `as_of` is for a table that is being
    written to: keys that have changed since then are not compared. Several ledgers are of runs one after the other; of
    keys that are `erased`, as the ledger has them, no write need be in the change log.

    `cluster` is the address of a Dask scheduler whose workers read the table. `export` is the ARN of a full export of
    the table: its items, digested in Athena, are compared with the change log as of its time.

    Raises: UserError: the cluster, the outputs, the table, the database or the view are missing or unreadable, the
    ledger is invalid, a moment is beyond the change log's retention, the table has an item that DynamoDB cannot have
    written, or the export is not complete, not full, or older than the table's stream.
    """
    check_usable(since=since, as_of=as_of, cluster=cluster, export=export)
    table_name = outputs.require("table_name")
    athena = Athena(
        client("athena", outputs),
        outputs.require("workgroup_name"),
        outputs.require("database_name"),
        s3=client("s3", outputs),
    )
    ledgers = [ledger] if isinstance(ledger, Path) else ledger or ()
    writes = chain.from_iterable(map(read_ledger, ledgers))
    scope = ComparedKeys(share=max(1, round(share * BUCKETS)), since=since)
    dynamodb, glue, s3 = (client(service, outputs) for service in ("dynamodb", "glue", "s3"))
    described = described_table(dynamodb, table_name, table)
    count: int = described.get("ItemCount", 0)
    change_log, view = outputs.change_log_name or table.change_log, outputs.view_name or table.view
    place = log_place(glue, outputs.require("database_name"), change_log)
    lake = LakeReader(athena, table, change_log, view, scope)
    source: VerifiedSource = Items(dynamodb, table_name, table)
    reading = _reading(outputs, table, count, scope, cluster)
    with ExitStack() as until_done:
        if export is not None:
            found = full_export(dynamodb, s3, export, source_table(dynamodb, table_name, table))
            as_of = found.moment.replace(microsecond=0)
            lake = past = PastLake(athena, table, change_log, as_of, scope)
            source = exported = ExportedItems(athena, glue, outputs.require("database_name"), past, found, scope.share)
            until_done.callback(exported.close)
            reading = exported.digests
        for moment in filter(None, (since, as_of)):
            check_kept(s3, place.bucket, place.prefix, moment)
        verifier = Verifier(
            table,
            source,
            lake,
            _patience(outputs, timeout_s, settle_s),
            scope=scope,
            as_of=as_of,
            delivery=AcknowledgedWrites(
                _since(writes, since), table_name, described.get("CreationDateTime"), frozenset(erased)
            )
            if ledgers
            else None,
            reading=reading,
            export=export,
            way=Positions(outputs, lake.arrived).look,
            watch=watch,
        )
        try:
            return verifier.run()
        except QueryError as error:
            raise UserError(
                f"Athena cannot read {lake.change_log} and {lake.view} in database {outputs.database_name} ({error}): "
                "check that the stack is deployed, and your permissions."
            ) from error


def check_usable(*, since: datetime | None, as_of: datetime | None, cluster: str | None, export: str | None) -> None:
    """Raise UserError for parameters of `verify` that exclude each other, and an unusable cluster, without AWS."""
    if export is not None and (since or as_of or cluster):
        raise UserError("--export has its own time and items: leave out --since, --as-of and --cluster.")
    if cluster is not None:
        if since is not None:
            raise UserError("--cluster reads the whole table and --since only some items: leave out one of them.")
        ClusterWorkers(cluster).close()


def _reading(
    outputs: StackOutputs, table: LakeTable, items: int, scope: ComparedKeys, cluster: str | None
) -> Callable[[Callable[[int], None]], ItemDigests] | None:
    """Return how a table of about so many items is read in parts: a large one, or with a cluster; else None.

    DynamoDB updates its number of items about every six hours:
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
    """
    if cluster is not None:
        workers: Callable[[], Workers] = partial(ClusterWorkers, cluster)
    elif scope.since is None and cores() > 1 and items >= _LARGE_ITEMS:
        workers = partial(PartProcesses, cores())
    else:
        return None

    def read(watch: Callable[[int], None]) -> ItemDigests:
        found = PartedDigests(outputs, table, scope.share, workers, files=cluster is None)
        try:
            found.read(watch)
        except BaseException:
            found.close()
            raise
        return found

    return read


def _since(writes: Iterable[Acknowledged], since: datetime | None) -> Iterator[Acknowledged]:
    """Return the writes since a time, and writes without a time."""
    for write in writes:
        if since is None or not write.at or datetime.fromisoformat(write.at) >= since:
            yield write


def _patience(outputs: StackOutputs, timeout_s: float, settle_s: float | None) -> Patience:
    buffered_s = buffering.UNKNOWN_S
    if outputs.delivery_stream_name is not None:
        buffered_s = buffering.buffering_s(client("firehose", outputs), outputs.delivery_stream_name)
    return Patience(
        quiet_s=min(buffered_s, _LONGEST_QUIET_S),
        settle_s=buffered_s + MARGIN_S if settle_s is None else settle_s,
        timeout_s=timeout_s,
    )
