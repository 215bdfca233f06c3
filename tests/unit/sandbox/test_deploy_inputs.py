"""Inputs remember what was read, at every depth, and refuse values of another type."""

from __future__ import annotations

import pytest

from sandbox.deploy.api import ServiceClients
from sandbox.deploy.inputs import Inputs
from sandbox.deploy.shapes import Shape, fill
from sandbox.errors import SandboxError

RULES = {"bucket": "b", "rules": [{"id": "a", "filter": {"prefix": "p"}}, {"id": "b", "filter": {"prefix": "q"}}]}


def request_shape(service: str, method: str) -> Shape:
    return ServiceClients("http://127.0.0.1:1").api(service, "eu-west-1").request_shape(method)


def test_everything_is_unread_at_first_and_named_by_its_path() -> None:
    assert Inputs(RULES).unread() == ["bucket", "rules"]


def test_a_block_that_was_entered_leaves_only_what_was_not_read_of_it() -> None:
    inputs = Inputs(RULES)
    inputs.require("bucket")
    for rule in inputs.blocks("rules"):
        rule.text("id")
    first = inputs.blocks("rules")[0].block("filter")
    assert first is not None
    first.text("prefix")
    assert inputs.unread() == ["rules[1].filter"]


def test_a_value_that_was_taken_whole_is_read_whole() -> None:
    inputs = Inputs(RULES)
    inputs.require("bucket")
    inputs.take("rules")
    assert inputs.unread() == []


def test_peeking_is_not_reading() -> None:
    inputs = Inputs(RULES)
    assert inputs.peek("bucket") == "b"
    assert "bucket" in inputs.unread()


def test_a_null_input_is_absent() -> None:
    inputs = Inputs({"name": None})
    assert "name" not in inputs
    assert inputs.unread() == []


def test_an_empty_block_is_given_and_has_nothing_to_read() -> None:
    inputs = Inputs({"openXJsonSerDe": {}})
    assert inputs.block("openXJsonSerDe") is not None
    assert inputs.unread() == []


@pytest.mark.parametrize(
    ("method", "value", "complaint"),
    [
        ("text", 3.0, "a.x must be a string"),
        ("flag", "true", "a.x must be a boolean"),
        ("integer", 2.5, "a.x must be an integer"),
        ("integer", True, "a.x must be an integer"),
        ("integer", "2", "a.x must be a number"),
        ("strings", {}, "a.x must be a list"),
        ("mapping", [], "a.x must be a map"),
        ("block", [], "a.x must be an object"),
        ("blocks", {}, "a.x must be a list"),
        ("blocks", ["text"], r"a.x\[0\] must be an object"),
    ],
)
def test_a_value_of_another_type_is_refused_with_its_path(method: str, value: object, complaint: str) -> None:
    with pytest.raises(SandboxError, match=complaint):
        getattr(Inputs({"x": value}, "a"), method)("x")


def test_what_is_required_and_missing_is_an_error() -> None:
    with pytest.raises(SandboxError, match="role is required"):
        Inputs({}).require("role")


def test_a_request_takes_what_its_operation_knows_whatever_the_case_of_the_name() -> None:
    inputs = Inputs(
        {
            "sourceParameters": {"dynamodbStreamParameters": {"batchSize": 500.0, "startingPosition": "TRIM_HORIZON"}},
            "namePrefix": "x",
        }
    )
    request = fill(request_shape("pipes", "create_pipe"), inputs)
    parameters = {"BatchSize": 500, "StartingPosition": "TRIM_HORIZON"}
    assert request == {"SourceParameters": {"DynamoDBStreamParameters": parameters}}
    assert inputs.unread() == ["namePrefix"]


def test_a_name_that_the_operation_does_not_know_deep_inside_stays_unread() -> None:
    inputs = Inputs({"sourceParameters": {"dynamodbStreamParameters": {"batchSize": 1, "mood": "good"}}})
    fill(request_shape("pipes", "create_pipe"), inputs)
    assert inputs.unread() == ["sourceParameters.dynamodbStreamParameters.mood"]


def test_a_map_fills_a_list_of_names_and_values() -> None:
    inputs = Inputs({"dimensions": {"TableName": "orders"}})
    request = fill(request_shape("cloudwatch", "put_metric_alarm"), inputs)
    assert request == {"Dimensions": [{"Name": "TableName", "Value": "orders"}]}


def test_what_was_read_before_is_not_filled_in_again() -> None:
    inputs = Inputs({"period": 60, "threshold": 1})
    inputs.integer("period")
    assert fill(request_shape("cloudwatch", "put_metric_alarm"), inputs) == {"Threshold": 1.0}


def test_a_value_that_the_operation_would_refuse_is_refused_with_its_path() -> None:
    inputs = Inputs({"sourceParameters": {"dynamodbStreamParameters": {"batchSize": "many"}}})
    with pytest.raises(SandboxError, match=r"sourceParameters\.dynamodbStreamParameters\.batchSize .* integer"):
        fill(request_shape("pipes", "create_pipe"), inputs)
