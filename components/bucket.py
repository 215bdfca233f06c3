"""An S3 bucket with secure defaults."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.permission import Permission, policy, tls_only
from components.settings import PROJECT
from components.stage import Stage

OWNED_BESIDE: Mapping[str, str] = {
    "aws:s3/bucketAccelerateConfiguration:BucketAccelerateConfiguration": "accelerationStatus",
    "aws:s3/bucketAcl:BucketAcl": "acl",
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": "corsRules",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "lifecycleRules",
    "aws:s3/bucketLogging:BucketLogging": "logging",
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": "objectLockConfiguration",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "grants",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": "replicationConfiguration",
    "aws:s3/bucketRequestPaymentConfiguration:BucketRequestPaymentConfiguration": "requestPayer",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "serverSideEncryptionConfiguration"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": "versioning",
    "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration": "website",
}
"""The bucket properties that separate resources manage, by the type of that resource. The provider also reads them into
the bucket's own properties, so after a refresh the next update would remove them, because the bucket does not set them.
https://github.com/pulumi/pulumi-aws/issues/6244
"""

LifecycleRule = aws.s3.BucketLifecycleConfigurationRuleArgs

_NONCURRENT_DAYS = 7
_UPLOAD_DAYS = 3
_Default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs
_Noncurrent = aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs
_Abort = aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs


@dataclass(frozen=True)
class BucketArgs:
    """A bucket's part of the stack's names, its KMS key (None: S3's own), its lifecycle and its policy.

    The permissions' resources are key patterns in the bucket.
    """

    part: str
    key_arn: pulumi.Output[str] | None
    rules: tuple[LifecycleRule, ...]
    permissions: tuple[Permission, ...] = ()


class Bucket(pulumi.ComponentResource):
    """A bucket without public access and plain HTTP, with owner-enforced objects, encryption, versions and a lifecycle.

    Old versions and incomplete uploads expire. Only `forceDestroy` allows a destroy to empty it; `protect` protects it.
    Exports `name` and `arn`.
    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, stage: Stage, args: BucketArgs) -> None:
        super().__init__(f"{PROJECT}:pipeline:Bucket", name, None, stage.child())
        context = stage.context
        bucket = aws.s3.Bucket(
            name,
            aws.s3.BucketArgs(
                bucket=context.bucket_name(args.part),
                force_destroy=context.settings.force_destroy,
                tags=stage.tags,
            ),
            pulumi.ResourceOptions(
                parent=self,
                protect=context.settings.protect or None,
                ignore_changes=sorted(OWNED_BESIDE.values()),
            ),
        )
        self.name = bucket.bucket
        self.arn = bucket.arn
        closed = self._close(name)
        self._encrypt(name, args.key_arn)
        self._tidy(name, args.rules)
        self._admit(name, args.permissions, closed)
        self.register_outputs({"name": self.name, "arn": self.arn})

    def _close(self, name: str) -> aws.s3.BucketPublicAccessBlock:
        aws.s3.BucketOwnershipControls(
            name,
            aws.s3.BucketOwnershipControlsArgs(
                bucket=self.name,
                rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            ),
            self._child(),
        )
        return aws.s3.BucketPublicAccessBlock(
            name,
            aws.s3.BucketPublicAccessBlockArgs(
                bucket=self.name,
                block_public_acls=True,
                block_public_policy=True,
                ignore_public_acls=True,
                restrict_public_buckets=True,
            ),
            self._child(),
        )

    def _encrypt(self, name: str, key_arn: pulumi.Output[str] | None) -> None:
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            aws.s3.BucketServerSideEncryptionConfigurationInitArgs(
                bucket=self.name,
                rules=[
                    aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                        apply_server_side_encryption_by_default=_Default(
                            sse_algorithm="aws:kms" if key_arn else "AES256", kms_master_key_id=key_arn
                        ),
                        # One KMS call for many objects instead of one per object.
                        bucket_key_enabled=True if key_arn else None,
                    )
                ],
            ),
            self._child(),
        )

    def _tidy(self, name: str, rules: tuple[LifecycleRule, ...]) -> None:
        versioning = aws.s3.BucketVersioning(
            name,
            aws.s3.BucketVersioningInitArgs(
                bucket=self.name,
                versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            ),
            self._child(),
        )
        tidy = LifecycleRule(
            id="tidy",
            status="Enabled",
            filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
            # An expired version leaves a delete marker, which this removes.
            expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(expired_object_delete_marker=True),
            noncurrent_version_expiration=_Noncurrent(noncurrent_days=_NONCURRENT_DAYS),
            abort_incomplete_multipart_upload=_Abort(days_after_initiation=_UPLOAD_DAYS),
        )
        aws.s3.BucketLifecycleConfiguration(
            name,
            aws.s3.BucketLifecycleConfigurationArgs(bucket=self.name, rules=[*rules, tidy]),
            self._child([versioning]),
        )

    def _admit(self, name: str, permissions: tuple[Permission, ...], closed: pulumi.Resource) -> None:
        """Set the bucket's policy after its public access block: S3 refuses concurrent changes of both."""
        inside = [
            dataclasses.replace(
                permission,
                resources=tuple(pulumi.Output.concat(self.arn, "/", pattern) for pattern in permission.resources),
            )
            for permission in permissions
        ]
        encrypted = tls_only("s3:*", self.arn, pulumi.Output.concat(self.arn, "/*"))
        aws.s3.BucketPolicy(
            name,
            aws.s3.BucketPolicyArgs(bucket=self.name, policy=policy([encrypted, *inside])),
            self._child([closed]),
        )

    def _child(self, depends_on: list[pulumi.Resource] | None = None) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=depends_on)


def expire(rule: str, prefix: str, days: int) -> LifecycleRule:
    """The lifecycle rule that expires objects under a prefix after a number of days."""
    return LifecycleRule(
        id=rule,
        status="Enabled",
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=prefix),
        expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=days),
    )
