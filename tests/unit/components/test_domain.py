"""Domain events as patterns, by a matcher of EventBridge's rules independent of the program."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import domain
from components.settings import MAX_LISTED
from sandbox.pipes.patterns import compile_filters
from sandbox.pipes.templates import compile_template
from transform.schema import TABLE, Column, DomainEvent, KeyAttribute, LakeTable

THRESHOLD = 10
SOURCE = "order-cdc"
# AWS's limits of a filter's pattern, a Pipe's template and, by default, a rule's pattern.
FILTER_LENGTH, TEMPLATE_LENGTH, RULE_LENGTH = 4096, 8192, 2048

STATUSES = st.sampled_from([None, "placed", "paid", "shipped", "cancelled", "returned"])
COUNTS = st.one_of(st.none(), st.integers(0, 2000))


def image(status: str | None, count: int | None) -> dict[str, Any]:
    made: dict[str, Any] = {"order_id": {"S": "o"}}
    if status is not None:
        made["status"] = {"S": status}
    if count is not None:
        made["item_count"] = {"N": str(count)}
    return made


def change(op: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> dict[str, Any]:
    images = {name: one for name, one in (("OldImage", old), ("NewImage", new)) if one is not None}
    return {"data": {"eventID": "e", "eventName": op, "dynamodb": {"Keys": {"order_id": {"S": "o"}}, **images}}}


@st.composite
def changes(draw: st.DrawFn) -> tuple[dict[str, Any], set[str]]:
    """A change, and its domain events by the schema's definition."""
    op = draw(st.sampled_from(["INSERT", "MODIFY", "REMOVE"]))
    was, status, count = draw(STATUSES), draw(STATUSES), draw(COUNTS)
    old = None if op == "INSERT" else image(was, draw(COUNTS))
    new = None if op == "REMOVE" else image(status, count)
    events = {
        "order placed": op == "INSERT" and status == "placed",
        "order paid": op == "MODIFY" and status == "paid" and was != "paid",
        "order cancelled": op == "MODIFY" and status == "cancelled" and was != "cancelled",
        "large order": op == "INSERT" and status == "placed" and count is not None and count >= THRESHOLD,
    }
    return change(op, old, new), {name for name, is_one in events.items() if is_one}


def published(event: dict[str, Any]) -> dict[str, Any] | None:
    """Return the event on the bus for a change; None if the Pipe's filters drop it."""
    if not compile_filters(domain.filters(TABLE, THRESHOLD))(event):
        return None
    detail = msgspec.json.decode(compile_template(domain.detail(TABLE), {})(event))
    return {"source": SOURCE, "detail-type": event["data"]["dynamodb"]["NewImage"]["status"]["S"], "detail": detail}


def named(event: dict[str, Any], table: LakeTable = TABLE) -> Iterator[str]:
    """Return the domain events whose rules an event on the bus matches."""
    for one in table.events:
        if compile_filters([domain.pattern(table, one, THRESHOLD, SOURCE)])(event):
            yield one.name


@given(changes())
def test_a_change_is_published_as_its_events_and_no_others(made: tuple[dict[str, Any], set[str]]) -> None:
    event, expected = made
    bus_event = published(event)
    assert (set(named(bus_event)) if bus_event else set[str]()) == expected
    assert bus_event is None or expected


@given(st.integers(2, MAX_LISTED), st.integers(0, 10**9))
def test_a_count_is_compared_exactly(threshold: int, count: int) -> None:
    large = next(event for event in TABLE.events if event.at_least)
    detail = {"op": "INSERT", "order": {"item_count": str(count)}}
    matches = compile_filters([domain.pattern(TABLE, large, threshold, SOURCE)])
    assert matches({"source": SOURCE, "detail-type": "placed", "detail": detail}) is (count >= threshold)


def test_everything_fits_into_what_aws_takes_whatever_the_threshold() -> None:
    assert len(domain.filters(TABLE, MAX_LISTED)) <= domain.MAXIMUM_FILTERS
    assert all(len(text) <= FILTER_LENGTH for text in domain.filters(TABLE, MAX_LISTED))
    assert len(domain.detail(TABLE)) <= TEMPLATE_LENGTH
    assert all(len(domain.pattern(TABLE, event, MAX_LISTED, "s" * 60)) <= RULE_LENGTH for event in TABLE.events)


def test_a_large_order_passes_the_pipe_as_one_that_is_placed() -> None:
    assert len(domain.filters(TABLE, THRESHOLD)) == len(TABLE.events) - 1


def test_every_column_is_in_the_detail() -> None:
    assert set(json.loads(domain.detail(TABLE))["order"]) == {column.name for column in TABLE.columns}


def test_the_detail_type_is_what_the_column_has_become() -> None:
    assert domain.detail_type(TABLE) == "$.data.dynamodb.NewImage.status.S"


def parcel(*events: DomainEvent, where: tuple[str, ...] = ("state", "now")) -> LakeTable:
    """A very different table: nested attributes, and names that no JSON path can contain."""
    return LakeTable(
        entity="parcel",
        change_log="parcel_changes",
        view="parcels",
        partition_key=KeyAttribute("id", "N"),
        sort_key=None,
        columns=(
            Column("id", "bigint", ("id",), ""),
            Column("place", "string", where, ""),
            Column("weight_g", "int", ("state", "weight"), ""),
            Column("note", "string", ("größe €",), ""),
        ),
        events=events,
    )


HEAVY = DomainEvent("Heavy parcel lost!", "MODIFY", "place", "lost", at_least="weight_g")


def test_another_table_has_its_own_events() -> None:
    table = parcel(HEAVY)
    (pattern,) = domain.filters(table, 3)
    state = {"state": {"M": {"now": {"S": "lost"}, "weight": {"N": "3"}}}}
    lost = {"data": {"eventName": "MODIFY", "dynamodb": {"NewImage": state, "OldImage": {}}}}
    assert compile_filters([pattern])(lost)
    state["state"]["M"]["weight"] = {"N": "2"}
    assert not compile_filters([pattern])(lost)
    assert domain.detail_type(table) == "$.data.dynamodb.NewImage.state.M.now.S"
    assert set(json.loads(domain.detail(table))["parcel"]) == {"id", "place", "weight_g"}
    assert domain.slug(HEAVY) == "heavy-parcel-lost"


def test_an_event_of_a_column_that_no_path_can_hold_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no JSON path of a Pipe can contain the attribute 'state\.wo ist'"):
        domain.filters(parcel(HEAVY, where=("state", "wo ist")), 3)


def test_more_events_than_a_pipe_can_filter_are_refused() -> None:
    events = [DomainEvent(f"at {place}", "MODIFY", "place", place) for place in "abcdef"]
    with pytest.raises(ValueError, match="a Pipe has at most 5 filters, the events of 'parcel' need 6"):
        domain.filters(parcel(*events), 3)
