"""Application Auto Scaling: scalable targets and policies."""

from __future__ import annotations

from typing import Any

from sandbox.deploy.inputs import Inputs
from sandbox.deploy.registry import Created, New, handles

_SERVICE = "application-autoscaling"
_PLACE = {
    "resourceId": "ResourceId",
    "scalableDimension": "ScalableDimension",
    "serviceNamespace": "ServiceNamespace",
}


@handles("aws:appautoscaling/target:Target")
def target(new: New) -> Created:
    """Create a scalable target with its bounds."""
    arn = new.create(_SERVICE, "register_scalable_target", **_place(new.inputs))["ScalableTargetARN"]
    id_ = new.inputs.require("resourceId")
    return Created(id_, {"arn": arn})


@handles("aws:appautoscaling/policy:Policy")
def policy(new: New) -> Created:
    """Create a scaling policy."""
    name = new.physical_name()
    created = new.create(
        _SERVICE,
        "put_scaling_policy",
        names={"stepAdjustments": "StepAdjustments"},
        PolicyName=name,
        **_place(new.inputs),
    )
    arns = [alarm["AlarmARN"] for alarm in created.get("Alarms", [])]
    return Created(name, {"name": name, "arn": created["PolicyARN"], "alarmArns": arns})


def _place(inputs: Inputs) -> dict[str, Any]:
    return {member: inputs.require(name) for name, member in _PLACE.items()}
