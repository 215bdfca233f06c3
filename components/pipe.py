"""The EventBridge Pipes from a table's DynamoDB stream to a Kinesis data stream."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.permission import ANY, Permission
from components.role import ServiceRole
from components.stage import Context, Stage

MAX_RECORD_AGE_SECONDS = -1
"""The stream's retention already limits the age of records: never discard a record for its age."""


PARTITION_KEY = "$.eventID"
"""The JSON path of the partition key: the change's identity, 32 characters, a globally unique identifier
(https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html).

It is never too long: a partition key has at most 256 characters
(https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeTargetKinesisStreamParameters.html), a table's
key up to 2,048 bytes. It spreads the changes of a hot key over all shards. The order of arrival is not used: readers of
the log order a key's changes by `sequence`.
"""

LARGE_FROM_BYTES = 64_000
"""The `SizeBytes` from which a change goes to the Pipe of large changes.

DynamoDB counts an empty string or a boolean as one byte; in JSON they take up to about 15
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html, FailedToReplicateRecordCount:
items from 34 KB may exceed 1 MB). Below this size, the JSON of any change has less than 1,000,000 bytes and fits into a
record of Firehose (1,000 KiB) and of Kinesis (1 MiB).
"""

LARGE_RETRIES = 10
"""The maximum of retries for a large change: one that exceeds Lambda's 6 MB can never succeed and would block others.
"""


@dataclass(frozen=True)
class PipeArgs:
    """The ARNs of the DynamoDB stream, of the Kinesis stream and of the dead-letter queue.

    With `shorten_arn`, the ARN of the function that shortens changes, it is the Pipe of large changes; without, that of
    all others.
    """

    table_stream_arn: pulumi.Input[str]
    stream_arn: pulumi.Input[str]
    dead_letters_arn: pulumi.Input[str]
    shorten_arn: pulumi.Input[str] | None = None


class Pipe(Stage):
    """A Pipe that reads the DynamoDB stream from its beginning without loss.

    A table has two, which filter by the size of a change: large changes are processed separately and never share a
    batch with others. More than two readers of a shard would be throttled
    (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html,
    LimitExceededException).

    A failing batch is bisected until the failing record is isolated, retried `pipeRetries` times (a large one at most
    `LARGE_RETRIES` times), and then described in the dead-letter queue, from which `python -m lake replay
    --dead-letters` delivers it. Exports `pipe_name`.
    """

    pipe_name: pulumi.Output[str]

    def __init__(self, name: str, args: PipeArgs, context: Context, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("Pipe", name, context, opts)
        is_large = args.shorten_arn is not None
        part = "large-pipe" if is_large else "pipe"
        pipe_name = context.names(part)
        role = self._role(name, args, part)
        pipe = aws.pipes.Pipe(
            name,
            aws.pipes.PipeArgs(
                name=pipe_name,
                description=(
                    f"{'Large changes' if is_large else 'Changes'} of the {context.table.entity} table to Kinesis"
                ),
                role_arn=role.arn,
                source=args.table_stream_arn,
                source_parameters=self._source(args),
                enrichment=args.shorten_arn,
                target=args.stream_arn,
                target_parameters=aws.pipes.PipeTargetParametersArgs(
                    kinesis_stream_parameters=aws.pipes.PipeTargetParametersKinesisStreamParametersArgs(
                        partition_key=PARTITION_KEY
                    )
                ),
                log_configuration=log_configuration(name, self, pipe_name),
                tags=self.tags,
            ),
            self.child([role]),
        )
        self.pipe_name = pipe.name
        self.register_outputs({"pipe_name": self.pipe_name})

    def _source(self, args: PipeArgs) -> aws.pipes.PipeSourceParametersArgs:
        settings, is_large = self.context.settings, args.shorten_arn is not None
        return aws.pipes.PipeSourceParametersArgs(
            dynamodb_stream_parameters=aws.pipes.PipeSourceParametersDynamodbStreamParametersArgs(
                starting_position="TRIM_HORIZON",
                batch_size=1 if is_large else settings.pipe_batch_size,
                maximum_batching_window_in_seconds=0 if is_large else settings.pipe_batch_window_seconds,
                parallelization_factor=settings.pipe_parallelism,
                maximum_record_age_in_seconds=MAX_RECORD_AGE_SECONDS,
                maximum_retry_attempts=min(settings.pipe_retries, LARGE_RETRIES) if is_large else settings.pipe_retries,
                on_partial_batch_item_failure="AUTOMATIC_BISECT",
                dead_letter_config=aws.pipes.PipeSourceParametersDynamodbStreamParametersDeadLetterConfigArgs(
                    arn=args.dead_letters_arn
                ),
            ),
            filter_criteria=aws.pipes.PipeSourceParametersFilterCriteriaArgs(
                filters=[
                    aws.pipes.PipeSourceParametersFilterCriteriaFilterArgs(pattern=pattern)
                    for pattern in (LARGE_CHANGES if is_large else OTHER_CHANGES)
                ]
            ),
        )

    def _role(self, name: str, args: PipeArgs, part: str) -> ServiceRole:
        context = self.context
        calls = [Permission(("lambda:InvokeFunction",), (args.shorten_arn,))] if args.shorten_arn else []
        return ServiceRole(
            f"{name}-role",
            self,
            part,
            service="pipes.amazonaws.com",
            # The value of aws:SourceArn is the pipe's ARN:
            # https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html
            conditions=context.from_source(context.arn("pipes", f"pipe/{context.names(part)}")),
            permissions=[
                Permission(
                    ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"),
                    (args.table_stream_arn,),
                ),
                Permission(("dynamodb:ListStreams",), (ANY,)),
                *calls,
                Permission(("kinesis:PutRecord", "kinesis:PutRecords"), (args.stream_arn,)),
                Permission(("sqs:SendMessage",), (args.dead_letters_arn,)),
                *context.key_use("dynamodb", write=False),
                *context.key_use("kinesis", read=False),
                *context.key_use("sqs"),
            ],
        )


def _by_size(*matches: object) -> str:
    return json.dumps({"dynamodb": {"SizeBytes": list(matches)}}, separators=(",", ":"))


OTHER_CHANGES = (_by_size({"numeric": ["<", LARGE_FROM_BYTES]}),)
LARGE_CHANGES = (_by_size({"numeric": [">=", LARGE_FROM_BYTES]}), _by_size({"exists": False}))
"""The filters of the two Pipes: one pattern of a Pipe's must match. SizeBytes is not required of a record
(API_streams_StreamRecord), so a record without it counts as large: every change passes exactly one of the two Pipes.
"""


def log_configuration(name: str, stage: Stage, pipe_name: str) -> aws.pipes.PipeLogConfigurationArgs:
    """Create the log group of a Pipe's errors."""
    # Vended logs belong under /aws/vendedlogs/, where the account's log resource policy does not grow with each new
    # group.
    logs = aws.cloudwatch.LogGroup(
        name,
        aws.cloudwatch.LogGroupArgs(
            name=f"/aws/vendedlogs/pipes/{pipe_name}",
            retention_in_days=stage.context.settings.log_retention_days,
            kms_key_id=stage.context.key_arn,
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
