"""The fixtures of both shapes in tests/events, and the rows that they make."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from transform.batch import Record, Transform
from transform.schema import TABLE
from transform.settings import Settings

EVENTS = Path(__file__).parents[2] / "events"
NAMES = sorted(path.name.removesuffix(".row.json") for path in EVENTS.glob("*.row.json"))


def content(name: str) -> bytes:
    return (EVENTS / f"{name}.json").read_bytes().rstrip(b"\n")


@pytest.mark.parametrize("name", NAMES)
def test_an_event_makes_its_row(name: str) -> None:
    record: Record = {"recordId": "1", "data": base64.b64encode(content(name)).decode()}
    ((answer,), _) = Transform(TABLE, Settings()).answer([record])
    assert base64.b64decode(answer.get("data", "")) == (EVENTS / f"{name}.row.json").read_bytes()


def test_both_shapes_are_there() -> None:
    assert {name.split("-")[0] for name in NAMES} == {"pipe", "native"}


@pytest.mark.parametrize("source", ["kinesis-source", "direct-put"])
def test_a_batch_of_either_source_is_answered_alike(source: str) -> None:
    event = json.loads((EVENTS / f"firehose-{source}.json").read_text())
    answers, _ = Transform(TABLE, Settings()).answer(event["records"])
    assert [answer["recordId"] for answer in answers] == [record["recordId"] for record in event["records"]]
    assert {answer["result"] for answer in answers} == {"Ok"}
    lines = {base64.b64decode(answer.get("data", "")) for answer in answers}
    assert lines == {(EVENTS / f"{name}.row.json").read_bytes() for name in NAMES}
