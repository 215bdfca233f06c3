"""Event patterns, by the examples of EventBridge's documentation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.pipes.patterns import PatternError, compile_filters, compile_pattern

EVENT: dict[str, Any] = {
    "eventName": "MODIFY",
    "count": 5,
    "price": 12.5,
    "flag": True,
    "nothing": None,
    "tags": ["red", "green"],
    "address": "10.0.0.24",
    "dynamodb": {
        "Keys": {"id": {"S": "o-1"}},
        "NewImage": {"status": {"S": "paid"}, "total": {"N": "10"}, "empty": {"S": ""}},
        "items": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}],
    },
}


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ({"eventName": ["INSERT", "MODIFY"]}, True),
        ({"eventName": ["INSERT"]}, False),
        ({"eventName": ["modify"]}, False),
        ({"eventName": [{"equals-ignore-case": "modify"}]}, True),
        ({"eventName": [{"prefix": "MOD"}]}, True),
        ({"eventName": [{"prefix": "REM"}]}, False),
        ({"eventName": [{"prefix": {"equals-ignore-case": "mod"}}]}, True),
        ({"eventName": [{"suffix": "IFY"}]}, True),
        ({"eventName": [{"suffix": {"equals-ignore-case": "ify"}}]}, True),
        ({"eventName": [{"wildcard": "M*F*"}]}, True),
        ({"eventName": [{"wildcard": "M*X"}]}, False),
        ({"eventName": [{"anything-but": "REMOVE"}]}, True),
        ({"eventName": [{"anything-but": ["REMOVE", "MODIFY"]}]}, False),
        ({"eventName": [{"anything-but": {"prefix": "MOD"}}]}, False),
        ({"eventName": [{"anything-but": {"suffix": ["X", "Y"]}}]}, False),
        ({"eventName": [{"anything-but": {"equals-ignore-case": "remove"}}]}, True),
        ({"eventName": [{"anything-but": {"wildcard": "R*"}}]}, True),
        ({"absent": [{"anything-but": "x"}]}, False),
        ({"count": [5]}, True),
        ({"count": [5.0]}, True),
        ({"count": ["5"]}, False),
        ({"count": [{"numeric": [">", 0, "<=", 5]}]}, True),
        ({"count": [{"numeric": ["<", 5]}]}, False),
        ({"price": [{"numeric": ["=", 12.5]}]}, True),
        ({"flag": [True]}, True),
        ({"flag": [1]}, False),
        ({"count": [True]}, False),
        ({"flag": [{"numeric": ["=", 1]}]}, False),
        ({"nothing": [None]}, True),
        ({"absent": [None]}, False),
        ({"tags": ["green"]}, True),
        ({"tags": [{"prefix": "bl"}]}, False),
        ({"tags": [{"anything-but": "red"}]}, True),
        ({"address": [{"cidr": "10.0.0.0/24"}]}, True),
        ({"address": [{"cidr": "10.1.0.0/24"}]}, False),
        ({"eventName": [{"cidr": "10.1.0.0/24"}]}, False),
        ({"dynamodb": {"NewImage": {"status": {"S": ["paid"]}}}}, True),
        ({"dynamodb": {"NewImage": {"empty": {"S": [""]}}}}, True),
        ({"dynamodb": {"NewImage": {"total": {"N": [{"numeric": [">", 5]}]}}}}, False),
        ({"dynamodb": {"OldImage": {"status": {"S": ["paid"]}}}}, False),
        ({"dynamodb": {"OldImage": {"status": {"S": [{"exists": False}]}}}}, True),
        ({"dynamodb": {"NewImage": {"status": {"S": [{"exists": True}]}}}}, True),
        ({"dynamodb": {"NewImage": [{"exists": True}]}}, False),
        ({"absent": [{"exists": False}]}, True),
        ({"eventName": [{"exists": False}]}, False),
        ({"dynamodb": {"items": {"sku": ["a"], "n": [1]}}}, True),
        ({"dynamodb": {"items": {"sku": ["a"], "n": [2]}}}, False),
        ({"$or": [{"eventName": ["REMOVE"]}, {"count": [{"numeric": [">", 1]}]}]}, True),
        ({"$or": [{"eventName": ["REMOVE"]}, {"count": [6]}], "flag": [True]}, False),
        ({"eventName": ["MODIFY"], "count": [6]}, False),
        ({}, True),
    ],
)
def test_a_pattern_matches_as_eventbridge_says(pattern: dict[str, Any], matches: bool) -> None:
    assert compile_pattern(pattern)(EVENT) is matches


def test_a_wildcard_takes_escaped_characters_for_themselves() -> None:
    matches = compile_pattern({"path": [{"wildcard": r"a\*b\\*"}]})
    assert matches({"path": "a*b\\anything"})
    assert not matches({"path": "aXb\\anything"})


@pytest.mark.parametrize(
    "pattern",
    [
        "[]",
        '{"a": "x"}',
        '{"a": []}',
        '{"a": [[1]]}',
        '{"a": [{"prefix": 1}]}',
        '{"a": [{"prefix": "a", "suffix": "b"}]}',
        '{"a": [{"prefix": {"suffix": "b"}}]}',
        '{"a": [{"exists": "yes"}]}',
        '{"a": [{"numeric": [">"]}]}',
        '{"a": [{"numeric": ["about", 3]}]}',
        '{"a": [{"numeric": [">", "3"]}]}',
        '{"a": [{"cidr": "somewhere"}]}',
        '{"a": [{"anything-but": []}]}',
        '{"a": [{"sounds-like": "x"}]}',
        '{"$or": {}}',
        "not json",
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        compile_filters([pattern])


def test_one_of_several_filters_is_enough_and_without_filters_everything_passes() -> None:
    either = compile_filters([json.dumps({"count": [1]}), json.dumps({"count": [5]})])
    assert either(EVENT)
    assert not compile_filters([json.dumps({"count": [1]})])(EVENT)
    assert compile_filters([])(EVENT)
