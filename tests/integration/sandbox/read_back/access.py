"""Readers of IAM, KMS and Lambda."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.integration.sandbox.provider import Aws
from tests.integration.sandbox.read_back.reading import Resource, reads, tags_of


@reads("aws:iam/role:Role")
def iam_role(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.iam.get_role(RoleName=it.id)["Role"]
    return found | {
        "name": found["RoleName"],
        "assumeRolePolicy": found["AssumeRolePolicyDocument"],
        "tags": tags_of(found["Tags"]),
    }


@reads("aws:iam/rolePolicy:RolePolicy")
def role_policy(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.iam.get_role_policy(RoleName=it.inputs["role"], PolicyName=it.inputs["name"])
    return {"role": found["RoleName"], "name": found["PolicyName"], "policy": found["PolicyDocument"]}


@reads("aws:kms/key:Key")
def key(aws: Aws, it: Resource) -> Mapping[str, Any]:
    return aws.kms.describe_key(KeyId=it.id)["KeyMetadata"] | {
        "policy": aws.kms.get_key_policy(KeyId=it.id, PolicyName="default")["Policy"],
        "enableKeyRotation": aws.kms.get_key_rotation_status(KeyId=it.id)["KeyRotationEnabled"],
        "tags": tags_of(aws.kms.list_resource_tags(KeyId=it.id)["Tags"]),
    }


@reads("aws:kms/alias:Alias")
def alias(aws: Aws, it: Resource) -> Mapping[str, Any]:
    (found,) = [each for each in aws.kms.list_aliases()["Aliases"] if each["AliasName"] == it.id]
    return found | {"name": found["AliasName"]}


@reads("aws:lambda/function:Function")
def function(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.lambda_.get_function(FunctionName=it.id)
    configuration = found["Configuration"]
    return configuration | {
        "name": configuration["FunctionName"],
        "reservedConcurrentExecutions": found.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
        "tags": found["Tags"],
    }
