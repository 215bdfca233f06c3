"""S3 buckets and the separate resources of their configuration."""

from __future__ import annotations

from typing import Any

from sandbox.deploy.handlers.iam import document
from sandbox.deploy.registry import Created, New, handles
from sandbox.deploy.shapes import fill, pairs

_NO_LOCATION = "us-east-1"


@handles("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
def bucket(new: New) -> Created:
    """Create a bucket and its tags; bucket names are in lower case."""
    name = new.physical_name("bucket").lower()
    location = {} if new.aws.region == _NO_LOCATION else {"LocationConstraint": new.aws.region}
    lock = {"ObjectLockEnabledForBucket": True} if new.inputs.flag("objectLockEnabled") else {}
    configuration = {"CreateBucketConfiguration": location} if location else {}
    new.call("s3", "create_bucket", Bucket=name, **configuration, **lock)
    if tags := new.tags():
        shape = new.aws.api("s3").request_shape("put_bucket_tagging").members["Tagging"].members["TagSet"]
        new.call("s3", "put_bucket_tagging", Bucket=name, Tagging={"TagSet": pairs(shape, tags)})
    return Created(
        name,
        {
            "bucket": name,
            "arn": f"arn:{new.aws.partition}:s3:::{name}",
            "bucketDomainName": f"{name}.s3.amazonaws.com",
            "bucketRegion": new.aws.region,
            "bucketRegionalDomainName": f"{name}.s3.{new.aws.region}.amazonaws.com",
        },
    )


@handles("aws:s3/bucketVersioning:BucketVersioning", "aws:s3/bucketVersioningV2:BucketVersioningV2")
def bucket_versioning(new: New) -> Created:
    """Set a bucket's versioning; `Disabled` means that it was never enabled."""
    name, configuration = new.inputs.require("bucket"), new.inputs.block("versioningConfiguration")
    shape = new.aws.api("s3").request_shape("put_bucket_versioning").members["VersioningConfiguration"]
    versioning = fill(shape, configuration) if configuration else {}
    if versioning.get("Status") != "Disabled":
        new.create("s3", "put_bucket_versioning", Bucket=name, VersioningConfiguration=versioning)
    return Created(name)


@handles(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
)
def bucket_encryption(new: New) -> Created:
    """Set a bucket's default encryption."""
    return _configure(new, "put_bucket_encryption", "ServerSideEncryptionConfiguration")


@handles(
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
)
def bucket_lifecycle(new: New) -> Created:
    """Set a bucket's lifecycle."""
    return _configure(new, "put_bucket_lifecycle_configuration", "LifecycleConfiguration")


@handles("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
def bucket_public_access_block(new: New) -> Created:
    """Set a bucket's public access block."""
    return _configure(new, "put_public_access_block", "PublicAccessBlockConfiguration")


@handles("aws:s3/bucketOwnershipControls:BucketOwnershipControls")
def bucket_ownership_controls(new: New) -> Created:
    """Set a bucket's object ownership."""
    name, rule = new.inputs.require("bucket"), new.inputs.block("rule")
    rules = [{"ObjectOwnership": rule.require("objectOwnership")}] if rule else []
    new.call("s3", "put_bucket_ownership_controls", Bucket=name, OwnershipControls={"Rules": rules})
    return Created(name)


@handles("aws:s3/bucketLogging:BucketLogging", "aws:s3/bucketLoggingV2:BucketLoggingV2")
def bucket_logging(new: New) -> Created:
    """Set a bucket's access logging."""
    name = new.inputs.require("bucket")
    shape = new.aws.api("s3").request_shape("put_bucket_logging")
    enabled = fill(shape.members["BucketLoggingStatus"].members["LoggingEnabled"], new.inputs)
    new.call("s3", "put_bucket_logging", Bucket=name, BucketLoggingStatus={"LoggingEnabled": enabled})
    return Created(name)


@handles("aws:s3/bucketPolicy:BucketPolicy")
def bucket_policy(new: New) -> Created:
    """Set a bucket policy."""
    name = new.inputs.require("bucket")
    new.call("s3", "put_bucket_policy", Bucket=name, Policy=document(new.inputs, "policy"))
    return Created(name)


@handles("aws:s3/bucketNotification:BucketNotification")
def bucket_notification(new: New) -> Created:
    """Set a bucket's notifications: queues and EventBridge."""
    name = new.inputs.require("bucket")
    queues = [
        _optional(Id=queue.text("id"))
        | {"QueueArn": queue.require("queueArn"), "Events": queue.strings("events")}
        | _key_filter(prefix=queue.text("filterPrefix"), suffix=queue.text("filterSuffix"))
        for queue in new.inputs.blocks("queues")
    ]
    configuration: dict[str, Any] = {"QueueConfigurations": queues} if queues else {}
    if new.inputs.flag("eventbridge"):
        configuration["EventBridgeConfiguration"] = {}
    new.call("s3", "put_bucket_notification_configuration", Bucket=name, NotificationConfiguration=configuration)
    return Created(name)


def _key_filter(**parts: str | None) -> dict[str, Any]:
    rules = [{"Name": part, "Value": value} for part, value in parts.items() if value]
    return {"Filter": {"Key": {"FilterRules": rules}}} if rules else {}


def _optional(**members: object) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _configure(new: New, method: str, member: str) -> Created:
    """Set a request member from top-level inputs."""
    name = new.inputs.require("bucket")
    shape = new.aws.api("s3").request_shape(method).members[member]
    new.create("s3", method, Bucket=name, **{member: fill(shape, new.inputs)})
    return Created(name)
