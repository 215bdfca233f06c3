"""The rules of a table's autoscaling."""

from __future__ import annotations

from components.audit.dynamodb import TABLE_TYPE
from components.audit.reading import at, both, number, one_of, text
from components.audit.requests import but
from components.audit.rule import RefusedCall, Rule
from components.audit.spoiling import given, unordered
from components.explain.evidence import Case

TARGET = "aws:appautoscaling/target:Target"
POLICY = "aws:appautoscaling/policy:Policy"

_PREFLIGHT = "badmintoncryer/cdk-preflight rules/applicationautoscaling/"
_METRICS = {
    "dynamodb:table:ReadCapacityUnits": "DynamoDBReadCapacityUtilization",
    "dynamodb:table:WriteCapacityUnits": "DynamoDBWriteCapacityUtilization",
}
_CAPACITIES = {
    "dynamodb:table:ReadCapacityUnits": "readCapacity",
    "dynamodb:table:WriteCapacityUnits": "writeCapacity",
}
_TARGETED = {
    "ServiceNamespace": "dynamodb",
    "ResourceId": "table/audit",
    "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
}
_SCALED = {
    **_TARGETED,
    "PolicyName": "audit",
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 70.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"},
    },
}


def _follows_its_metric(case: Case) -> bool:
    path = "targetTrackingScalingPolicyConfiguration.predefinedMetricSpecification.predefinedMetricType"
    return at(case.inputs, path) == _METRICS.get(case.inputs["scalableDimension"])


def _waits_for_its_target(case: Case) -> bool:
    dimension = case.inputs["scalableDimension"]
    targets = [one.urn for one in case.graph.of(TARGET) if one.inputs["scalableDimension"] == dimension]
    return bool(targets) and set(targets) <= set(case.resource.depends_on)


def _starts_in_range(case: Case) -> bool:
    ranges = {one.inputs["scalableDimension"]: one.inputs for one in case.graph.of(TARGET)}
    return all(
        ranges[dimension]["minCapacity"] <= case.inputs[name] <= ranges[dimension]["maxCapacity"]
        for dimension, name in _CAPACITIES.items()
        if dimension in ranges
    )


RULES = (
    Rule(
        "scaling-bounds",
        TARGET,
        "The minimum capacity is at most the maximum.",
        f"{_PREFLIGHT}pf-appautoscaling-min-max-capacity",
        lambda case: case.inputs["minCapacity"] <= case.inputs["maxCapacity"],
        given({"minCapacity": 100, "maxCapacity": 5}),
        (
            RefusedCall(
                "application-autoscaling.RegisterScalableTarget",
                {**_TARGETED, "MinCapacity": 10, "MaxCapacity": 5},
                "ValidationException",
                "Maximum capacity cannot be less than minimum capacity",
            ),
        ),
    ),
    Rule(
        "scaling-table",
        TARGET,
        "The scalable target is table/<name>, with the namespace and dimension of tables.",
        f"{_PREFLIGHT}pf-appautoscaling-resource-id-shape",
        both(
            text("resourceId", 9, 1600, r"table/[a-zA-Z0-9_.-]{3,255}"),
            one_of("serviceNamespace", ("dynamodb",)),
            one_of("scalableDimension", tuple(_METRICS)),
        ),
        given({"resourceId": "audit"}),
        (
            RefusedCall(
                "application-autoscaling.RegisterScalableTarget",
                {**_TARGETED, "ResourceId": "audit", "MinCapacity": 1, "MaxCapacity": 5},
                "ValidationException",
                "Unsupported service namespace, resource type or scalable dimension",
            ),
        ),
    ),
    Rule(
        "scaling-metric",
        POLICY,
        "Reads scale with the read metric, writes with the write metric.",
        f"{_PREFLIGHT}pf-appautoscaling-predefined-metric-dimension",
        _follows_its_metric,
        given({"scalableDimension": "dynamodb:index:ReadCapacityUnits"}),
        (
            RefusedCall(
                "application-autoscaling.PutScalingPolicy",
                but(
                    _SCALED,
                    {
                        "TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification.PredefinedMetricType": (
                            "DynamoDBWriteCapacityUtilization"
                        )
                    },
                ),
                "ValidationException",
                "Scalable dimension dynamodb:table:ReadCapacityUnits only supports the following predefined metric "
                "types: "
                "DynamoDBReadCapacityUtilization",
            ),
        ),
    ),
    Rule(
        "scaling-aim",
        POLICY,
        "The target utilisation is 10 to 90 per cent.",
        f"{_PREFLIGHT}pf-appautoscaling-dynamodb-target-value-range",
        number("targetTrackingScalingPolicyConfiguration.targetValue", 10, 90),
        given({"targetTrackingScalingPolicyConfiguration.targetValue": 95}),
        (
            RefusedCall(
                "application-autoscaling.PutScalingPolicy",
                but(_SCALED, {"TargetTrackingScalingPolicyConfiguration.TargetValue": 95.0}),
                "ValidationException",
                "For predefined metric type DynamoDBReadCapacityUtilization, target value must be between '10.0' and "
                "'90.0'",
            ),
        ),
    ),
    Rule(
        "scaling-order",
        POLICY,
        "A scaling policy is created after its scalable target.",
        "https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html",
        _waits_for_its_target,
        unordered,
    ),
    Rule(
        "scaling-start",
        TABLE_TYPE,
        "A scaled table's initial capacity is within the scaling range: otherwise autoscaling changes it immediately.",
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/AutoScaling.html",
        _starts_in_range,
        given({"readCapacity": 100_000}),
    ),
)
