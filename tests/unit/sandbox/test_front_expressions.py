from __future__ import annotations

from typing import Any

import pytest

from sandbox.front.expressions import Scope, condition, projection, update
from sandbox.front.values import UnusualError

ITEM: dict[str, Any] = {
    "id": {"S": "a"},
    "version": {"N": "2"},
    "status": {"S": "placed"},
    "address": {"M": {"city": {"S": "Lyon"}, "geo": {"M": {"lat": {"N": "45"}, "lon": {"N": "4"}}}}},
}
NAMES = {"#s": "status", "#v": "version", "#n": "nothing"}
VALUES: dict[str, Any] = {":placed": {"S": "placed"}, ":one": {"N": "1"}, ":two": {"N": "2"}, ":three": {"N": "3"}}
SCOPE = Scope(ITEM, NAMES, VALUES)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("attribute_exists(id)", True),
        ("attribute_exists(#n)", False),
        ("attribute_not_exists(#n)", True),
        ("#s = :placed", True),
        (":placed=#s", True),
        ("#v < :three AND #v>:one", True),
        ("#v <= :two AND #v >= :two", True),
        ("#v = :placed", False),
        ("#n = :one", False),
        ("NOT #v = :one", True),
        ("not (#v = :one or #v = :two)", False),
        ("#v = :one OR #v = :two AND #s = :placed", True),
        ("attribute_not_exists(id) OR #v < :three", True),
    ],
)
def test_conditions(text: str, holds: bool) -> None:
    assert condition(text).holds(SCOPE) is holds


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("SET #s = :placed", {"status": {"S": "placed"}}),
        ("set #s=:placed,#v=#v+:one", {"status": {"S": "placed"}, "version": {"N": "3"}}),
        ("SET a = :three - #v", {"a": {"N": "1"}}),
        ("SET a = if_not_exists(#n, :one) + :one", {"a": {"N": "2"}}),
        ("SET a = if_not_exists(#v, :one)", {"a": {"N": "2"}}),
        ("SET a = id, id = #s", {"a": {"S": "a"}, "id": {"S": "placed"}}),
        ("REMOVE #s, #n", {"status": None, "nothing": None}),
        ("ADD #v :one, #n :two", {"version": {"N": "3"}, "nothing": {"N": "2"}}),
        ("REMOVE #s SET a = :one ADD #v :one", {"status": None, "a": {"N": "1"}, "version": {"N": "3"}}),
    ],
)
def test_updates(text: str, changes: dict[str, Any]) -> None:
    assert update(text).apply(SCOPE) == changes


def test_projections_keep_the_maps_that_hold_what_is_asked_for() -> None:
    assert projection("id, address.geo.lat, address.city, #n.x").apply(SCOPE) == {
        "id": {"S": "a"},
        "address": {"M": {"geo": {"M": {"lat": {"N": "45"}}}, "city": {"S": "Lyon"}}},
    }


def test_the_placeholders_are_known() -> None:
    assert condition("#v = :one AND attribute_exists(#s)").placeholders == {"#v", ":one", "#s"}
    assert update("SET #v = if_not_exists(#s, :one)").placeholders == {"#v", "#s", ":one"}
    assert projection("#a.#b, c").placeholders == {"#a", "#b"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "#v",
        "#v <> :one",
        "#v BETWEEN :one AND :two",
        "#v IN (:one)",
        "size(#s) > :one",
        "begins_with(#s, :placed)",
        "a.b = :one",
        "a[0] = :one",
        "status = :one",
        "(#v = :one",
        "#v = :one)",
        "#v = :one AND",
        "#v == :one",
    ],
)
def test_rarer_conditions_and_wrong_ones_are_left_to_moto(text: str) -> None:
    with pytest.raises(UnusualError):
        condition(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SET",
        "SET a.b = :one",
        "SET a[0] = :one",
        "SET a = list_append(a, :one)",
        "SET status = :one",
        "SET 1a = :one",
        "DELETE a :one",
        "SET a = :one SET b = :one",
        "REMOVE a.b",
        "SET a = :one,",
    ],
)
def test_rarer_updates_and_wrong_ones_are_left_to_moto(text: str) -> None:
    with pytest.raises(UnusualError):
        update(text)


@pytest.mark.parametrize(
    "text", ["SET a = #n", "SET a = #s + :one", "ADD #s :one", "ADD #v :placed", "SET a = :one, a = :two"]
)
def test_updates_that_an_item_does_not_allow_are_left_to_moto(text: str) -> None:
    with pytest.raises(UnusualError):
        update(text).apply(SCOPE)
