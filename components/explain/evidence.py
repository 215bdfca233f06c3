"""The predicates of the controls, each over a resource and its related resources."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from components.explain.graph import Graph, Resource
from components.settings import RUNTIMES, Settings

_DAY_HOURS, _WEEK_HOURS = 24, 168
_YEAR_DAYS = 365
_LEAST_DELETION_WINDOW_DAYS, _USUAL_DELETION_WINDOW_DAYS = 7, 30
_NO_POLICY = '{"Statement": []}'
_OF_OURS = frozenset(
    {"aws:SourceAccount", "aws:SourceArn", "aws:PrincipalArn", "aws:PrincipalAccount", "kms:CallerAccount"}
)
"""Conditions that restrict a statement with a wildcard principal to this account."""

Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """A resource, its stack's graph, and the stack's settings."""

    resource: Resource
    graph: Graph
    settings: Settings

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The resource's inputs."""
        return self.resource.inputs

    def at(self, *path: str) -> Any:
        """The input at a path such as ("pointInTimeRecovery", "enabled"); None when it is not set."""
        value: Any = self.inputs
        for name in path:
            if not isinstance(value, Mapping):
                return None
            value = cast("Mapping[str, Any]", value).get(name)
        return value

    def state(self, name: str) -> Any:
        """An output of the resource, such as its ARN; None when it has no such output."""
        return self.resource.state.get(name)

    def side(self, type_: str, key: str, value: str) -> Resource | None:
        """The resource of a type that refers to this one."""
        return next((one for one in self.graph.of(type_) if one.inputs.get(key) == value), None)


def workgroup_publishes_metrics(case: Case) -> bool:
    """The workgroup publishes CloudWatch metrics."""
    return case.at("configuration", "publishCloudwatchMetricsEnabled") is not False


def source_is_encrypted(case: Case) -> bool:
    """A delivery stream with a Kinesis source stores its records there; its own encryption is only for Direct PUT."""
    source = case.at("kinesisSourceConfiguration", "kinesisStreamArn")
    streams = [stream for stream in case.graph.of("aws:kinesis/stream:Stream") if stream.state.get("arn") == source]
    return bool(streams) and all(_has_kms(stream.inputs) for stream in streams)


def table_scales(case: Case) -> bool:
    """On-demand, or provisioned with a scaling target for reads and for writes."""
    if case.at("billingMode") == "PAY_PER_REQUEST":
        return True
    resource_id = f"table/{case.state('name')}"
    targets = [one.inputs for one in case.graph.of("aws:appautoscaling/target:Target")]
    scaled = {target.get("scalableDimension") for target in targets if target.get("resourceId") == resource_id}
    return scaled == {"dynamodb:table:ReadCapacityUnits", "dynamodb:table:WriteCapacityUnits"}


def table_is_recoverable(case: Case) -> bool:
    """Point-in-time recovery is on."""
    return case.at("pointInTimeRecovery", "enabled") is True


def table_refuses_deletion(case: Case) -> bool:
    """Deletion protection is on, at AWS and in the engine."""
    return case.at("deletionProtectionEnabled") is True and case.resource.protect


def stream_is_encrypted(case: Case) -> bool:
    """The stream is encrypted with a KMS key."""
    return _has_kms(case.inputs)


def stream_is_kept_a_week(case: Case) -> bool:
    """The stream's retention reaches Security Hub's default."""
    return (case.at("retentionPeriod") or _DAY_HOURS) >= _WEEK_HOURS


def bucket_is_closed(case: Case) -> bool:
    """All four settings of the bucket's public access block are on."""
    block = _of_bucket(case, "PublicAccessBlock")
    names = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    return all(block.get(name) is True for name in names)


def bucket_requires_tls(case: Case) -> bool:
    """The bucket's policy denies every action over plain HTTP, for every principal, on the bucket and its objects."""
    arn = case.state("arn")
    return any(
        statement["Effect"] == "Deny"
        and statement.get("Principal") == "*"
        and statement["Action"] == ["s3:*"]
        and set(statement["Resource"]) == {arn, f"{arn}/*"}
        and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        for statement in _bucket_policy(case)
    )


def bucket_admits_no_other_account(case: Case) -> bool:
    """The bucket's policy allows only AWS services, each on behalf of this account."""
    return all(
        "Service" in statement.get("Principal", ()) and _is_of_ours(statement)
        for statement in _bucket_policy(case)
        if statement["Effect"] == "Allow"
    )


def bucket_is_logged(case: Case) -> bool:
    """The bucket's access log goes to another bucket."""
    target = _of_bucket(case, "Logging").get("targetBucket")
    return target is not None and target != case.state("bucket")


def is_log_bucket(case: Case) -> bool:
    """The bucket is the target of another bucket's access log."""
    return case.side("aws:s3/bucketLogging:BucketLogging", "targetBucket", case.state("bucket")) is not None


def bucket_has_no_acls(case: Case) -> bool:
    """The bucket's owner owns every object, so ACLs have no effect."""
    return _of_bucket(case, "OwnershipControls").get("rule") == {"objectOwnership": "BucketOwnerEnforced"}


def bucket_has_lifecycle(case: Case) -> bool:
    """A lifecycle rule of the bucket is enabled."""
    return any(rule.get("status") == "Enabled" for rule in _of_bucket(case, "LifecycleConfiguration").get("rules", ()))


def bucket_is_versioned(case: Case) -> bool:
    """The bucket keeps old versions."""
    return _of_bucket(case, "Versioning").get("versioningConfiguration") == {"status": "Enabled"}


def bucket_is_encrypted_with_kms(case: Case) -> bool:
    """The bucket's default encryption uses a KMS key."""
    rules = _of_bucket(case, "ServerSideEncryptionConfiguration").get("rules", ())
    return any(rule.get("applyServerSideEncryptionByDefault", {}).get("sseAlgorithm") == "aws:kms" for rule in rules)


def only_roles_invoke(case: Case) -> bool:
    """The function has no resource policy: callers use their roles."""
    return not case.graph.of("aws:lambda/permission:Permission")


def runtime_is_supported(case: Case) -> bool:
    """The runtime is one that Lambda supports."""
    return case.at("runtime") in RUNTIMES


def function_is_traced(case: Case) -> bool:
    """X-Ray traces the function."""
    return case.at("tracingConfig", "mode") == "Active"


def machine_is_logged(case: Case) -> bool:
    """Step Functions logs the state machine's errors at least."""
    return case.at("loggingConfiguration", "level") in ("ALL", "ERROR", "FATAL")


def key_is_not_deleted_by_accident(case: Case) -> bool:
    """A deleted key can be restored during its waiting period; a protected stack's key cannot be deleted."""
    window = case.at("deletionWindowInDays")
    window = _USUAL_DELETION_WINDOW_DAYS if window is None else window
    return window >= _LEAST_DELETION_WINDOW_DAYS and case.resource.protect == case.settings.protect


def key_rotates(case: Case) -> bool:
    """The key is rotated every year."""
    return case.at("enableKeyRotation") is True


def key_is_not_public(case: Case) -> bool:
    """The key's policy allows no principal outside this account."""
    return not _is_public(case.at("policy") or _NO_POLICY)


def queue_is_encrypted(case: Case) -> bool:
    """The queue is encrypted by SQS or with a KMS key."""
    return case.inputs.get("sqsManagedSseEnabled") is True or "kmsMasterKeyId" in case.inputs


def queue_is_not_public(case: Case) -> bool:
    """The queue's policy allows no principal outside this account."""
    policy = case.side("aws:sqs/queuePolicy:QueuePolicy", "queueUrl", case.state("url"))
    return policy is not None and not _is_public(policy.inputs.get("policy") or _NO_POLICY)


def bus_has_a_policy(case: Case) -> bool:
    """The bus has a resource policy that allows no principal outside this account."""
    policy = case.side("aws:cloudwatch/eventBusPolicy:EventBusPolicy", "eventBusName", case.state("name"))
    return policy is not None and not _is_public(policy.inputs.get("policy") or _NO_POLICY)


def topic_is_encrypted(case: Case) -> bool:
    """The topic is encrypted with a KMS key."""
    return "kmsMasterKeyId" in case.inputs


def topic_is_not_public(case: Case) -> bool:
    """The topic's policy allows no principal outside this account."""
    policy = case.side("aws:sns/topicPolicy:TopicPolicy", "arn", case.state("arn"))
    return policy is not None and not _is_public(policy.inputs.get("policy") or _NO_POLICY)


def no_full_privileges(case: Case) -> bool:
    """No statement allows all actions on all resources."""
    return not any("*" in statement["Action"] and "*" in statement["Resource"] for statement in allowed(case.inputs))


def no_wildcard_action(case: Case) -> bool:
    """No allowed action has a wildcard."""
    return not any("*" in action for statement in allowed(case.inputs) for action in statement["Action"])


def no_decryption_everywhere(case: Case) -> bool:
    """No statement allows decryption with every key."""
    decrypting = {"kms:Decrypt", "kms:ReEncryptFrom"}
    return not any(
        decrypting.intersection(statement["Action"]) and any("*" in arn for arn in statement["Resource"])
        for statement in allowed(case.inputs)
    )


def logs_are_kept_a_year(case: Case) -> bool:
    """The log group's retention is a year or longer."""
    return _kept_for_a_year(case.at("retentionInDays"))


def _kept_for_a_year(days: int | None) -> bool:
    # Without a retention a log group never expires.
    return not days or days >= _YEAR_DAYS


def alarm_acts(case: Case) -> bool:
    """The alarm has an action."""
    return bool(case.at("alarmActions"))


def alarm_actions_are_on(case: Case) -> bool:
    """The alarm's actions are enabled."""
    return case.at("actionsEnabled") is not False


def allowed(policy_inputs: Mapping[str, Any]) -> Iterator[Statement]:
    """The Allow statements of a policy."""
    return (
        statement
        for statement in _statements(policy_inputs.get("policy") or _NO_POLICY)
        if statement["Effect"] == "Allow"
    )


def _has_kms(stream: Mapping[str, Any]) -> bool:
    return stream.get("encryptionType") == "KMS" and bool(stream.get("kmsKeyId"))


def _of_bucket(case: Case, kind: str) -> Mapping[str, Any]:
    found = case.side(f"aws:s3/bucket{kind}:Bucket{kind}", "bucket", case.state("bucket"))
    return found.inputs if found else {}


def _bucket_policy(case: Case) -> list[Statement]:
    return _statements(_of_bucket(case, "Policy").get("policy") or _NO_POLICY)


def _statements(document: str) -> list[Statement]:
    """A policy's statements in one form: IAM accepts a single statement, action or resource without a list."""
    statements = _listed(json.loads(document).get("Statement"))
    return [
        {**one, "Action": _listed(one.get("Action")), "Resource": _listed(one.get("Resource"))} for one in statements
    ]


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _is_public(document: str) -> bool:
    return any(
        statement["Effect"] == "Allow"
        and statement.get("Principal") in ("*", {"AWS": "*"})
        and not _is_of_ours(statement)
        for statement in _statements(document)
    )


def _is_of_ours(statement: Statement) -> bool:
    conditions = cast("dict[str, dict[str, object]]", statement.get("Condition", {}))
    return any(_OF_OURS.intersection(keys) for keys in conditions.values())
