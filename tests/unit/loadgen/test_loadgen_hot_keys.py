"""The sentences and the tables of a run's hot keys."""

from __future__ import annotations

from loadgen.dynamodb.contributors import KeyCount, TableKeys
from loadgen.report import hot_keys

HOT = KeyCount(key=("<a>",), number=90_000.0, busiest_per_s=1500.0)
ON = TableKeys(
    table="orders",
    state="on",
    since="2026-11-29T13:05:00+00:00",
    until="2026-11-29T13:07:00+00:00",
    accessed=[HOT, *(KeyCount(key=(f"k{number}",), number=3.0, busiest_per_s=0.05) for number in range(9))],
    throttled=[],
    accessed_items=[KeyCount(key=("a", "1"), number=3.0, busiest_per_s=0.05)],
    throttled_items=[],
)


def test_the_largest_three_are_named_with_their_part_of_a_partitions_limit() -> None:
    """A partition takes 1,000 write units a second, each of which counts three."""
    accessed, throttled = hot_keys.lines([ON])
    assert accessed == (
        "hot keys of orders (13:05 to 13:07 UTC): <a> 90,000 units (50% of a partition's limit in its busiest minute), "
        "k0 3 units (0% of a partition's limit in its busiest minute), "
        "k1 3 units (0% of a partition's limit in its busiest minute)"
    )
    assert throttled == "throttled keys of orders (13:05 to 13:07 UTC): nothing was counted"


def test_the_page_has_every_key_escaped_and_items_by_both_keys() -> None:
    html = hot_keys.html([ON])
    assert "<th>&lt;a&gt;</th><td>90,000</td><td>1,500.0</td>" in html
    assert "<th>a / 1</th>" in html
    assert html.count("<table>") == 2


def test_no_number_is_a_number_when_it_cannot_be_read() -> None:
    denied = TableKeys(table="orders", state="unknown", reason="AccessDenied: no <policy>")
    assert hot_keys.lines([denied]) == ["hot keys of orders are not known: AccessDenied: no <policy>"]
    assert "no &lt;policy&gt;" in hot_keys.html([denied])
    assert hot_keys.lines([]) == []
    assert hot_keys.html([]) == ""
