"""JSON paths and input templates of a pipe."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sandbox.pipes.templates import TemplateError, compile_parameter, compile_template, parse_path

EVENT: dict[str, Any] = {
    "eventName": "INSERT",
    "dynamodb": {
        "Keys": {"order id": {"S": 'a"b\\c'}, "n": {"N": "7"}},
        "SizeBytes": 26,
        "list": [{"x": 1}, {"x": None}],
    },
}


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("constant", "constant"),
        ("$.eventName", "INSERT"),
        ("$.dynamodb.Keys.n.N", "7"),
        ("$.dynamodb.Keys['order id'].S", 'a"b\\c'),
        ('$.dynamodb.Keys["order id"]["S"]', 'a"b\\c'),
        ("$.dynamodb.SizeBytes", "26"),
        ("$.dynamodb.list[0].x", "1"),
        ("$.dynamodb.list[1].x", None),
        ("$.dynamodb.list[9].x", None),
        ("$.dynamodb.absent.S", None),
        ("$.eventName.S", None),
    ],
)
def test_a_parameter_is_constant_or_each_events_own(parameter: str, value: str | None) -> None:
    assert compile_parameter(parameter)(EVENT) == value


@pytest.mark.parametrize("path", ["$.", "$.a[", "$.a[x]", "$a", "$..a", "dynamodb.a"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(TemplateError, match="is not a JSON path"):
        parse_path(path)


@pytest.mark.parametrize(
    ("template", "output"),
    [
        ("static text", "static text"),
        ('{"op": <$.eventName>}', '{"op": "INSERT"}'),
        ('{"op": "<$.eventName> of <$.dynamodb.SizeBytes> bytes"}', '{"op": "INSERT of 26 bytes"}'),
        ("<$.dynamodb.Keys.n>", '{"N":"7"}'),
        ('{"key": "<$.dynamodb.Keys[\'order id\'].S>"}', '{"key": "a\\"b\\\\c"}'),
        ('{"a": <$.absent>, "b": "<$.absent>"}', '{"a": null, "b": ""}'),
        ('{"pipe": <aws.pipes.pipe-name>, "text": "<aws.pipes.pipe-name>"}', '{"pipe": "orders", "text": "orders"}'),
        ('{"not a placeholder": "<b>"}', '{"not a placeholder": "<b>"}'),
    ],
)
def test_a_template_is_filled_from_the_event(template: str, output: str) -> None:
    assert compile_template(template, {"aws.pipes.pipe-name": "orders"})(EVENT).decode() == output


def test_the_whole_event_and_the_time_are_variables() -> None:
    output = compile_template('{"e": <aws.pipes.event.json>, "t": "<aws.pipes.event.ingestion-time>"}', {})(EVENT)
    decoded = msgspec.json.decode(output)
    assert decoded["e"] == EVENT
    assert decoded["t"].endswith("Z")


def test_an_unknown_variable_is_refused() -> None:
    with pytest.raises(TemplateError, match="is not a variable"):
        compile_template("<aws.pipes.moon-phase>", {})
