"""Proof that nothing is lost: the DynamoDB table against the current-state view, once the pipeline has drained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lake import buffering
from lake.athena import Athena, QueryError
from lake.clients import client
from lake.items import Items
from lake.ledger import Delivery, read_ledger
from lake.reader import LakeReader
from lake.verification import Patience, Progress, Verification, Verifier
from stack import StackOutputs, UserError
from transform.schema import TABLE, Table

DEFAULT_TIMEOUT_S = 600.0
MARGIN_S = 15.0
"""Added to the delivery stream's buffering for everything else that takes time."""
_LONGEST_QUIET_S = 5.0


def verify(
    outputs: StackOutputs,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    settle_s: float | None = None,
    ledger: Path | None = None,
    watch: Callable[[Progress], None] = lambda _: None,
    table: Table = TABLE,
) -> Verification:
    """Compare the table with the view, and the ledger with the change log, until they agree or never will.

    Compares whenever the change log has come to rest, and again when it has
    moved on, until all is right, the log has stayed the same for `settle_s`
    (by default somewhat longer than the delivery stream buffers) or `timeout_s`
    are over. So late data is waited for as long as there is any sign of it.

    UserError when the outputs, the table, the database or the view are missing
    or may not be read, or the ledger is not one.
    """
    table_name = outputs.require("table_name")
    athena = Athena(client("athena", outputs), outputs.require("workgroup_name"), outputs.require("database_name"))
    lake = LakeReader(athena, table, outputs.change_log_name or table.change_log, outputs.view_name or table.view)
    delivery = None if ledger is None else Delivery(read_ledger(ledger), table_name)
    verifier = Verifier(
        table,
        Items(client("dynamodb", outputs), table_name, table),
        lake,
        _patience(outputs, timeout_s, settle_s),
        delivery=delivery,
        watch=watch,
    )
    try:
        return verifier.run()
    except QueryError as error:
        raise UserError(
            f"Athena cannot read {lake.change_log} and {lake.view} in database {outputs.database_name} ({error}): "
            "check that the stack is deployed and your permissions."
        ) from error


def _patience(outputs: StackOutputs, timeout_s: float, settle_s: float | None) -> Patience:
    buffered_s = buffering.UNKNOWN_S
    if outputs.delivery_stream_name is not None:
        buffered_s = buffering.buffering_s(client("firehose", outputs), outputs.delivery_stream_name)
    return Patience(
        quiet_s=min(buffered_s, _LONGEST_QUIET_S),
        settle_s=buffered_s + MARGIN_S if settle_s is None else settle_s,
        timeout_s=timeout_s,
    )
