"""Event patterns match like moto's own matcher, for operators that both support and fields of a fixed type."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from sandbox.pipes.patterns import compile_filters

_moto: Any = import_module("moto.events.models")

Node = dict[str, Any]


def flat(lists: list[list[Any]]) -> list[Any]:
    return [element for inner in lists for element in inner]


def merged(first: Node, second: Node) -> Node:
    return first | second


TEXT = st.text("abAB", max_size=3)
NUMBER = st.integers(-3, 3) | st.sampled_from([0.5, 1.0, -1.5])
SCALAR = TEXT | NUMBER | st.none()
NESTED_TEXT = st.one_of(TEXT, st.fixed_dictionaries({"equals-ignore-case": TEXT}))
COMPARISON = st.tuples(st.sampled_from(["<", "<=", "=", ">=", ">"]), NUMBER).map(list)
OPERATOR = st.one_of(
    st.fixed_dictionaries({"prefix": NESTED_TEXT}),
    st.fixed_dictionaries({"suffix": NESTED_TEXT}),
    st.fixed_dictionaries({"equals-ignore-case": TEXT}),
    st.fixed_dictionaries({"numeric": st.lists(COMPARISON, min_size=1, max_size=2).map(flat)}),
    st.fixed_dictionaries({"anything-but": SCALAR.filter(lambda value: value is not None)}),
    st.fixed_dictionaries({"anything-but": st.lists(TEXT | NUMBER, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"anything-but": st.fixed_dictionaries({"prefix": TEXT})}),
    st.fixed_dictionaries({"exists": st.booleans()}),
)
RULE = st.lists(SCALAR | OPERATOR, min_size=1, max_size=3)
LEAF = SCALAR | st.lists(SCALAR, min_size=1, max_size=3)


def tree(leaf: st.SearchStrategy[Any]) -> st.SearchStrategy[Node]:
    """Objects of few fields, x and y above the leaves and a to c as leaves: a field always has one kind."""
    leaves = st.dictionaries(st.sampled_from("abc"), leaf, min_size=1, max_size=3)
    below = st.dictionaries(st.sampled_from("xy"), leaves, max_size=2)
    return st.builds(merged, leaves, below)


def patterns() -> st.SearchStrategy[Node]:
    alternatives: st.SearchStrategy[Node] = st.fixed_dictionaries({"$or": st.lists(tree(RULE), min_size=1, max_size=2)})
    return st.one_of(tree(RULE), alternatives, st.builds(merged, tree(RULE), alternatives))


@given(pattern=patterns(), event=tree(LEAF))
def test_a_pattern_matches_what_motos_does(pattern: Node, event: Node) -> None:
    expected = _moto.EventPattern(json.dumps(pattern), pattern).matches_event(event)
    assert compile_filters([json.dumps(pattern)])(event) is expected


@given(event=tree(LEAF), data=st.data())
def test_an_event_matches_a_pattern_of_its_values(event: Node, data: st.DataObject) -> None:
    def own(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: own(inner) for name, inner in cast("Node", value).items()}
        return [data.draw(st.sampled_from(cast("list[Any]", value)))] if isinstance(value, list) else [value]

    assert compile_filters([json.dumps(own(event))])(event)
