"""The hot and the throttled keys of a run's tables, in sentences and as a table of the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from loadgen.dynamodb.contributors import PARTITION_UNITS_PER_S, SETTING, KeyCount, TableKeys

_SHOWN = 3


def lines(tables: Sequence[TableKeys]) -> list[str]:
    """Return the largest keys of each table, or how to have them counted."""
    return [line for table in tables for line in _of_table(table)]


def _of_table(table: TableKeys) -> Iterator[str]:
    if table.state == "off":
        yield (
            f"hot keys of {table.table} are not counted: set {SETTING} to all-keys, or run `aws dynamodb "
            f"update-contributor-insights --table-name {table.table} --contributor-insights-action ENABLE`"
        )
        return
    if table.state == "unknown":
        yield f"hot keys of {table.table} are not known: {table.reason}"
        return
    when = f" ({table.since[11:16]} to {table.until[11:16]} UTC)" if table.since and table.until else ""
    for name, counts, unit in (("hot", table.accessed, "units"), ("throttled", table.throttled, "throttles")):
        if counts is not None:
            yield f"{name} keys of {table.table}{when}: {_listed(counts, unit)}"


def _listed(counts: Sequence[KeyCount], unit: str) -> str:
    shown = [f"{_name(one)} {one.number:,.0f} {unit}{_share(one, unit)}" for one in counts[:_SHOWN]]
    return ", ".join(shown) if shown else "nothing was counted"


def _share(one: KeyCount, unit: str) -> str:
    if unit != "units":
        return ""
    return f" ({one.busiest_per_s / PARTITION_UNITS_PER_S:.0%} of a partition's limit in its busiest minute)"


def _name(one: KeyCount) -> str:
    return " / ".join(one.key)


def html(tables: Sequence[TableKeys]) -> str:
    """Return the keys of each table as HTML: the sentence where there are no numbers."""
    return "".join(_rows(table) for table in tables)


def _rows(table: TableKeys) -> str:
    if table.state != "on":
        return "".join(f'<p class="quiet">{escape(line)}</p>' for line in _of_table(table))
    parts = (
        ("accessed partition key", table.accessed, "units"),
        ("throttled partition key", table.throttled, "throttles"),
        ("accessed item", table.accessed_items, "units"),
        ("throttled item", table.throttled_items, "throttles"),
    )
    return "".join(_table_of(f"{table.table}: {title}", counts, unit) for title, counts, unit in parts if counts)


def _table_of(title: str, counts: Sequence[KeyCount], unit: str) -> str:
    rows = "".join(
        f"<tr><th>{escape(_name(one))}</th><td>{one.number:,.0f}</td><td>{one.busiest_per_s:,.1f}</td></tr>"
        for one in counts
    )
    head = f"<th>{escape(title)}</th><th>{unit}</th><th>per s, busiest minute</th>"
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
