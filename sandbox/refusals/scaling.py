"""Application Auto Scaling: rules of a target's bounds and a policy's target value.

rules/applicationautoscaling of badmintoncryer/cdk-preflight.
"""

from __future__ import annotations

from sandbox.front.reply import ServiceError
from sandbox.refusals.registry import Asked, refuses

_METRICS = {
    "dynamodb:table:ReadCapacityUnits": "DynamoDBReadCapacityUtilization",
    "dynamodb:table:WriteCapacityUnits": "DynamoDBWriteCapacityUtilization",
}
_LOW, _HIGH = 10.0, 90.0


@refuses("application-autoscaling", "RegisterScalableTarget")
def target(asked: Asked) -> ServiceError | None:
    """Refuse a minimum above the maximum, and a resource id that is not a table's."""
    least, most = asked.get("MinCapacity"), asked.get("MaxCapacity")
    if least is not None and most is not None and least > most:
        return _invalid("Maximum capacity cannot be less than minimum capacity")
    if asked.get("ScalableDimension") in _METRICS and not str(asked.get("ResourceId")).startswith("table/"):
        return _invalid("Unsupported service namespace, resource type or scalable dimension")
    return None


@refuses("application-autoscaling", "PutScalingPolicy")
def policy(asked: Asked) -> ServiceError | None:
    """Refuse a policy of a table's reads with a different metric, or a target outside 10 to 90 per cent."""
    metric = asked.at("TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification.PredefinedMetricType")
    dimension = str(asked.get("ScalableDimension"))
    expected = _METRICS.get(dimension)
    if expected is None or metric is None:
        return None
    if metric != expected:
        return _invalid(
            f"Scalable dimension {dimension} only supports the following predefined metric types: {expected}"
        )
    aim = asked.at("TargetTrackingScalingPolicyConfiguration.TargetValue")
    if aim is not None and not _LOW <= float(aim) <= _HIGH:
        return _invalid(f"For predefined metric type {metric}, target value must be between '{_LOW}' and '{_HIGH}'")
    return None


def _invalid(sentence: str) -> ServiceError:
    return ServiceError("ValidationException", sentence)
