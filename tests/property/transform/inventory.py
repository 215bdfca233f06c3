"""A second table, very different from the shipped one: stock movements with a composite key."""

from __future__ import annotations

from transform.schema import Column, KeyAttribute, LakeTable

INVENTORY = LakeTable(
    entity="movement",
    change_log="movement_changes",
    view="stock",
    partition_key=KeyAttribute("sku#warehouse", "B"),
    sort_key=KeyAttribute("moved", "N"),
    columns=(
        Column("place", "string", ("sku#warehouse",), "article and warehouse"),
        Column("moved", "bigint", ("moved",), "when, in nanoseconds"),
        Column("quantity", "decimal(38,6)", ("quantity",), "what came in, less what went out"),
        Column("fraction", "decimal(4,4)", ("fraction",), "of a pallet"),
        Column("weight", "double", ("measures", "weight"), "in kg"),
        Column("depth", "int", ("measures", "box", "depth"), "in mm"),
        Column("fragile", "boolean", ("measures", "box", "is fragile"), "to be handled with care"),
        Column("counted_on", "date", ("counted_on",), "day of the last count"),
        Column("counted_at", "timestamp", ("counted at",), "time of the last count"),
        Column("note", "string", ("größe €",), "as written"),
    ),
)
