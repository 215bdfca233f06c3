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
    """Store a group's class."""
    vars(_group(call))[_CLASS] = call.parameters.get("logGroupClass", "STANDARD")


@amends("logs", "DescribeLogGroups")
def described_groups(call: ControlCall, output: dict[str, Any]) -> None:
    """Add a group's class, and its ARN without the suffix `:*`."""
    groups = backend_of(logs_backends, call.region).groups
    for group in output["logGroups"]:
        group["logGroupClass"] = vars(groups[group["logGroupName"]]).get(_CLASS, "STANDARD")
        group.setdefault("logGroupArn", group["arn"].removesuffix(":*"))


@answers("logs", "AssociateKmsKey")
def associate_key(call: ControlCall) -> None:
    """Encrypt with a key what a group receives from now on."""
    _group(call).kms_key_id = call.parameters["kmsKeyId"]


@answers("logs", "DisassociateKmsKey")
def disassociate_key(call: ControlCall) -> None:
    """Stop encrypting with the customer's key what a group receives."""
    _group(call).kms_key_id = None


def _group(call: ControlCall) -> LogGroup:
    name = call.parameters.get("logGroupName") or call.parameters.get("resourceIdentifier", "")
    group = backend_of(logs_backends, call.region).groups.get(name.rpartition("log-group:")[2])
    if group is None:
        raise ServiceError("ResourceNotFoundException", "The specified log group does not exist.")
    return group
