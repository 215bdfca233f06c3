"""The EventBridge Pipe from a Kinesis data stream to an event bus; it passes the changes that are domain events."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import domain
from components.permission import ANY, Permission
from components.pipe import MAX_RECORD_AGE_SECONDS, log_configuration
from components.role import ServiceRole
from components.stage import Context, Stage

BATCH_SIZE = 10
"""The maximum of PutEvents, and so of the batch of a Pipe to a bus."""

PART = "event-pipe"


@dataclass(frozen=True)
class EventPipeArgs:
    """The ARNs of the Kinesis stream, of the bus, and of the dead-letter queue."""

    stream_arn: pulumi.Input[str]
    bus_arn: pulumi.Input[str]
    dead_letters_arn: pulumi.Input[str]


class EventPipe(Stage):
    """A Pipe that reads the Kinesis stream from its beginning and puts each domain event on a bus.

    It supports both capture modes: both have the images at the same paths. A failing batch is bisected, retried
    `pipeRetries` times, and then described in the dead-letter queue. Delivery is at-least-once and unordered, and a
    recreated Pipe publishes again what the stream still keeps: consumers must be idempotent by event_id. Exports
    `pipe_name` and `role_arn`.
    """

    pipe_name: pulumi.Output[str]
    role_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: EventPipeArgs, context: Context, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("EventPipe", name, context, opts)
        pipe_name = context.names(PART)
        role = self._role(name, args, pipe_name)
        pipe = aws.pipes.Pipe(
            name,
            aws.pipes.PipeArgs(
                name=pipe_name,
                description=f"Domain events of the {context.table.entity} table to the bus",
                role_arn=role.arn,
                source=args.stream_arn,
                source_parameters=aws.pipes.PipeSourceParametersArgs(
                    kinesis_stream_parameters=self._source(args.dead_letters_arn),
                    filter_criteria=aws.pipes.PipeSourceParametersFilterCriteriaArgs(
                        filters=[
                            aws.pipes.PipeSourceParametersFilterCriteriaFilterArgs(pattern=pattern)
                            for pattern in domain.filters(context.table, context.settings.large_order_threshold)
                        ]
                    ),
                ),
                target=args.bus_arn,
                target_parameters=aws.pipes.PipeTargetParametersArgs(
                    eventbridge_event_bus_parameters=aws.pipes.PipeTargetParametersEventbridgeEventBusParametersArgs(
                        source=context.names.prefix, detail_type=domain.detail_type(context.table)
                    ),
                    input_template=domain.detail(context.table),
                ),
                log_configuration=log_configuration(name, self, pipe_name),
                tags=self.tags,
            ),
            self.child([role]),
        )
        self.pipe_name = pipe.name
        self.role_arn = role.arn
        self.register_outputs({"pipe_name": self.pipe_name, "role_arn": self.role_arn})

    def _source(self, dead_letters_arn: pulumi.Input[str]) -> aws.pipes.PipeSourceParametersKinesisStreamParametersArgs:
        settings = self.context.settings
        return aws.pipes.PipeSourceParametersKinesisStreamParametersArgs(
            starting_position="TRIM_HORIZON",
            batch_size=BATCH_SIZE,
            maximum_batching_window_in_seconds=settings.pipe_batch_window_seconds,
            parallelization_factor=settings.pipe_parallelism,
            maximum_record_age_in_seconds=MAX_RECORD_AGE_SECONDS,
            maximum_retry_attempts=settings.pipe_retries,
            on_partial_batch_item_failure="AUTOMATIC_BISECT",
            dead_letter_config=aws.pipes.PipeSourceParametersKinesisStreamParametersDeadLetterConfigArgs(
                arn=dead_letters_arn
            ),
        )

    def _role(self, name: str, args: EventPipeArgs, pipe_name: str) -> ServiceRole:
        context = self.context
        reads = ("DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards")
        return ServiceRole(
            f"{name}-role",
            self,
            PART,
            service="pipes.amazonaws.com",
            # The value of aws:SourceArn is the pipe's ARN:
            # https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html
            conditions=context.from_source(context.arn("pipes", f"pipe/{pipe_name}")),
            permissions=[
                Permission(tuple(f"kinesis:{action}" for action in reads), (args.stream_arn,)),
                Permission(("kinesis:ListStreams",), (ANY,)),
                Permission(("events:PutEvents",), (args.bus_arn,)),
                Permission(("sqs:SendMessage",), (args.dead_letters_arn,)),
                *context.key_use("kinesis", write=False),
                *context.key_use("sqs"),
            ],
        )
