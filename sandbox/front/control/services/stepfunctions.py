"""Step Functions' definitions and versions; the states service has the executions.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html
"""

from __future__ import annotations

from typing import Any

from moto.stepfunctions.models import stepfunctions_backends

from sandbox.front.backends import backend_of
from sandbox.front.control.absent import lacking
from sandbox.front.control.call import ControlCall
from sandbox.front.control.registry import answers
from sandbox.states.language import document


@answers("stepfunctions", "ValidateStateMachineDefinition")
def validate(call: ControlCall) -> dict[str, Any]:
    """Return whether a definition is valid and the sandbox supports it."""
    try:
        document(call.parameters["definition"])
    except ValueError as error:
        code, _, message = str(error).partition(": ")
        return {
            "result": "FAIL",
            "diagnostics": [{"severity": "ERROR", "code": code, "message": message}],
            "truncated": False,
        }
    return {"result": "OK", "diagnostics": [], "truncated": False}


@answers("stepfunctions", "ListStateMachineVersions")
def versions(call: ControlCall) -> dict[str, Any]:
    """List the published versions of a machine, newest first."""
    machine: Any = backend_of(stepfunctions_backends, call.region).describe_state_machine(
        call.parameters["stateMachineArn"]
    )
    newest = sorted(machine.versions.values(), key=lambda one: -one.version)
    return {
        "stateMachineVersions": [
            {"stateMachineVersionArn": one.arn, "creationDate": one.creation_date} for one in newest
        ]
    }


@answers("stepfunctions", "GetExecutionHistory", "StartSyncExecution", "RedriveExecution")
def no_history(call: ControlCall) -> None:
    """Refuse the operations on executions that the sandbox lacks."""
    raise lacking(call.request, f"stepfunctions {call.operation}")
