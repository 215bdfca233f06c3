"""CloudWatch Logs' groups. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/"""

from __future__ import annotations

from typing import Any

from moto.logs.models import LogGroup, logs_backends

from sandbox.front.backends import backend_of
from sandbox.front.control.call import ControlCall
from sandbox.front.control.registry import amends, answers
from sandbox.front.reply import ServiceError

_CLASS = "sandbox_log_group_class"


@amends("logs", "CreateLogGroup")
def keep_class(call: ControlCall, _: dict[str, Any]) -> None:
    """Keeps what class a group is of."""
    vars(_group(call))[_CLASS] = call.parameters.get("logGroupClass", "STANDARD")


@amends("logs", "DescribeLogGroups")
def described_groups(call: ControlCall, output: dict[str, Any]) -> None:
    """A group has a class, and its ARN twice: with `:*` and without."""
    groups = backend_of(logs_backends, call.region).groups
    for group in output["logGroups"]:
        group["logGroupClass"] = vars(groups[group["logGroupName"]]).get(_CLASS, "STANDARD")
        group.setdefault("logGroupArn", group["arn"].removesuffix(":*"))


@answers("logs", "AssociateKmsKey")
def associate_key(call: ControlCall) -> None:
    """Encrypts what a group gets from now on under a key."""
    _group(call).kms_key_id = call.parameters["kmsKeyId"]


@answers("logs", "DisassociateKmsKey")
def disassociate_key(call: ControlCall) -> None:
    """No longer encrypts what a group gets under a key of one's own."""
    _group(call).kms_key_id = None


def _group(call: ControlCall) -> LogGroup:
    name = call.parameters.get("logGroupName") or call.parameters.get("resourceIdentifier", "")
    group = backend_of(logs_backends, call.region).groups.get(name.rpartition("log-group:")[2])
    if group is None:
        raise ServiceError("ResourceNotFoundException", "The specified log group does not exist.")
    return group
