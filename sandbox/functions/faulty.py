"""The effects of a fault on a Lambda function: it raises, times out, returns a wrong response, or is slow.

The error documents are those of Lambda's runtime: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec

from sandbox.faults.fault import Fault
from sandbox.faults.points import POINTS
from sandbox.functions.config import FunctionConfig
from sandbox.functions.environment import InvocationResult
from sandbox.functions.runtime_api import Invocation

_NO_LOG = b""


def faulty(config: FunctionConfig, invocation: Invocation, invoke: Callable[[], InvocationResult]) -> InvocationResult:
    """Return the result of an invocation under a fault.

    A function that raises or times out has not run.
    """
    watch = POINTS.watch
    fault = None if watch is None else watch.struck("function", "lambda", "Invoke", function=config.name)
    if fault is None:
        return invoke()
    how = fault.text("how")
    if how == "raise":
        document: dict[str, Any] = {
            "errorMessage": "A fault of the sandbox.",
            "errorType": "RuntimeError",
            "requestId": invocation.request_id,
            "stackTrace": [],
        }
        return InvocationResult(msgspec.json.encode(document), failed=True, log_tail=_NO_LOG)
    if how == "timeout":
        time.sleep(fault.number("after_ms") / 1000)
        message = f"RequestId: {invocation.request_id} Error: Task timed out after {config.timeout_s:.2f} seconds"
        document = {"errorType": "Sandbox.Timedout", "errorMessage": message}
        return InvocationResult(msgspec.json.encode(document), failed=True, log_tail=_NO_LOG)
    result = invoke()
    if how == "slow":
        time.sleep(fault.number("record_ms") / 1000 * _records_of(invocation.payload))
        return result
    return (
        result
        if result.failed
        else InvocationResult(_spoiled(result.payload, fault), failed=False, log_tail=result.log_tail)
    )


def _records_of(payload: bytes) -> int:
    """The number of records of an invocation: `records` of Firehose, `Records` of event sources, else one."""
    try:
        event = msgspec.json.decode(payload, type=_Event)
    except msgspec.DecodeError:
        return 1
    return len(event.records or event.Records or (None,))


def _spoiled(payload: bytes, fault: Fault) -> bytes:
    """A Firehose transform's response with one error in it; any other response becomes an empty object.

    https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html
    """
    answer = fault.text("answer")
    if answer == "not-json":
        return payload[: len(payload) // 2]
    try:
        document = msgspec.json.decode(payload, type=_Response)
    except msgspec.DecodeError:
        return b"{}"
    records = document.records
    first, rest = records[0], records[1:]
    match answer:
        case "no-record-id":
            records = [{name: value for name, value in first.items() if name != "recordId"}, *rest]
        case "missing-record":
            records = rest
        case "repeated-record":
            records = [first, *records]
        case "unknown-result":
            records = [first | {"result": "Fine"}, *rest]
        case _:
            records = [first | {"data": "no base64!"}, *rest]
    return msgspec.json.encode({"records": records})


class _Event(msgspec.Struct):
    records: list[msgspec.Raw] = []
    Records: list[msgspec.Raw] = []


class _Response(msgspec.Struct):
    records: list[dict[str, Any]]

    def __post_init__(self) -> None:
        if not self.records:
            raise ValueError("no records")
