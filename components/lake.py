"""Where the changes rest: the S3 bucket, with everything that makes it safe to leave there."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.naming import BUCKET_LIMIT
from components.permission import Permission, Principal, policy, tls_only
from components.stage import Site, Stage

ERRORS = "errors/"
"""Where Firehose writes what it could not transform, convert or deliver."""
QUERY_RESULTS = "query-results/"
"""Where Athena writes a query's result."""
ACCESS_LOGS = "access/"
"""Where, in the log bucket, S3 writes who asked for what."""

_ACCOUNT_DIGITS = 12
_NONCURRENT_DAYS = 7
_UPLOAD_DAYS = 3


class Lake(Stage):
    """The lake's bucket, and beside it the bucket of its access logs.

    Both: public access blocked, TLS only, owner enforced, encrypted, versioned,
    with a lifecycle. `lakeRetentionDays` expires rows (0 keeps them); query
    results, old versions and half-finished uploads always go. Gives
    `bucket_name`, `bucket_arn` and `ready`, to depend on before writing.
    """

    bucket_name: pulumi.Output[str]
    bucket_arn: pulumi.Output[str]
    log_bucket_name: pulumi.Output[str]

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("Lake", name, site, opts)
        settings = site.settings
        logs = self._bucket(f"{name}-logs", site, "logs")
        bucket = self._bucket(name, site, "lake")
        self._encryption(name, bucket, site.key_arn)
        # S3 delivers access logs under its own key or none.
        self._encryption(f"{name}-logs", logs, None)
        self._lifecycle(
            name,
            bucket,
            [
                *(
                    [_expire("rows", f"{site.table.change_log}/", settings.lake_retention_days)]
                    if settings.lake_retention_days
                    else []
                ),
                _expire("query-results", QUERY_RESULTS, settings.query_result_days),
            ],
        )
        self._lifecycle(f"{name}-logs", logs, [_expire("access-logs", ACCESS_LOGS, settings.log_retention_days)])
        self._policy(name, bucket, [])
        delivered = Permission(
            ("s3:PutObject",),
            (pulumi.Output.concat(logs.arn, "/", ACCESS_LOGS, "*"),),
            site.from_source(bucket.arn),
            Principal("Service", "logging.s3.amazonaws.com"),
        )
        log_policy = self._policy(f"{name}-logs", logs, [delivered])
        aws.s3.BucketLogging(
            name,
            aws.s3.BucketLoggingInitArgs(bucket=bucket.bucket, target_bucket=logs.bucket, target_prefix=ACCESS_LOGS),
            self.child([log_policy]),
        )
        self.bucket_name = bucket.bucket
        self.bucket_arn = bucket.arn
        self.log_bucket_name = logs.bucket
        self.register_outputs({"bucket_name": self.bucket_name, "bucket_arn": self.bucket_arn})

    def _bucket(self, name: str, site: Site, part: str) -> aws.s3.Bucket:
        # Names of buckets are the whole world's: the account's number makes this one ours.
        stem = site.names(part, BUCKET_LIMIT - _ACCOUNT_DIGITS - 1)
        bucket = aws.s3.Bucket(
            name,
            aws.s3.BucketArgs(
                bucket=pulumi.Output.concat(stem, "-", site.account_id),
                force_destroy=site.settings.force_destroy,
                tags=self.tags,
            ),
            self.child(protect=site.settings.protect),
        )
        aws.s3.BucketPublicAccessBlock(
            name,
            aws.s3.BucketPublicAccessBlockArgs(
                bucket=bucket.bucket,
                block_public_acls=True,
                block_public_policy=True,
                ignore_public_acls=True,
                restrict_public_buckets=True,
            ),
            self.child(),
        )
        aws.s3.BucketOwnershipControls(
            name,
            aws.s3.BucketOwnershipControlsArgs(
                bucket=bucket.bucket,
                rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            ),
            self.child(),
        )
        aws.s3.BucketVersioning(
            name,
            aws.s3.BucketVersioningInitArgs(
                bucket=bucket.bucket,
                versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            ),
            self.child(),
        )
        return bucket

    def _encryption(self, name: str, bucket: aws.s3.Bucket, key_arn: pulumi.Output[str] | None) -> None:
        default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
            sse_algorithm="aws:kms" if key_arn else "AES256", kms_master_key_id=key_arn
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            aws.s3.BucketServerSideEncryptionConfigurationInitArgs(
                bucket=bucket.bucket,
                rules=[
                    aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                        apply_server_side_encryption_by_default=default,
                        bucket_key_enabled=True if key_arn else None,
                    )
                ],
            ),
            self.child(),
        )

    def _lifecycle(
        self, name: str, bucket: aws.s3.Bucket, rules: list[aws.s3.BucketLifecycleConfigurationRuleArgs]
    ) -> None:
        tidy = aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="tidy",
            status="Enabled",
            filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
            noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                noncurrent_days=_NONCURRENT_DAYS
            ),
            abort_incomplete_multipart_upload=(
                aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                    days_after_initiation=_UPLOAD_DAYS
                )
            ),
        )
        aws.s3.BucketLifecycleConfiguration(
            name,
            aws.s3.BucketLifecycleConfigurationArgs(bucket=bucket.bucket, rules=[*rules, tidy]),
            self.child(),
        )

    def _policy(self, name: str, bucket: aws.s3.Bucket, permissions: list[Permission]) -> aws.s3.BucketPolicy:
        everything = (bucket.arn, pulumi.Output.concat(bucket.arn, "/*"))
        return aws.s3.BucketPolicy(
            name,
            aws.s3.BucketPolicyArgs(bucket=bucket.bucket, policy=policy([tls_only("s3:*", *everything), *permissions])),
            self.child(),
        )


def _expire(rule: str, prefix: str, days: int) -> aws.s3.BucketLifecycleConfigurationRuleArgs:
    return aws.s3.BucketLifecycleConfigurationRuleArgs(
        id=rule,
        status="Enabled",
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=prefix),
        expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=days),
    )
