"""Readers of S3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.integration.sandbox.provider import Aws
from tests.integration.sandbox.read_back.reading import READERS, Resource, reads, tags_of

ACCOUNT = "123456789012"


@reads("aws:s3/bucket:Bucket")
def bucket(aws: Aws, it: Resource) -> Mapping[str, Any]:
    aws.s3.head_bucket(Bucket=it.id)
    resource = {"AccountId": ACCOUNT, "ResourceArn": f"arn:aws:s3:::{it.id}"}
    return {"bucket": it.id, "tags": tags_of(aws.s3control.list_tags_for_resource(**resource)["Tags"])}


def _of_bucket(type_: str, method: str, *path: str) -> None:
    """A reader of what is set on a bucket: a method of S3, and where in its answer the settings are."""

    def read(aws: Aws, it: Resource) -> Mapping[str, Any]:
        name = it.inputs["bucket"]
        found: Any = getattr(aws.s3, method)(Bucket=name)
        for member in path:
            found = found[member]
        return found | {"bucket": name}

    READERS[f"aws:s3/{type_[0].lower()}{type_[1:]}:{type_}"] = read


_of_bucket("BucketPolicy", "get_bucket_policy")


_of_bucket("BucketLogging", "get_bucket_logging", "LoggingEnabled")


_of_bucket("BucketLifecycleConfiguration", "get_bucket_lifecycle_configuration")


_of_bucket("BucketPublicAccessBlock", "get_public_access_block", "PublicAccessBlockConfiguration")


_of_bucket("BucketServerSideEncryptionConfiguration", "get_bucket_encryption", "ServerSideEncryptionConfiguration")


@reads("aws:s3/bucketVersioning:BucketVersioning")
def versioning(aws: Aws, it: Resource) -> Mapping[str, Any]:
    name = it.inputs["bucket"]
    return {"bucket": name, "versioningConfiguration": aws.s3.get_bucket_versioning(Bucket=name)}


@reads("aws:s3/bucketOwnershipControls:BucketOwnershipControls")
def ownership(aws: Aws, it: Resource) -> Mapping[str, Any]:
    name = it.inputs["bucket"]
    (rule,) = aws.s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
    return {"bucket": name, "rule": rule}


@reads("aws:s3/bucketNotification:BucketNotification")
def notification(aws: Aws, it: Resource) -> Mapping[str, Any]:
    name = it.inputs["bucket"]
    configured = aws.s3.get_bucket_notification_configuration(Bucket=name)
    queues = configured.get("QueueConfigurations", [])
    filters = [
        {rule["Name"].lower(): rule["Value"] for rule in each["Filter"]["Key"]["FilterRules"]} for each in queues
    ]
    return {
        "bucket": name,
        "eventbridge": "EventBridgeConfiguration" in configured,
        "queues": [
            queue | {"filterPrefix": each.get("prefix"), "filterSuffix": each.get("suffix")}
            for queue, each in zip(queues, filters, strict=True)
        ],
    }
