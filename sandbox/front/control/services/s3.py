"""The settings of S3 buckets.

https://docs.aws.amazon.com/AmazonS3/latest/API/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from moto.s3.models import FakeBucket, S3Backend, s3_backends

from sandbox.front.control.call import ControlCall
from sandbox.front.control.registry import amends, answers
from sandbox.front.reply import ServiceError
from sandbox.state import ACCOUNT_ID

_PARTITION = "aws"
_LOG_FORMAT = "sandbox_log_key_format"
_PAYER = "sandbox_payer"
_OWN_KEYS = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}


@amends("s3", "CreateBucket")
def keep_tags(call: ControlCall, _: dict[str, Any]) -> None:
    """Store the tags that a bucket is created with.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucketConfiguration.html
    """
    tags: list[dict[str, str]] = call.parameters.get("CreateBucketConfiguration", {}).get("Tags", [])
    if tags:
        _backend().tagger.tag_resource(_bucket(call).arn, tags)


@amends("s3", "CreateBucket")
def own_objects(call: ControlCall, _: dict[str, Any]) -> None:
    """Store the default ownership of a new bucket's objects.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
    """
    bucket: Any = _bucket(call)
    bucket.ownership_rule = bucket.ownership_rule or "BucketOwnerEnforced"


@answers("s3", "GetBucketEncryption")
def encryption(call: ControlCall) -> Mapping[str, Any]:
    """Return a bucket's encryption; by default S3 encrypts every bucket with its own keys.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
    """
    given: dict[str, Any] = _bucket(call).encryption or {}
    rules: Any = given.get("Rule", _OWN_KEYS)
    listed = cast("list[dict[str, Any]]", rules if isinstance(rules, list) else [rules])
    described = [rule | {"BucketKeyEnabled": str(rule.get("BucketKeyEnabled")).lower() == "true"} for rule in listed]
    return {"ServerSideEncryptionConfiguration": {"Rules": described}}


@amends("s3", "PutBucketLogging")
def keep_log_format(call: ControlCall, _: dict[str, Any]) -> None:
    """Store the format of the access logs' object keys."""
    enabled: dict[str, Any] = call.parameters["BucketLoggingStatus"].get("LoggingEnabled", {})
    vars(_bucket(call))[_LOG_FORMAT] = enabled.get("TargetObjectKeyFormat")


@amends("s3", "GetBucketLogging")
def log_format(call: ControlCall, output: dict[str, Any]) -> None:
    """Add the format of the access logs' object keys."""
    if "LoggingEnabled" in output and (given := vars(_bucket(call)).get(_LOG_FORMAT)):
        output["LoggingEnabled"]["TargetObjectKeyFormat"] = given


@amends("s3", "GetBucketNotificationConfiguration")
def eventbridge(call: ControlCall, output: dict[str, Any]) -> None:
    """Add that a bucket notifies EventBridge: the provider reads it (internal/service/s3/bucket_notification.go).

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_EventBridgeConfiguration.html
    """
    configured: Any = _bucket(call).notification_configuration
    if configured is not None and configured.event_bridge is not None:
        output["EventBridgeConfiguration"] = {}


@answers("s3", "GetBucketRequestPayment")
def payment(call: ControlCall) -> Mapping[str, Any]:
    """Return who pays for reading a bucket."""
    return {"Payer": vars(_bucket(call)).get(_PAYER, "BucketOwner")}


@answers("s3", "PutBucketRequestPayment")
def put_payment(call: ControlCall) -> None:
    """Set who pays for reading a bucket."""
    vars(_bucket(call))[_PAYER] = call.parameters["RequestPaymentConfiguration"]["Payer"]


def _backend() -> S3Backend:
    return s3_backends[ACCOUNT_ID][_PARTITION]


def _bucket(call: ControlCall) -> FakeBucket:
    name = call.parameters["Bucket"]
    bucket = _backend().buckets.get(name)
    if bucket is None:
        raise ServiceError("NoSuchBucket", "The specified bucket does not exist", status=404)
    return bucket
