"""The events of both shapes in tests/events, and the rows that they make: `make snapshots` writes these again."""

from __future__ import annotations

import base64
import json

import pytest

from tests import golden
from transform.batch import Record, Transform
from transform.schema import TABLE
from transform.settings import FunctionSettings

NAMES = golden.events()


@pytest.mark.parametrize("name", NAMES)
def test_an_event_makes_its_row(name: str) -> None:
    record: Record = {"recordId": "1", "data": base64.b64encode(golden.event(name)).decode()}
    ((answer,), _) = Transform(TABLE, FunctionSettings()).answer([record])
    assert base64.b64decode(answer.get("data", "")) == (golden.EVENTS / f"{name}.row.json").read_bytes()


def test_both_shapes_are_there() -> None:
    assert {name.split("-")[0] for name in NAMES} == {"pipe", "native"}


@pytest.mark.parametrize("source", ["kinesis-source", "direct-put"])
def test_a_batch_of_either_source_is_answered_alike(source: str) -> None:
    event = json.loads((golden.EVENTS / f"firehose-{source}.json").read_text())
    answers, _ = Transform(TABLE, FunctionSettings()).answer(event["records"])
    assert [answer["recordId"] for answer in answers] == [record["recordId"] for record in event["records"]]
    assert {answer["result"] for answer in answers} == {"Ok"}
    lines = {base64.b64decode(answer.get("data", "")) for answer in answers}
    assert lines == {(golden.EVENTS / f"{name}.row.json").read_bytes() for name in NAMES}
