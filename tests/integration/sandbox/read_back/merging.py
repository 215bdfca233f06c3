"""Readers of Step Functions and EventBridge Scheduler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.integration.sandbox.provider import Aws
from tests.integration.sandbox.read_back.reading import Resource, reads


@reads("aws:sfn/stateMachine:StateMachine")
def state_machine(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.stepfunctions.describe_state_machine(stateMachineArn=it.id)
    tags = aws.stepfunctions.list_tags_for_resource(resourceArn=it.id)["tags"]
    logging = found["loggingConfiguration"]
    (destination,) = logging["destinations"]
    logging["logDestination"] = destination["cloudWatchLogsLogGroup"]["logGroupArn"]
    return found | {"tags": {tag["key"]: tag["value"] for tag in tags}}


@reads("aws:scheduler/schedule:Schedule")
def schedule(aws: Aws, it: Resource) -> Mapping[str, Any]:
    group, _, name = it.id.partition("/")
    return aws.scheduler.get_schedule(GroupName=group, Name=name)
