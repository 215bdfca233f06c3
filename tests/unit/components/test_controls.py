from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from components.explain.controls import CONTROLS, NOT_APPLICABLE, Control, findings
from components.explain.graph import Graph
from components.settings import Settings
from tests.unit.components.running import CHOSEN, Record

# The FSBP standard's controls of the pipeline's services, from its own page.
FSBP = {
    *("Athena.4", "DataFirehose.1", "DynamoDB.1", "DynamoDB.2", "DynamoDB.3", "DynamoDB.6", "DynamoDB.7"),
    *("EventBridge.3", "EventBridge.4"),
    *("Glue.3", "Glue.4", "IAM.1", "IAM.2", "IAM.3", "IAM.4", "IAM.5", "IAM.6", "IAM.7", "IAM.8", "IAM.21"),
    *("Kinesis.1", "Kinesis.3", "KMS.1", "KMS.2", "KMS.3", "KMS.5", "Lambda.1", "Lambda.2", "Lambda.5"),
    *("S3.1", "S3.2", "S3.3", "S3.5", "S3.6", "S3.8", "S3.9", "S3.12", "S3.13", "S3.19", "S3.24", "S3.25"),
    *("SNS.4", "SQS.1", "SQS.3"),
}


def test_every_control_of_the_standard_is_in_the_table_once() -> None:
    ids = [control.id for control in CONTROLS]
    assert len(ids) == len(set(ids))
    assert set(ids).isdisjoint(NOT_APPLICABLE)
    assert set(ids) | set(NOT_APPLICABLE) >= FSBP


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.id)
def test_the_control_is_met_by_every_resource_of_the_stack(
    control: Control, program: Graph, settings: Settings
) -> None:
    found = [finding for finding in findings(program, settings) if finding.control is control]
    assert [finding.urn for finding in found if finding.status == "failed"] == []
    assert all(finding.reason for finding in found if finding.status == "waived")


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.id)
def test_the_control_is_met_by_the_event_fan_out(
    control: Control, stack: str, record: Record, settings: Settings
) -> None:
    graph = record(stack, CHOSEN)
    found = [finding for finding in findings(graph, settings) if finding.control is control]
    assert [finding.urn for finding in found if finding.status == "failed"] == []


def test_a_protected_stack_waives_nothing_except_for_its_log_bucket(record: Record) -> None:
    prod = record("prod", CHOSEN)
    settings = Settings(
        protect=True, customer_managed_keys=True, alarm_email="data-oncall@example.com", kinesis_retention_hours=168
    )
    waived = [finding for finding in findings(prod, settings) if finding.status == "waived"]
    assert {(finding.control.id, finding.urn.rpartition("::")[2]) for finding in waived} == {
        ("S3.9", "lake-logs"),
        ("S3.17", "lake-logs"),
    }


def test_what_does_not_apply_is_not_there(program: Graph) -> None:
    absent = ("aws:dax", "aws:iam/user", "aws:glue/job", "aws:glue/mLTransform", "aws:s3/accessPoint", "aws:s3control")
    assert [resource.urn for resource in program.resources if resource.type.startswith(absent)] == []
    assert all("vpcConfig" not in function.inputs for function in program.of("aws:lambda/function:Function"))


Inputs = dict[str, Any]


def _with(**changed: object) -> Callable[[Inputs], Inputs]:
    return lambda inputs: inputs | changed


def _policy(**changed: object) -> Callable[[Inputs], Inputs]:
    statement = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"]} | changed
    return lambda inputs: inputs | {"policy": json.dumps({"Statement": [statement]})}


# One change for each control that must make it fail: a control that cannot fail proves nothing.
BREAKS: Mapping[str, tuple[str, Callable[[Inputs], Inputs]]] = {
    "Athena.4": ("aws:athena/workgroup:Workgroup", _with(configuration={"publishCloudwatchMetricsEnabled": False})),
    "DataFirehose.1": ("aws:kinesis/stream:Stream", _with(encryptionType="NONE")),
    "DynamoDB.1": ("aws:dynamodb/table:Table", _with(billingMode="PROVISIONED")),
    "DynamoDB.2": ("aws:dynamodb/table:Table", _with(pointInTimeRecovery={"enabled": False})),
    "DynamoDB.6": ("aws:dynamodb/table:Table", _with(deletionProtectionEnabled=False)),
    "EventBridge.3": ("aws:cloudwatch/eventBusPolicy:EventBusPolicy", _policy(Principal="*")),
    "IAM.1": ("aws:iam/rolePolicy:RolePolicy", _policy(Action=["*"])),
    "IAM.21": ("aws:iam/rolePolicy:RolePolicy", _policy(Action=["s3:Get*"])),
    "Kinesis.1": ("aws:kinesis/stream:Stream", _with(encryptionType="NONE")),
    "Kinesis.3": ("aws:kinesis/stream:Stream", _with(retentionPeriod=24)),
    "KMS.1": ("aws:iam/rolePolicy:RolePolicy", _policy(Action=["kms:Decrypt"])),
    "KMS.2": ("aws:iam/rolePolicy:RolePolicy", _policy(Action=["kms:Decrypt"])),
    "KMS.3": ("aws:kms/key:Key", _with(deletionWindowInDays=0)),
    "KMS.4": ("aws:kms/key:Key", _with(enableKeyRotation=False)),
    "KMS.5": ("aws:kms/key:Key", _policy(Principal="*")),
    "Lambda.2": ("aws:lambda/function:Function", _with(runtime="python3.7")),
    "Lambda.7": ("aws:lambda/function:Function", _with(tracingConfig={"mode": "PassThrough"})),
    "S3.2": ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", _with(ignorePublicAcls=False)),
    "S3.3": ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", _with(blockPublicAcls=False)),
    "S3.5": ("aws:s3/bucketPolicy:BucketPolicy", _policy(Principal={"Service": "x"})),
    "S3.6": ("aws:s3/bucketPolicy:BucketPolicy", _policy(Principal={"AWS": "arn:aws:iam::210987654321:root"})),
    "S3.8": ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", _with(restrictPublicBuckets=False)),
    "S3.9": ("aws:s3/bucketLogging:BucketLogging", _with(bucket="another", targetBucket="a third")),
    "S3.12": (
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        _with(rule={"objectOwnership": "ObjectWriter"}),
    ),
    "S3.13": ("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", _with(rules=[])),
    "S3.14": ("aws:s3/bucketVersioning:BucketVersioning", _with(versioningConfiguration={"status": "Suspended"})),
    "S3.17": (
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        _with(rules=[{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]),
    ),
    "SNS.1": ("aws:sns/topic:Topic", lambda inputs: {"name": inputs["name"]}),
    "SNS.4": ("aws:sns/topicPolicy:TopicPolicy", _policy(Principal="*")),
    "SQS.1": ("aws:sqs/queue:Queue", lambda inputs: {"name": inputs["name"]}),
    "SQS.3": ("aws:sqs/queuePolicy:QueuePolicy", _policy(Principal={"AWS": "*"})),
    "StepFunctions.1": ("aws:sfn/stateMachine:StateMachine", _with(loggingConfiguration={"level": "OFF"})),
    "CloudWatch.15": ("aws:cloudwatch/metricAlarm:MetricAlarm", _with(alarmActions=[])),
    "CloudWatch.16": ("aws:cloudwatch/logGroup:LogGroup", _with(retentionInDays=14)),
    "CloudWatch.17": ("aws:cloudwatch/metricAlarm:MetricAlarm", _with(actionsEnabled=False)),
}


@pytest.mark.parametrize(
    "control", [control for control in CONTROLS if control.id != "Lambda.1"], ids=lambda control: control.id
)
def test_the_control_fails_where_it_is_not_met(control: Control, record: Record) -> None:
    type_, spoil = BREAKS[control.id]
    prod = record("prod", CHOSEN)
    spoiled = tuple(
        dataclasses.replace(one, inputs=spoil(dict(one.inputs))) if one.type == type_ else one for one in prod.resources
    )
    settings = Settings(protect=True, customer_managed_keys=True, alarm_email="data-oncall@example.com")
    found = findings(Graph(spoiled, prod.outputs), settings)
    assert "failed" in {finding.status for finding in found if finding.control is control}


def test_a_function_that_others_may_invoke_is_found(record: Record) -> None:
    prod = record("prod")
    function, _ = prod.of("aws:lambda/function:Function")
    permission = dataclasses.replace(function, type="aws:lambda/permission:Permission", inputs={"principal": "*"})
    found = findings(Graph((*prod.resources, permission), prod.outputs), Settings(protect=True))
    assert "failed" in {finding.status for finding in found if finding.control.id == "Lambda.1"}
