"""The stack's state machine of the scheduled merge, started by hand.

Merges that make the table again must be alone: one that began before the table was dropped could end by declaring as
merged what the new table does not have. The machine lets one execution work at a time, so that where a stack has one
every merge goes through it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec

from components.current import REBUILD
from lake.clients import client
from stack import StackOutputs, UserError

_POLL_S = 1.0


class MergeFailedError(Exception):
    """An execution that failed; its text is one sentence."""


class MergeMachine:
    """The machine of a deployed pipeline with `mergeIntervalMinutes`. `wait` waits so many seconds."""

    def __init__(self, outputs: StackOutputs, *, wait: Callable[[float], None] = time.sleep) -> None:
        self._states: Any = client("stepfunctions", outputs)
        self._arn = outputs.require("merge_machine_arn")
        self._wait = wait

    def merge(self, *, rebuild: bool = False) -> None:
        """Run one execution to its end; with `rebuild` it makes the table again.

        Raises UserError when another one runs, MergeFailedError when the execution fails. A stop of this process does
        not stop the execution.
        """
        text = msgspec.json.encode({REBUILD: True} if rebuild else {}).decode()
        execution: str = self._states.start_execution(stateMachineArn=self._arn, input=text)["executionArn"]
        while (found := self._states.describe_execution(executionArn=execution))["status"] == "RUNNING":
            self._wait(_POLL_S)
        if found["status"] != "SUCCEEDED":
            why = found.get("cause") or found.get("error") or "no cause is given"
            raise MergeFailedError(f"the execution {execution} is {found['status']}: {why}")
        if msgspec.json.decode(found["output"])["running"]["count"] > 1:
            raise UserError("Another merge of this stack is running, and two must not make the table: run this again.")
