"""The EventBridge Pipe from a table's DynamoDB stream to a Kinesis data stream."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.permission import ANY, Permission
from components.queue import Queue
from components.role import ServiceRole
from components.stage import Site, Stage

MAX_RECORD_AGE_SECONDS = -1
"""A stream keeps records for 24 hours or what was chosen, which is limit enough: never discard for age alone."""


@dataclass(frozen=True)
class PipeArgs:
    """What a pipe needs: the ARNs of the DynamoDB stream and of the Kinesis stream."""

    table_stream_arn: pulumi.Input[str]
    stream_arn: pulumi.Input[str]


class Pipe(Stage):
    """A Pipe that reads the DynamoDB stream from its beginning and loses nothing it reads.

    A batch that fails is halved until the record at fault stands alone, tried
    again `pipeRetries` times, and then described in the dead-letter queue. Rows
    of one key go to one shard, so their order is kept. Gives `pipe_name`,
    `dead_letter_queue_url` and `dead_letter_queue_name`.
    """

    pipe_name: pulumi.Output[str]
    dead_letter_queue_url: pulumi.Output[str]
    dead_letter_queue_name: pulumi.Output[str]

    def __init__(self, name: str, args: PipeArgs, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("Pipe", name, site, opts)
        settings = site.settings
        pipe_name = site.names("pipe")
        queue = Queue(f"{name}-dead-letters", self, "dead-letters")
        role = ServiceRole(
            f"{name}-role",
            self,
            "pipe",
            service="pipes.amazonaws.com",
            # The value of aws:SourceArn is the pipe's ARN:
            # https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html
            conditions=site.from_source(site.arn("pipes", f"pipe/{pipe_name}")),
            permissions=[
                Permission(
                    ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"),
                    (args.table_stream_arn,),
                ),
                Permission(("dynamodb:ListStreams",), (ANY,)),
                Permission(("kinesis:PutRecord", "kinesis:PutRecords"), (args.stream_arn,)),
                Permission(("sqs:SendMessage",), (queue.arn,)),
                *site.key_use("dynamodb", write=False),
                *site.key_use("kinesis", read=False),
                *site.key_use("sqs"),
            ],
        )
        pipe = aws.pipes.Pipe(
            name,
            aws.pipes.PipeArgs(
                name=pipe_name,
                description=f"Changes of the {site.table.entity} table to Kinesis",
                role_arn=role.arn,
                source=args.table_stream_arn,
                source_parameters=aws.pipes.PipeSourceParametersArgs(
                    dynamodb_stream_parameters=aws.pipes.PipeSourceParametersDynamodbStreamParametersArgs(
                        starting_position="TRIM_HORIZON",
                        batch_size=settings.pipe_batch_size,
                        maximum_batching_window_in_seconds=settings.pipe_batch_window_seconds,
                        parallelization_factor=settings.pipe_parallelism,
                        maximum_record_age_in_seconds=MAX_RECORD_AGE_SECONDS,
                        maximum_retry_attempts=settings.pipe_retries,
                        on_partial_batch_item_failure="AUTOMATIC_BISECT",
                        dead_letter_config=aws.pipes.PipeSourceParametersDynamodbStreamParametersDeadLetterConfigArgs(
                            arn=queue.arn
                        ),
                    )
                ),
                target=args.stream_arn,
                target_parameters=aws.pipes.PipeTargetParametersArgs(
                    kinesis_stream_parameters=aws.pipes.PipeTargetParametersKinesisStreamParametersArgs(
                        partition_key=partition_key_path(site)
                    )
                ),
                log_configuration=log_configuration(name, self, pipe_name),
                tags=self.tags,
            ),
            self.child([role]),
        )
        self.pipe_name = pipe.name
        self.dead_letter_queue_url = queue.url
        self.dead_letter_queue_name = queue.name
        self.register_outputs({"pipe_name": self.pipe_name, "dead_letter_queue_url": self.dead_letter_queue_url})


def log_configuration(name: str, stage: Stage, pipe_name: str) -> aws.pipes.PipeLogConfigurationArgs:
    """A Pipe's errors go to a log group of its own, which this makes."""
    # Logs that AWS services deliver themselves belong under /aws/vendedlogs/, where
    # the account's log resource policy does not grow with each new group.
    logs = aws.cloudwatch.LogGroup(
        name,
        aws.cloudwatch.LogGroupArgs(
            name=f"/aws/vendedlogs/pipes/{pipe_name}",
            retention_in_days=stage.site.settings.log_retention_days,
            kms_key_id=stage.site.key_arn,
            tags=stage.tags,
        ),
        stage.child(),
    )
    return aws.pipes.PipeLogConfigurationArgs(
        level="ERROR",
        cloudwatch_logs_log_destination=aws.pipes.PipeLogConfigurationCloudwatchLogsLogDestinationArgs(
            log_group_arn=logs.arn
        ),
    )


def partition_key_path(site: Site) -> str:
    """The JSON path of the table's partition key in a DynamoDB Streams record."""
    key = site.table.partition_key
    return f"$.dynamodb.Keys.{key.name}.{key.type}"
