"""S3: buckets, and the separate resources of their configuration."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.sandbox.provider.calls import REGION, Aws, bucket, pairs, provider, refused

TAGS = [{"Key": "Stage", "Value": "lake"}]


@provider("aws:s3/bucket:Bucket", "s3/bucket.go")
def s3_bucket(aws: Aws) -> None:
    s3, control, name = aws.s3, aws.s3control, {"Bucket": "lake"}
    resource = {"AccountId": "123456789012", "ResourceArn": "arn:aws:s3:::lake"}
    s3.create_bucket(**name, CreateBucketConfiguration={"LocationConstraint": REGION, "Tags": TAGS})
    assert s3.head_bucket(**name)["BucketRegion"] == REGION
    for code, method in (
        ("NoSuchBucketPolicy", "get_bucket_policy"),
        ("NoSuchCORSConfiguration", "get_bucket_cors"),
        ("NoSuchWebsiteConfiguration", "get_bucket_website"),
        ("NoSuchLifecycleConfiguration", "get_bucket_lifecycle_configuration"),
        ("ReplicationConfigurationNotFoundError", "get_bucket_replication"),
        ("ObjectLockConfigurationNotFoundError", "get_object_lock_configuration"),
    ):
        refused(code, getattr(s3, method), **name)
    assert s3.get_bucket_acl(**name)["Grants"]
    assert "Status" not in s3.get_bucket_versioning(**name)
    assert "Status" not in s3.get_bucket_accelerate_configuration(**name)
    assert s3.get_bucket_request_payment(**name)["Payer"] == "BucketOwner"
    assert "LoggingEnabled" not in s3.get_bucket_logging(**name)
    (rule,) = s3.get_bucket_encryption(**name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    # Since v6.23 tags are read by S3 Control: internal/service/s3/tags.go.
    assert control.list_tags_for_resource(**resource)["Tags"] == TAGS
    assert s3.get_bucket_tagging(**name)["TagSet"] == TAGS
    control.tag_resource(**resource, Tags=[{"Key": "a", "Value": "b"}])
    control.untag_resource(**resource, TagKeys=["Stage"])
    assert pairs(control.list_tags_for_resource(**resource)["Tags"]) == {"a": "b"}
    s3.put_bucket_tagging(**name, Tagging={"TagSet": TAGS})
    assert control.list_tags_for_resource(**resource)["Tags"] == TAGS
    s3.delete_bucket_tagging(**name)
    assert control.list_tags_for_resource(**resource)["Tags"] == []
    refused("NoSuchTagSet", s3.get_bucket_tagging, **name)

    s3.put_object(**name, Key="a", Body=b"x")
    refused("BucketNotEmpty", s3.delete_bucket, **name)
    (version,) = s3.list_object_versions(**name)["Versions"]
    gone = {"Objects": [{"Key": "a", "VersionId": version["VersionId"]}]}
    assert "Errors" not in s3.delete_objects(**name, Delete=gone, BypassGovernanceRetention=True)
    s3.delete_bucket(**name)
    refused("404", s3.head_bucket, **name)


@provider("aws:s3/bucketVersioning:BucketVersioning", "s3/bucket_versioning.go")
def versioning(aws: Aws) -> None:
    s3, name = aws.s3, {"Bucket": bucket(aws, "versioned")}
    for status in ("Enabled", "Suspended"):
        s3.put_bucket_versioning(**name, VersioningConfiguration={"Status": status})
        assert s3.get_bucket_versioning(**name)["Status"] == status
    s3.delete_bucket(**name)


@provider(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "s3/bucket_server_side_encryption_configuration.go",
)
def encryption(aws: Aws) -> None:
    s3, name = aws.s3, {"Bucket": bucket(aws, "encrypted")}

    def put(**default: str) -> None:
        rules = [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]
        s3.put_bucket_encryption(**name, ServerSideEncryptionConfiguration={"Rules": rules})
        (found,) = s3.get_bucket_encryption(**name)["ServerSideEncryptionConfiguration"]["Rules"]
        assert (found["ApplyServerSideEncryptionByDefault"], found["BucketKeyEnabled"]) == (default, True)

    put(SSEAlgorithm="AES256")
    put(SSEAlgorithm="aws:kms", KMSMasterKeyID=aws.arn("kms", "key/1"))
    s3.delete_bucket_encryption(**name)
    # Amazon S3 encrypts every bucket: the call deletes only an explicit setting.
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketEncryption.html
    (found,) = s3.get_bucket_encryption(**name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert found["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    s3.delete_bucket(**name)


@provider("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "s3/bucket_lifecycle_configuration.go")
def lifecycle(aws: Aws) -> None:
    s3, name = aws.s3, {"Bucket": bucket(aws, "tidied")}
    rules: list[dict[str, Any]] = [
        {
            "ID": "tidy",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
            "Expiration": {"ExpiredObjectDeleteMarker": True},
        },
        {"ID": "rows", "Status": "Enabled", "Filter": {"Prefix": "changes/"}, "Expiration": {"Days": 14}},
    ]
    size = "all_storage_classes_128K"
    s3.put_bucket_lifecycle_configuration(
        **name, LifecycleConfiguration={"Rules": rules}, TransitionDefaultMinimumObjectSize=size
    )
    found = s3.get_bucket_lifecycle_configuration(**name)
    assert sorted(found["Rules"], key=lambda rule: rule["ID"]) == sorted(rules, key=lambda rule: rule["ID"])
    assert found["TransitionDefaultMinimumObjectSize"] == size
    s3.delete_bucket_lifecycle(**name)
    refused("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, **name)
    s3.delete_bucket(**name)


@provider("aws:s3/bucketLogging:BucketLogging", "s3/bucket_logging.go")
def logs(aws: Aws) -> None:
    s3, name, target = aws.s3, {"Bucket": bucket(aws, "logged")}, bucket(aws, "logs-of-logged")
    # As a program writes it: the provider sends a policy unchanged.
    secure = {"Effect": "Deny", "Principal": "*", "Action": ["s3:*"], "Resource": [f"arn:aws:s3:::{target}/*"]}
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    let = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": ["s3:PutObject"],
        "Resource": [f"arn:aws:s3:::{target}/access/*"],
    }
    policy = {"Version": "2012-10-17", "Statement": [{**secure, "Condition": insecure}, let]}
    s3.put_bucket_policy(Bucket=target, Policy=json.dumps(policy))
    enabled = {
        "TargetBucket": target,
        "TargetPrefix": "access/",
        "TargetObjectKeyFormat": {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}},
    }
    s3.put_bucket_logging(**name, BucketLoggingStatus={"LoggingEnabled": enabled})
    assert s3.get_bucket_logging(**name)["LoggingEnabled"] == enabled
    s3.put_bucket_logging(**name, BucketLoggingStatus={})
    assert "LoggingEnabled" not in s3.get_bucket_logging(**name)
    s3.delete_bucket(**name)
    for logged in s3.list_objects_v2(Bucket=target).get("Contents", []):
        s3.delete_object(Bucket=target, Key=logged["Key"])
    s3.delete_bucket(Bucket=target)


@provider("aws:s3/bucketNotification:BucketNotification", "s3/bucket_notification.go")
def notification(aws: Aws) -> None:
    s3, name = aws.s3, {"Bucket": bucket(aws, "notified")}
    url = aws.sqs.create_queue(QueueName="notified")["QueueUrl"]
    notified = aws.arn("sqs", "notified")
    statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": notified}]}
    aws.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    queue = {
        "Id": "errors",
        "QueueArn": notified,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "errors/"}]}},
    }
    s3.put_bucket_notification_configuration(**name, NotificationConfiguration={"QueueConfigurations": [queue]})
    (found,) = s3.get_bucket_notification_configuration(**name)["QueueConfigurations"]
    rules = found["Filter"]["Key"]["FilterRules"]
    assert [(rule["Name"].lower(), rule["Value"]) for rule in rules] == [("prefix", "errors/")]
    assert {key: found[key] for key in ("Id", "QueueArn", "Events")} == {
        key: queue[key] for key in ("Id", "QueueArn", "Events")
    }
    s3.put_bucket_notification_configuration(**name, NotificationConfiguration={"EventBridgeConfiguration": {}})
    found = s3.get_bucket_notification_configuration(**name)
    assert "QueueConfigurations" not in found
    assert found["EventBridgeConfiguration"] == {}
    s3.put_bucket_notification_configuration(**name, NotificationConfiguration={})
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(**name)
    aws.sqs.delete_queue(QueueUrl=url)
    s3.delete_bucket(**name)


@provider("aws:s3/bucketOwnershipControls:BucketOwnershipControls", "s3/bucket_ownership_controls.go")
def ownership(aws: Aws) -> None:
    s3, name = aws.s3, {"Bucket": bucket(aws, "owned")}
    for ownership in ("BucketOwnerEnforced", "BucketOwnerPreferred"):
        s3.put_bucket_ownership_controls(**name, OwnershipControls={"Rules": [{"ObjectOwnership": ownership}]})
        assert s3.get_bucket_ownership_controls(**name)["OwnershipControls"]["Rules"] == [
            {"ObjectOwnership": ownership}
        ]
    s3.delete_bucket_ownership_controls(**name)
    refused("OwnershipControlsNotFoundError", s3.get_bucket_ownership_controls, **name)
    s3.delete_bucket(**name)


@provider("aws:s3/bucketPolicy:BucketPolicy", "s3/bucket_policy.go")
def bucket_policy(aws: Aws) -> None:
    s3, name = aws.s3, {"Bucket": bucket(aws, "policed")}
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::policed/*"}
    secure = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    given = {"Version": "2012-10-17", "Statement": [{**statement, **secure}]}
    s3.put_bucket_policy(**name, Policy=json.dumps(given))
    assert json.loads(s3.get_bucket_policy(**name)["Policy"]) == given
    s3.delete_bucket_policy(**name)
    refused("NoSuchBucketPolicy", s3.get_bucket_policy, **name)
    s3.delete_bucket(**name)


@provider("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "s3/bucket_public_access_block.go")
def public_access_block(aws: Aws) -> None:
    s3, name = aws.s3, {"Bucket": bucket(aws, "blocked")}
    given = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    s3.put_public_access_block(**name, PublicAccessBlockConfiguration=given)
    assert s3.get_public_access_block(**name)["PublicAccessBlockConfiguration"] == given
    s3.put_public_access_block(**name, PublicAccessBlockConfiguration=given | {"BlockPublicAcls": False})
    assert s3.get_public_access_block(**name)["PublicAccessBlockConfiguration"]["BlockPublicAcls"] is False
    s3.delete_public_access_block(**name)
    refused("NoSuchPublicAccessBlockConfiguration", s3.get_public_access_block, **name)
    s3.delete_bucket(**name)
