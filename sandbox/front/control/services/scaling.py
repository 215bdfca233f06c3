"""Application Auto Scaling. https://docs.aws.amazon.com/autoscaling/application/APIReference/"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandbox.front.backends import backend_of
from sandbox.front.control.call import ControlCall
from sandbox.front.control.registry import amends, answers, refuses
from sandbox.front.reply import ServiceError
from sandbox.front.scaling_targets import backends
from sandbox.state import ACCOUNT_ID

if TYPE_CHECKING:
    from moto.applicationautoscaling.models import FakeScalableTarget

_SERVICE = "application-autoscaling"
_TAGS = "sandbox_tags"
_ROLE = (
    "arn:aws:iam::{account}:role/aws-service-role/dynamodb.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable"
)
"""https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-service-linked-roles.html"""
_SUSPENSIONS = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")


@amends(_SERVICE, "RegisterScalableTarget")
def keep_tags(call: ControlCall, output: dict[str, Any]) -> None:
    """Store a target's tags, and add its ARN to the response."""
    given = call.parameters
    target = backend_of(backends, call.region).targets[given["ScalableDimension"]][given["ResourceId"]]
    if tags := given.get("Tags"):
        vars(target)[_TAGS] = dict(tags)
    output["ScalableTargetARN"] = target.arn


@amends(_SERVICE, "DescribeScalableTargets")
def described_targets(_: ControlCall, output: dict[str, Any]) -> None:
    """Add to a target the role that scales it, and that no scaling is suspended."""
    for target in output["ScalableTargets"]:
        if not target.get("RoleARN"):
            target["RoleARN"] = _ROLE.format(account=ACCOUNT_ID)
        target["SuspendedState"] = dict.fromkeys(_SUSPENSIONS, False) | (target.get("SuspendedState") or {})


@amends(_SERVICE, "DescribeScalingPolicies")
def named_policies(call: ControlCall, output: dict[str, Any]) -> None:
    """Return only the policies that a request names."""
    if names := call.parameters.get("PolicyNames"):
        output["ScalingPolicies"] = [each for each in output["ScalingPolicies"] if each["PolicyName"] in names]


@refuses
def missing(service: str, operation: str, region: str, parameters: Mapping[str, Any]) -> ServiceError | None:
    """Refuse to remove a target or policy that does not exist as not found.

    moto returns a validation error, on which the provider fails.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeregisterScalableTarget.html
    """
    if service != _SERVICE or operation not in ("DeregisterScalableTarget", "DeleteScalingPolicy"):
        return None
    backend = backend_of(backends, region)
    place = (parameters["ServiceNamespace"], parameters["ResourceId"], parameters["ScalableDimension"])
    if operation == "DeleteScalingPolicy":
        found = [policy for policy in backend.policies.values() if policy.policy_name == parameters["PolicyName"]]
        what = f"scaling policy {parameters['PolicyName']}"
    else:
        found = [target for targets in backend.targets.values() for target in targets.values()]
        what = "scalable target"
    if any((one.service_namespace, one.resource_id, one.scalable_dimension) == place for one in found):
        return None
    where = "service namespace: {}, resource ID: {}, scalable dimension: {}".format(*place)
    return ServiceError("ObjectNotFoundException", f"No {what} found for {where}")


@answers(_SERVICE, "ListTagsForResource")
def tags(call: ControlCall) -> Mapping[str, Any]:
    """List a target's tags."""
    return {"Tags": _tags(call)}


@answers(_SERVICE, "TagResource")
def tag(call: ControlCall) -> None:
    """Add tags to a target."""
    _tags(call).update(call.parameters["Tags"])


@answers(_SERVICE, "UntagResource")
def untag(call: ControlCall) -> None:
    """Remove tags from a target."""
    for key in call.parameters["TagKeys"]:
        _tags(call).pop(key, None)


def _tags(call: ControlCall) -> dict[str, str]:
    arn = call.parameters["ResourceARN"]
    by_dimension: Mapping[str, Mapping[str, FakeScalableTarget]] = backend_of(backends, call.region).targets
    for targets in by_dimension.values():
        for target in targets.values():
            if target.arn == arn:
                return vars(target).setdefault(_TAGS, {})
    raise ServiceError("ResourceNotFoundException", f"No scalable target has the ARN {arn}.")
