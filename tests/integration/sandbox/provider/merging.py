"""Step Functions and EventBridge Scheduler."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.sandbox.provider.calls import Aws, provider, refused

ROLE = "arn:aws:iam::123456789012:role/merge"
TAGS = [{"key": "Stage", "value": "merge"}]


def document(comment: str) -> str:
    return json.dumps({"Comment": comment, "StartAt": "A", "States": {"A": {"Type": "Succeed"}}})


@provider("aws:sfn/stateMachine:StateMachine", "sfn/state_machine.go")
def state_machine(aws: Aws) -> None:
    states, arn = aws.stepfunctions, aws.arn("states", "stateMachine:merging")
    group = f"{aws.arn('logs', 'log-group:/aws/vendedlogs/states/merging')}:*"
    logging = {
        "level": "ERROR",
        "includeExecutionData": False,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}],
    }
    given = {"name": "merging", "roleArn": ROLE, "type": "STANDARD", "definition": document("first")}
    found = states.validate_state_machine_definition(definition=given["definition"], type="STANDARD")
    assert (found["result"], found["diagnostics"]) == ("OK", [])
    made = states.create_state_machine(**given, publish=False, loggingConfiguration=logging, tags=TAGS)
    assert made["stateMachineArn"] == arn
    found = states.describe_state_machine(stateMachineArn=arn)
    assert given.items() <= found.items()
    assert (found["status"], found["loggingConfiguration"]) == ("ACTIVE", logging)
    assert states.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"] == []
    assert states.list_tags_for_resource(resourceArn=arn)["tags"] == TAGS
    states.update_state_machine(stateMachineArn=arn, definition=document("second"), roleArn=ROLE, publish=False)
    found = states.describe_state_machine(stateMachineArn=arn)
    assert (json.loads(found["definition"])["Comment"], found["loggingConfiguration"]) == ("second", logging)
    states.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "b"}])
    states.untag_resource(resourceArn=arn, tagKeys=["Stage"])
    assert states.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "a", "value": "b"}]
    states.delete_state_machine(stateMachineArn=arn)
    refused("StateMachineDoesNotExist", states.describe_state_machine, stateMachineArn=arn)


@provider("aws:scheduler/schedule:Schedule", "scheduler/schedule.go")
def schedule(aws: Aws) -> None:
    scheduler, arn = aws.scheduler, aws.arn("scheduler", "schedule/default/merging")
    target = {
        "Arn": aws.arn("states", "stateMachine:merging"),
        "RoleArn": ROLE,
        "DeadLetterConfig": {"Arn": aws.arn("sqs", "merge-dead-letters")},
        "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 185},
    }
    given: dict[str, Any] = {
        "Name": "merging",
        "Description": "first",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ScheduleExpression": "rate(60 minutes)",
        "ScheduleExpressionTimezone": "UTC",
        "State": "DISABLED",
        "Target": target,
    }
    assert scheduler.create_schedule(**given)["ScheduleArn"] == arn
    found = scheduler.get_schedule(GroupName="default", Name="merging")
    assert given.items() <= found.items()
    assert (found["Arn"], found["GroupName"]) == (arn, "default")
    changed = given | {"Description": "second", "ScheduleExpression": "rate(2 hours)"}
    scheduler.update_schedule(**changed, GroupName="default")
    assert changed.items() <= scheduler.get_schedule(GroupName="default", Name="merging").items()
    scheduler.delete_schedule(GroupName="default", Name="merging")
    refused("ResourceNotFoundException", scheduler.get_schedule, GroupName="default", Name="merging")
