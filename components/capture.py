"""From the table to Kinesis: the data stream and its writers."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.pipe import Pipe, PipeArgs
from components.queue import Queue
from components.shorten_function import ShortenFunction, ShortenFunctionArgs
from components.stage import Context, Stage


@dataclass(frozen=True)
class CaptureArgs:
    """The table's name, the ARN of its DynamoDB stream, and the zip of the transform.

    The zip also has the function that shortens large changes.
    """

    table_name: pulumi.Input[str]
    table_stream_arn: pulumi.Input[str]
    code: pulumi.Archive


class Capture(Stage):
    """A Kinesis data stream, filled by EventBridge Pipes or by the table itself.

    `captureMode` pipe: two Pipes deliver DynamoDB Streams records, with their sequence numbers, and send batches that
    fail to a dead-letter queue. The Pipe of large changes calls a function that shortens them to Firehose's limit.
    `native`: DynamoDB's own Kinesis destination, whose records carry the time in microseconds and no sequence number;
    there is no Pipe, no function and no queue then, and `pipe_name`, `large_pipe_name`, `shorten_function_name`,
    `dead_letter_queue_url` and `dead_letter_queue_name` are "". DynamoDB skips a change whose record would exceed 1 MiB
    (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds_using-shards-and-metrics.html,
    FailedToReplicateRecordCount): such a change never reaches the lake, and an alarm reports it. DynamoDB chooses the
    partition key; neither the choice nor the treatment of a long table key is documented.

    The stream takes records of 1 MiB, its default. More (`maxRecordSizeInKiB`) would not help: AWS says to check first
    that the stream's consumers support it (https://docs.aws.amazon.com/streams/latest/dev/large-records.html), and the
    documented maximum of a Firehose record is 1,000 KiB
    (https://docs.aws.amazon.com/firehose/latest/APIReference/API_Record.html).

    **When the mode is changed on a live stack** the engine creates new resources before it deletes old ones
    (pulumi/pulumi, pkg/resource/deploy/deployment_executor.go: deletes are generated last), so the captures overlap
    without a gap: the provider waits until a destination is ACTIVE or a Pipe RUNNING, a Pipe starts with the oldest
    change of the table's stream, and that stream exists in both modes.

    Exports `stream_name` and `stream_arn` (of the Kinesis stream).
    """

    stream_name: pulumi.Output[str]
    stream_arn: pulumi.Output[str]
    pipe_name: pulumi.Output[str]
    large_pipe_name: pulumi.Output[str]
    shorten_function_name: pulumi.Output[str]
    dead_letter_queue_url: pulumi.Output[str]
    dead_letter_queue_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: CaptureArgs, context: Context, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("Capture", name, context, opts)
        settings = context.settings
        stream = aws.kinesis.Stream(
            name,
            aws.kinesis.StreamArgs(
                name=context.names("stream"),
                stream_mode_details=aws.kinesis.StreamStreamModeDetailsArgs(
                    stream_mode="PROVISIONED" if settings.kinesis_shards else "ON_DEMAND"
                ),
                shard_count=settings.kinesis_shards or None,
                retention_period=settings.kinesis_retention_hours,
                enforce_consumer_deletion=settings.force_destroy,
                encryption_type="KMS",
                kms_key_id=context.key_arn or "alias/aws/kinesis",
                tags=self.tags,
            ),
            self.child(protect=settings.protect),
        )
        self.stream_name = stream.name
        self.stream_arn = stream.arn
        if settings.capture_mode == "pipe":
            self._pipes(name, args)
        else:
            aws.dynamodb.KinesisStreamingDestination(
                name,
                aws.dynamodb.KinesisStreamingDestinationArgs(
                    table_name=args.table_name,
                    stream_arn=stream.arn,
                    approximate_creation_date_time_precision="MICROSECOND",
                ),
                self.child(),
            )
            nothing = pulumi.Output.from_input("")
            self.pipe_name = self.large_pipe_name = self.shorten_function_name = nothing
            self.dead_letter_queue_url = self.dead_letter_queue_name = nothing
        self.register_outputs(
            {
                "stream_name": self.stream_name,
                "stream_arn": self.stream_arn,
                "pipe_name": self.pipe_name,
                "large_pipe_name": self.large_pipe_name,
                "shorten_function_name": self.shorten_function_name,
                "dead_letter_queue_url": self.dead_letter_queue_url,
            }
        )

    def _pipes(self, name: str, args: CaptureArgs) -> None:
        context = self.context
        queue = Queue(f"{name}-pipe-dead-letters", self, "dead-letters")
        shorten = ShortenFunction(f"{name}-shorten", ShortenFunctionArgs(args.code), context, self.child())
        source = PipeArgs(args.table_stream_arn, self.stream_arn, queue.arn)
        pipe = Pipe(f"{name}-pipe", source, context, self.child())
        large = dataclasses.replace(source, shorten_arn=shorten.function_arn)
        self.pipe_name = pipe.pipe_name
        self.large_pipe_name = Pipe(f"{name}-large-pipe", large, context, self.child()).pipe_name
        self.shorten_function_name = shorten.function_name
        self.dead_letter_queue_url = queue.url
        self.dead_letter_queue_name = queue.name
