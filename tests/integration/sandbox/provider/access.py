"""IAM, KMS and Lambda."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from tests.integration.sandbox.provider.calls import Aws, pairs, provider, refused, role

TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


@provider("aws:iam/role:Role", "iam/role.go")
def iam_role(aws: Aws) -> None:
    iam = aws.iam
    iam.create_role(
        RoleName="reader",
        Path="/",
        AssumeRolePolicyDocument=json.dumps(TRUST),
        Description="first",
        MaxSessionDuration=3600,
        Tags=[{"Key": "Stage", "Value": "pipe"}],
    )
    found = iam.get_role(RoleName="reader")["Role"]
    assert (found["Description"], found["MaxSessionDuration"], found["Path"]) == ("first", 3600, "/")
    assert found["AssumeRolePolicyDocument"] == TRUST
    assert pairs(found["Tags"]) == {"Stage": "pipe"}
    assert iam.list_role_policies(RoleName="reader")["PolicyNames"] == []
    assert iam.list_attached_role_policies(RoleName="reader")["AttachedPolicies"] == []
    changed = {**TRUST, "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}]}
    iam.update_assume_role_policy(RoleName="reader", PolicyDocument=json.dumps(changed))
    iam.update_role_description(RoleName="reader", Description="second")
    iam.update_role(RoleName="reader", MaxSessionDuration=7200)
    found = iam.get_role(RoleName="reader")["Role"]
    assert (found["Description"], found["MaxSessionDuration"]) == ("second", 7200)
    assert found["AssumeRolePolicyDocument"] == changed
    iam.tag_role(RoleName="reader", Tags=[{"Key": "a", "Value": "b"}])
    iam.untag_role(RoleName="reader", TagKeys=["Stage"])
    assert pairs(iam.get_role(RoleName="reader")["Role"]["Tags"]) == {"a": "b"}
    assert iam.list_instance_profiles_for_role(RoleName="reader")["InstanceProfiles"] == []
    iam.delete_role(RoleName="reader")
    refused("NoSuchEntity", iam.get_role, RoleName="reader")


@provider("aws:iam/rolePolicy:RolePolicy", "iam/role_policy.go")
def role_policy(aws: Aws) -> None:
    iam, name = aws.iam, {"RoleName": "policed", "PolicyName": "pipe"}
    role(aws, "policed")
    iam.put_role_policy(**name, PolicyDocument=json.dumps(POLICY))
    assert iam.get_role_policy(**name)["PolicyDocument"] == POLICY
    changed = {**POLICY, "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
    iam.put_role_policy(**name, PolicyDocument=json.dumps(changed))
    assert iam.get_role_policy(**name)["PolicyDocument"] == changed
    refused("DeleteConflict", iam.delete_role, RoleName="policed")
    iam.delete_role_policy(**name)
    refused("NoSuchEntity", iam.get_role_policy, **name)
    iam.delete_role(RoleName="policed")


@provider("aws:kms/key:Key", "kms/key.go")
def key(aws: Aws) -> None:
    kms = aws.kms
    root = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "kms:*"}
    policy = {"Version": "2012-10-17", "Statement": [{**root, "Resource": "*"}]}
    created = kms.create_key(
        Description="first",
        KeyUsage="ENCRYPT_DECRYPT",
        KeySpec="SYMMETRIC_DEFAULT",
        Policy=json.dumps(policy),
        BypassPolicyLockoutSafetyCheck=False,
        Tags=[{"TagKey": "Stage", "TagValue": "encryption"}],
    )
    id_ = created["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=id_)
    found = kms.describe_key(KeyId=id_)["KeyMetadata"]
    assert (found["Description"], found["KeyState"], found["Enabled"]) == ("first", "Enabled", True)
    assert (found["KeyUsage"], found["KeySpec"], found["MultiRegion"]) == (
        "ENCRYPT_DECRYPT",
        "SYMMETRIC_DEFAULT",
        False,
    )
    assert json.loads(kms.get_key_policy(KeyId=id_, PolicyName="default")["Policy"]) == policy
    rotation = kms.get_key_rotation_status(KeyId=id_)
    assert (rotation["KeyRotationEnabled"], rotation["RotationPeriodInDays"]) == (True, 365)
    assert pairs(kms.list_resource_tags(KeyId=id_)["Tags"]) == {"Stage": "encryption"}
    kms.update_key_description(KeyId=id_, Description="second")
    kms.put_key_policy(KeyId=id_, PolicyName="default", Policy=json.dumps(policy | {"Id": "changed"}))
    kms.disable_key_rotation(KeyId=id_)
    assert kms.describe_key(KeyId=id_)["KeyMetadata"]["Description"] == "second"
    assert json.loads(kms.get_key_policy(KeyId=id_, PolicyName="default")["Policy"])["Id"] == "changed"
    assert kms.get_key_rotation_status(KeyId=id_)["KeyRotationEnabled"] is False
    kms.tag_resource(KeyId=id_, Tags=[{"TagKey": "a", "TagValue": "b"}])
    kms.untag_resource(KeyId=id_, TagKeys=["Stage"])
    assert pairs(kms.list_resource_tags(KeyId=id_)["Tags"]) == {"a": "b"}
    kms.schedule_key_deletion(KeyId=id_, PendingWindowInDays=30)
    assert kms.describe_key(KeyId=id_)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    refused("NotFoundException", kms.describe_key, KeyId="00000000-0000-0000-0000-000000000000")


@provider("aws:kms/alias:Alias", "kms/alias.go")
def alias(aws: Aws) -> None:
    kms, name = aws.kms, "alias/order-cdc"
    first, second = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))

    def target() -> list[str]:
        pages = kms.get_paginator("list_aliases").paginate()
        return [each["TargetKeyId"] for page in pages for each in page["Aliases"] if each["AliasName"] == name]

    kms.create_alias(AliasName=name, TargetKeyId=first)
    assert target() == [first]
    kms.update_alias(AliasName=name, TargetKeyId=second)
    assert target() == [second]
    kms.delete_alias(AliasName=name)
    assert target() == []


@provider("aws:lambda/function:Function", "lambda/function.go")
def function(aws: Aws) -> None:
    lambda_, arn = aws.lambda_, aws.arn("lambda", "function:transform")
    given: dict[str, Any] = {
        "FunctionName": "transform",
        "Description": "first",
        "Role": role(aws, "transform"),
        "Handler": "transform.handler.handler",
        "Runtime": "python3.13",
        "Architectures": ["arm64"],
        "MemorySize": 512,
        "Timeout": 60,
        "PackageType": "Zip",
        "Environment": {"Variables": {"TRANSFORM_DROP": "EXPIRED"}},
        "TracingConfig": {"Mode": "Active"},
        "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "LogGroup": "/aws/lambda/transform"},
        "EphemeralStorage": {"Size": 512},
    }
    lambda_.create_function(**given, Code={"ZipFile": _zip("1")}, Tags={"Stage": "transform"})
    answer = lambda_.get_function(FunctionName="transform")
    found = answer["Configuration"]
    assert (found["State"], found["LastUpdateStatus"], found["FunctionArn"]) == ("Active", "Successful", arn)
    plain = set(given) - {"LoggingConfig"}
    assert {name: found[name] for name in plain} == {name: given[name] for name in plain}
    assert found["LoggingConfig"] == given["LoggingConfig"] | {"SystemLogLevel": "INFO"}
    assert answer["Tags"] == {"Stage": "transform"}
    assert "Concurrency" not in answer
    assert not lambda_.get_function_code_signing_config(FunctionName="transform").get("CodeSigningConfigArn")
    versions = lambda_.list_versions_by_function(FunctionName="transform")["Versions"]
    assert [version["Version"] for version in versions] == ["$LATEST"]

    lambda_.update_function_configuration(
        FunctionName="transform", MemorySize=1024, LoggingConfig={"LogFormat": "Text", "LogGroup": "/other"}
    )
    sha = lambda_.update_function_code(FunctionName="transform", ZipFile=_zip("2"), Architectures=["x86_64"])
    lambda_.put_function_concurrency(FunctionName="transform", ReservedConcurrentExecutions=7)
    answer = lambda_.get_function(FunctionName="transform")
    found = answer["Configuration"]
    assert (found["MemorySize"], found["LastUpdateStatus"]) == (1024, "Successful")
    assert found["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/other"}
    assert (found["CodeSha256"], found["Architectures"]) == (sha["CodeSha256"], ["x86_64"])
    assert answer["Concurrency"] == {"ReservedConcurrentExecutions": 7}
    lambda_.delete_function_concurrency(FunctionName="transform")
    assert "Concurrency" not in lambda_.get_function(FunctionName="transform")
    lambda_.tag_resource(Resource=arn, Tags={"a": "b"})
    lambda_.untag_resource(Resource=arn, TagKeys=["Stage"])
    assert lambda_.list_tags(Resource=arn)["Tags"] == {"a": "b"}
    lambda_.delete_function(FunctionName="transform")
    refused("ResourceNotFoundException", lambda_.get_function, FunctionName="transform")


def _zip(content: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("transform/handler.py", content)
    return buffer.getvalue()
