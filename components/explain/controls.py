"""AWS Security Hub's controls for the stack's resources, each checked on every resource of its type.

The table is the FSBP standard's (AWS Foundational Security Best Practices v1.0.0) for the services that the pipeline
uses, and a few of other standards that reviews of data pipelines usually check. Controls that do not apply are in
`NOT_APPLICABLE` with the reason. A disposable stack waives some controls with a reason; a protected stack waives none
of these.
https://docs.aws.amazon.com/securityhub/latest/userguide/fsbp-standard.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from components.explain import evidence
from components.explain.evidence import Case
from components.explain.graph import Graph
from components.settings import Settings

Check = Callable[[Case], bool]
Waiver = Callable[[Case], str]
Status = Literal["passed", "waived", "failed"]


def _never(_: Case) -> str:
    return ""


def _unless_protected(reason: str) -> Waiver:
    return lambda case: "" if case.settings.protect else reason


def _unless_own_key(reason: str) -> Waiver:
    return lambda case: "" if case.settings.customer_managed_keys else reason


@dataclass(frozen=True)
class Control:
    """A control: its id and title, its resource type, its predicate, and the condition that waives it."""

    id: str
    title: str
    type: str
    is_met: Check
    waived: Waiver = _never


@dataclass(frozen=True)
class Finding:
    """A control's result for a resource; `reason` is why it is waived."""

    control: Control
    urn: str
    status: Status
    reason: str = ""


TABLE = "aws:dynamodb/table:Table"
STREAM = "aws:kinesis/stream:Stream"
FIREHOSE = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
BUCKET = "aws:s3/bucket:Bucket"
FUNCTION = "aws:lambda/function:Function"
WORKGROUP = "aws:athena/workgroup:Workgroup"
KEY = "aws:kms/key:Key"
QUEUE = "aws:sqs/queue:Queue"
MACHINE = "aws:sfn/stateMachine:StateMachine"
TOPIC = "aws:sns/topic:Topic"
LOGS = "aws:cloudwatch/logGroup:LogGroup"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
POLICY = "aws:iam/rolePolicy:RolePolicy"
BUS = "aws:cloudwatch/eventBus:EventBus"

_DISPOSABLE = "the stack is disposable"
_NO_KEY = "the stack has no customer-managed key"

CONTROLS: tuple[Control, ...] = (
    Control("Athena.4", "Workgroups should have logging enabled", WORKGROUP, evidence.workgroup_publishes_metrics),
    Control("DataFirehose.1", "Delivery streams should be encrypted at rest", FIREHOSE, evidence.source_is_encrypted),
    Control("DynamoDB.1", "Tables should scale capacity with demand", TABLE, evidence.table_scales),
    Control(
        "DynamoDB.2",
        "Tables should have point-in-time recovery",
        TABLE,
        evidence.table_is_recoverable,
        _unless_protected(_DISPOSABLE),
    ),
    Control(
        "DynamoDB.6",
        "Tables should have deletion protection",
        TABLE,
        evidence.table_refuses_deletion,
        _unless_protected(_DISPOSABLE),
    ),
    Control("EventBridge.3", "Custom event buses should have a resource-based policy", BUS, evidence.bus_has_a_policy),
    Control("IAM.1", "Policies should not allow full * privileges", POLICY, evidence.no_full_privileges),
    Control("IAM.21", "Policies should not allow wildcard actions", POLICY, evidence.no_wildcard_action),
    Control("Kinesis.1", "Streams should be encrypted at rest", STREAM, evidence.stream_is_encrypted),
    Control(
        "Kinesis.3",
        "Streams should be kept for at least 168 hours",
        STREAM,
        evidence.stream_is_kept_a_week,
        _unless_protected("a longer retention is charged per shard and hour"),
    ),
    Control("KMS.1", "Policies should not allow decryption on all keys", POLICY, evidence.no_decryption_everywhere),
    Control(
        "KMS.2", "Inline policies should not allow decryption on all keys", POLICY, evidence.no_decryption_everywhere
    ),
    Control("KMS.3", "Keys should not be deleted unintentionally", KEY, evidence.key_is_not_deleted_by_accident),
    Control("KMS.4", "Keys should be rotated", KEY, evidence.key_rotates),
    Control("KMS.5", "Keys should not be public", KEY, evidence.key_is_not_public),
    Control("Lambda.1", "Functions should not be public", FUNCTION, evidence.only_roles_invoke),
    Control("Lambda.2", "Functions should use supported runtimes", FUNCTION, evidence.runtime_is_supported),
    Control(
        "Lambda.7",
        "Functions should be traced",
        FUNCTION,
        evidence.function_is_traced,
        lambda case: "" if case.settings.lambda_tracing else "tracing is off in the stack",
    ),
    Control("S3.2", "Buckets should block public read access", BUCKET, evidence.bucket_is_closed),
    Control("S3.3", "Buckets should block public write access", BUCKET, evidence.bucket_is_closed),
    Control("S3.5", "Buckets should require TLS", BUCKET, evidence.bucket_requires_tls),
    Control("S3.6", "Bucket policies should restrict other accounts", BUCKET, evidence.bucket_admits_no_other_account),
    Control("S3.8", "Buckets should block public access", BUCKET, evidence.bucket_is_closed),
    Control(
        "S3.9",
        "Buckets should have access logging",
        BUCKET,
        evidence.bucket_is_logged,
        # Security Hub's text: the target bucket of logging does not need logging.
        lambda case: "it is the bucket of the access logs" if evidence.is_log_bucket(case) else "",
    ),
    Control("S3.12", "Buckets should not use ACLs", BUCKET, evidence.bucket_has_no_acls),
    Control("S3.13", "Buckets should have a lifecycle", BUCKET, evidence.bucket_has_lifecycle),
    Control("S3.14", "Buckets should be versioned", BUCKET, evidence.bucket_is_versioned),
    Control(
        "S3.17",
        "Buckets should be encrypted with KMS",
        BUCKET,
        evidence.bucket_is_encrypted_with_kms,
        lambda case: (
            "S3 can encrypt access logs only with its own key"
            if evidence.is_log_bucket(case)
            else _unless_own_key(_NO_KEY)(case)
        ),
    ),
    Control("SNS.1", "Topics should be encrypted with KMS", TOPIC, evidence.topic_is_encrypted),
    Control("SNS.4", "Topics should not be public", TOPIC, evidence.topic_is_not_public),
    Control("SQS.1", "Queues should be encrypted at rest", QUEUE, evidence.queue_is_encrypted),
    Control("SQS.3", "Queues should not be public", QUEUE, evidence.queue_is_not_public),
    Control("StepFunctions.1", "State machines should be logged", MACHINE, evidence.machine_is_logged),
    Control(
        "CloudWatch.15",
        "Alarms should have actions",
        ALARM,
        evidence.alarm_acts,
        lambda case: "" if case.settings.alarm_email else "the stack has no alarm address",
    ),
    Control(
        "CloudWatch.16",
        "Log groups should be kept for at least a year",
        LOGS,
        evidence.logs_are_kept_a_year,
        _unless_protected(_DISPOSABLE),
    ),
    Control("CloudWatch.17", "Alarm actions should be activated", ALARM, evidence.alarm_actions_are_on),
)

NOT_APPLICABLE = {
    "DynamoDB.3": "no DAX cluster",
    "DynamoDB.7": "no DAX cluster",
    "EventBridge.4": "no global endpoint",
    "Glue.3": "no machine learning transform",
    "Glue.4": "no Spark job",
    "IAM.2": "no IAM user: the stack has no logins",
    "IAM.3": "no IAM user",
    "IAM.4": "the root user is outside the stack",
    "IAM.5": "no IAM user",
    "IAM.6": "the root user is outside the stack",
    "IAM.7": "the password policy is outside the stack",
    "IAM.8": "no IAM user",
    "Lambda.5": "the transform makes no network calls, so it needs no VPC",
    "S3.1": "the account-wide block is outside the stack; each bucket has its own (S3.8)",
    "S3.19": "no access point",
    "S3.24": "no multi-region access point",
    "S3.25": "no directory bucket",
}
"""Controls of the same services for resources that the stack does not have."""


def findings(graph: Graph, settings: Settings) -> Iterator[Finding]:
    """Check each control on each resource of its type."""
    for control in CONTROLS:
        for resource in graph.of(control.type):
            case = Case(resource, graph, settings)
            if control.is_met(case):
                yield Finding(control, resource.urn, "passed")
            elif reason := control.waived(case):
                yield Finding(control, resource.urn, "waived", reason)
            else:
                yield Finding(control, resource.urn, "failed")
