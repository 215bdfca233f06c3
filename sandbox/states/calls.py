"""The calls of Step Functions that concern executions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.athena.errors import ApiError
from sandbox.athena.service import Call
from sandbox.states.executions import StateExecutions, StoredExecution

_PAGE = 100
"""ListExecutions's default page. https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html"""


class ExecutionCalls:
    """The calls by their names, each from a request's members to a response's."""

    def __init__(self, executions: StateExecutions) -> None:
        self._executions = executions

    @property
    def calls(self) -> Mapping[str, Call]:
        """The function of each operation."""
        return {
            "StartExecution": self._start,
            "StopExecution": self._stop,
            "DescribeExecution": self._describe,
            "ListExecutions": self._list,
        }

    def _start(self, given: Mapping[str, Any]) -> dict[str, Any]:
        one = self._executions.start(given["stateMachineArn"], given.get("name") or "", given.get("input") or "{}")
        return {"executionArn": one.arn, "startDate": one.started_s}

    def _stop(self, given: Mapping[str, Any]) -> dict[str, Any]:
        one = self._executions.stop(given["executionArn"], given.get("error") or "", given.get("cause") or "")
        return {"stopDate": one.stopped_s}

    def _describe(self, given: Mapping[str, Any]) -> dict[str, Any]:
        one = self._executions.described(given["executionArn"])
        ended = {"output": one.output, "error": one.error, "cause": one.cause}
        return _summary(one) | {"input": one.input, **{name: text for name, text in ended.items() if text}}

    def _list(self, given: Mapping[str, Any]) -> dict[str, Any]:
        token = given.get("nextToken") or "0"
        if not token.isdecimal():
            raise ApiError(f"Invalid Token: '{token}'", "InvalidToken")
        first, size = int(token), given.get("maxResults") or _PAGE
        found = self._executions.listed(given["stateMachineArn"], given.get("statusFilter") or "")
        more = {"nextToken": str(first + size)} if len(found) > first + size else {}
        return {"executions": [_summary(one) for one in found[first : first + size]], **more}


def _summary(one: StoredExecution) -> dict[str, Any]:
    stopped = {} if one.stopped_s is None else {"stopDate": one.stopped_s}
    return {
        "executionArn": one.arn,
        "stateMachineArn": one.machine_arn,
        "name": one.name,
        "status": one.status,
        "startDate": one.started_s,
        **stopped,
    }
