"""Proof that nothing is lost: compare the DynamoDB table with the current-state view after the pipeline is drained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lake import buffering
from lake.athena import Athena, QueryError
from lake.clients import client
from lake.items import Items
from lake.ledger import Delivery
from lake.reader import LakeReader
from lake.verification import Patience, Verification, Verifier, VerifyProgress
from stack import StackOutputs, UserError
from stack.ledger import read_ledger
from transform.schema import TABLE, Table

DEFAULT_TIMEOUT_S = 600.0
MARGIN_S = 15.0
"""Added to the delivery stream's buffering for all other delays."""
_LONGEST_QUIET_S = 5.0


def verify(
    outputs: StackOutputs,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    settle_s: float | None = None,
    ledger: Path | None = None,
    watch: Callable[[VerifyProgress], None] = lambda _: None,
    table: Table = TABLE,
) -> Verification:
    """Compare the table with the view, and the ledger with the change log, until they are equal or the log is stable.

    Compares whenever the change log is quiet, and again after it changes, until there is no difference, the log is
    unchanged for `settle_s` (by default slightly longer than the delivery stream's buffering) or `timeout_s` expires.
    So late data is awaited as long as the log grows.

    Raises UserError when the outputs, the table, the database or the view are missing or unreadable, or the ledger is
    invalid.
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
            "check that the stack is deployed, and your permissions."
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
