"""The lake: the S3 bucket of the changes, and the bucket of its access logs."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.bucket import Bucket, BucketArgs, expire
from components.errors import Errors, ErrorsArgs
from components.permission import Permission, Principal
from components.stage import Context, Stage

ERRORS = "errors/"
"""The prefix of records that Firehose could not transform, convert or deliver."""
QUERY_RESULTS = "query-results/"
"""The prefix of Athena's query results."""
ACCESS_LOGS = "access/"
"""The prefix of access logs in the log bucket."""


class Lake(Stage):
    """The lake's bucket, and the bucket of its access logs.

    `lakeRetentionDays` expires rows and errors (0 keeps them); query results and access logs always expire. With
    `errorQueue`, each object under errors/ sends a message to a queue: the list of what to replay. Needs only the
    context.
    Exports `bucket_name`, `bucket_arn` and `error_queue_name` ("" without a queue).
    """

    bucket_name: pulumi.Output[str]
    bucket_arn: pulumi.Output[str]
    error_queue_name: pulumi.Output[str]

    def __init__(self, name: str, context: Context, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("Lake", name, context, opts)
        settings = context.settings
        kept = settings.lake_retention_days
        rows = (expire("rows", f"{context.table.change_log}/", kept), expire("errors", ERRORS, kept)) if kept else ()
        lake = Bucket(
            name,
            self,
            BucketArgs(
                part="lake",
                key_arn=context.key_arn,
                rules=(*rows, expire("query-results", QUERY_RESULTS, settings.query_result_days)),
            ),
        )
        delivered = Permission(
            ("s3:PutObject",),
            (ACCESS_LOGS + "*",),
            context.from_source(lake.arn),
            Principal("Service", "logging.s3.amazonaws.com"),
        )
        logs = Bucket(
            f"{name}-logs",
            self,
            BucketArgs(
                part="logs",
                # S3 delivers access logs only to a bucket with S3's own key.
                key_arn=None,
                rules=(expire("access-logs", ACCESS_LOGS, settings.log_retention_days),),
                permissions=(delivered,),
            ),
        )
        aws.s3.BucketLogging(
            name,
            aws.s3.BucketLoggingInitArgs(bucket=lake.name, target_bucket=logs.name, target_prefix=ACCESS_LOGS),
            self.child([logs]),
        )
        self.error_queue_name = pulumi.Output.from_input("")
        if settings.error_queue:
            noted = Errors(f"{name}-errors", ErrorsArgs(lake.name, ERRORS), context, self.child())
            self.error_queue_name = noted.queue_name
        self.bucket_name = lake.name
        self.bucket_arn = lake.arn
        self.register_outputs({"bucket_name": self.bucket_name, "bucket_arn": self.bucket_arn})
