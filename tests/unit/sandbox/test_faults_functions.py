"""A Lambda function that a fault has fail."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from sandbox.faults import Fault
from sandbox.faults.kinds import WRONG_ANSWERS
from sandbox.faults.points import POINTS, ProcessFaults
from sandbox.firehose.records import BufferedRecord
from sandbox.firehose.transform import Dropped, Failed, Transformed, judge
from sandbox.functions.config import FunctionConfig
from sandbox.functions.environment import InvocationResult
from sandbox.functions.faulty import faulty
from sandbox.functions.runtime_api import Invocation
from sandbox.streams import KinesisRecord

CONFIG: Any = type("Config", (), {"name": "transform", "timeout_s": 3.0})()
RECORDS = [{"recordId": name, "result": "Ok", "data": base64.b64encode(name.encode()).decode()} for name in "abc"]


class _Watch(ProcessFaults):
    def __init__(self, fault: Fault) -> None:
        self.fault = fault

    def struck(self, kind: str, service: str, operation: str = "", **parameters: str) -> Fault | None:
        assert (kind, service, operation, parameters) == ("function", "lambda", "Invoke", {"function": "transform"})
        return self.fault


def _run(
    monkeypatch: pytest.MonkeyPatch,
    payload: bytes = json.dumps({"records": RECORDS}).encode(),
    event: bytes = b"{}",
    **parameters: Any,
) -> InvocationResult:
    monkeypatch.setattr(POINTS, "watch", _Watch(Fault("function", "lambda", "Invoke", parameters=parameters)))
    config: FunctionConfig = CONFIG
    invocation = Invocation("id-1", "arn", 3.0, event, "trace")
    return faulty(config, invocation, lambda: InvocationResult(payload, failed=False, log_tail=b""))


def test_it_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    result = _run(monkeypatch, how="raise")
    assert result.failed
    assert json.loads(result.payload)["errorType"] == "RuntimeError"


def test_it_times_out_with_its_own_timeout_in_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    result = _run(monkeypatch, how="timeout", after_ms=1)
    assert result.failed
    assert json.loads(result.payload)["errorMessage"] == "RequestId: id-1 Error: Task timed out after 3.00 seconds"


@pytest.mark.parametrize(
    ("event", "records"), [({"records": [1, 2, 3]}, 3), ({"Records": [1, 2]}, 2), ({"x": 1}, 1), ([1, 2], 1)]
)
def test_a_slow_one_takes_longer_for_each_record(monkeypatch: pytest.MonkeyPatch, event: object, records: int) -> None:
    slept: list[float] = []
    monkeypatch.setattr("sandbox.functions.faulty.time.sleep", slept.append)
    payload = json.dumps(event).encode()
    result = _run(monkeypatch, event=payload, how="slow", record_ms=4)
    assert (result.failed, json.loads(result.payload)["records"]) == (False, RECORDS)
    assert slept == [pytest.approx(0.004 * records)]


@pytest.mark.parametrize("answer", WRONG_ANSWERS)
def test_a_wrong_answer_is_one_that_firehose_does_not_take(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    result = _run(monkeypatch, how="wrong", answer=answer)
    assert not result.failed
    records = {name: BufferedRecord("shard", KinesisRecord(name, 0.0, name, b"")) for name in "abc"}
    outcomes = judge(result.payload, records)
    assert len(outcomes) == 3
    failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    assert 1 <= len(failed) <= 3
    assert all(isinstance(outcome, Failed | Transformed | Dropped) for outcome in outcomes)


def test_the_wrong_answer_of_another_function_is_an_empty_object(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _run(monkeypatch, b'[{"eventID":"1"}]', how="wrong", answer="missing-record").payload == b"{}"
