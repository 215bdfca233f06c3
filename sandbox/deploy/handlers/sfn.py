"""Step Functions' state machines and EventBridge Scheduler's schedules."""

from __future__ import annotations

from typing import Any

from sandbox.deploy.registry import Created, New, handles
from sandbox.errors import SandboxError


@handles("aws:sfn/stateMachine:StateMachine")
def state_machine(new: New) -> Created:
    """Create a state machine after Step Functions has validated its definition, as the provider does."""
    inputs, name = new.inputs, new.physical_name()
    kind, definition = inputs.text("type") or "STANDARD", inputs.require("definition")
    found = new.call("stepfunctions", "validate_state_machine_definition", definition=definition, type=kind)
    if found["result"] != "OK":
        complaints = "; ".join(f"{one['severity']} ({one['code']}): {one['message']}" for one in found["diagnostics"])
        raise SandboxError(f"invalid Step Functions State Machine definition: {complaints}")
    logging: dict[str, Any] = {}
    if (block := inputs.block("loggingConfiguration")) is not None:
        group = block.text("logDestination")
        destinations = [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}] if group else []
        logging = {
            "loggingConfiguration": {
                "level": block.text("level") or "OFF",
                "includeExecutionData": bool(block.flag("includeExecutionData")),
                "destinations": destinations,
            }
        }
    created = new.create(
        "stepfunctions", "create_state_machine", name=name, definition=definition, type=kind, **logging
    )
    arn = created["stateMachineArn"]
    return Created(arn, {"name": name, "arn": arn, "type": kind, "status": "ACTIVE"})


@handles("aws:scheduler/schedule:Schedule")
def schedule(new: New) -> Created:
    """Create a schedule, by default in the group `default`."""
    name, group = new.physical_name(), new.inputs.peek("groupName") or "default"
    arn = new.create("scheduler", "create_schedule", Name=name)["ScheduleArn"]
    return Created(f"{group}/{name}", {"name": name, "arn": arn, "groupName": group})
