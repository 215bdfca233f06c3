"""What a verification will read and cost, by descriptions and a listing of the change log's objects."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from lake.clients import client
from lake.costs import CommandCost, size
from lake.counts import counted
from lake.described import described_table, log_place, source_table
from lake.exported import full_export
from lake.objects import listed
from stack import StackOutputs
from transform.schema import TABLE, LakeTable

_LOG_READS = 2


class VerifyPlan(Struct, frozen=True, kw_only=True):
    """What is read: the change log twice, and a table, the keys of it that have changed, or an export.

    `items` and `bytes` are the table's, as DynamoDB counted them some hours ago (0: not yet), or the export's; None for
    the keys, whose number is not known before. `log_bytes` are those of the change log's `objects`.
    """

    source: Literal["table", "keys", "export"]
    items: int | None
    bytes: int | None
    objects: int
    log_bytes: int
    cost: CommandCost

    def __str__(self) -> str:
        log = f"{counted(self.objects, 'object')} of the change log ({size(self.log_bytes)}) twice"
        return f"reads {self._items()}, and {log}; {self.cost}"

    def _items(self) -> str:
        if self.items is None or self.bytes is None:
            return "the items whose keys have changed, each by its key"
        if not self.bytes:
            return f"the {self.source}, whose size DynamoDB does not know yet"
        about = "about " if self.source == "table" else ""
        return f"{about}{counted(self.items, 'item')} of the {self.source} ({size(self.bytes)})"


def plan(
    outputs: StackOutputs, *, by_key: bool = False, export: str | None = None, table: LakeTable = TABLE
) -> VerifyPlan:
    """Describe the verification of a table, of its changed keys (`by_key`), or of an export by its ARN.

    Raises: UserError: the table, its change log or the export cannot be used.
    """
    dynamodb, s3 = client("dynamodb", outputs), client("s3", outputs)
    name = outputs.require("table_name")
    described = described_table(dynamodb, name, table)
    change_log = outputs.change_log_name or table.change_log
    place = log_place(client("glue", outputs), outputs.require("database_name"), change_log)
    sizes = [entry["Size"] for entry in listed(s3, place.bucket, place.prefix)]
    scanned = _LOG_READS * sum(sizes)
    source: Literal["table", "keys", "export"] = "table"
    items, read = described.get("ItemCount", 0), described.get("TableSizeBytes", 0)
    if export is not None:
        found = full_export(dynamodb, s3, export, source_table(dynamodb, name, table))
        source, items, read = "export", found.items, found.bytes
        cost = CommandCost(scanned_bytes=scanned + read, queries=_LOG_READS + 1)
    elif by_key:
        source, items, read = "keys", None, None
        cost = CommandCost(scanned_bytes=scanned, queries=_LOG_READS)
    else:
        cost = CommandCost(scanned_bytes=scanned, queries=_LOG_READS, read_bytes=read)
    return VerifyPlan(source=source, items=items, bytes=read, objects=len(sizes), log_bytes=sum(sizes), cost=cost)
