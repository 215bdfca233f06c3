"""From the table to Kinesis: the data stream, and what fills it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.pipe import Pipe, PipeArgs
from components.stage import Site, Stage


@dataclass(frozen=True)
class CaptureArgs:
    """What a capture needs: the table's name and the ARN of its DynamoDB stream."""

    table_name: pulumi.Input[str]
    table_stream_arn: pulumi.Input[str]


class Capture(Stage):
    """A Kinesis data stream, filled by an EventBridge Pipe or by the table itself.

    `captureMode` pipe: the Pipe delivers DynamoDB Streams records, with their
    sequence numbers, and sends what it gives up on to a dead-letter queue.
    `native`: DynamoDB's own Kinesis destination, whose records carry the time in
    microseconds and no sequence number; there is no Pipe and no queue then, and
    `pipe_name`, `dead_letter_queue_url` and `dead_letter_queue_name` are "".
    Gives `stream_name` and `stream_arn` (of the Kinesis stream).
    """

    stream_name: pulumi.Output[str]
    stream_arn: pulumi.Output[str]
    pipe_name: pulumi.Output[str]
    dead_letter_queue_url: pulumi.Output[str]
    dead_letter_queue_name: pulumi.Output[str]

    def __init__(self, name: str, args: CaptureArgs, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("Capture", name, site, opts)
        settings = site.settings
        stream = aws.kinesis.Stream(
            name,
            aws.kinesis.StreamArgs(
                name=site.names("stream"),
                stream_mode_details=aws.kinesis.StreamStreamModeDetailsArgs(
                    stream_mode="PROVISIONED" if settings.kinesis_shards else "ON_DEMAND"
                ),
                shard_count=settings.kinesis_shards or None,
                retention_period=settings.kinesis_retention_hours,
                enforce_consumer_deletion=settings.force_destroy,
                encryption_type="KMS",
                kms_key_id=site.key_arn or "alias/aws/kinesis",
                tags=self.tags,
            ),
            self.child(protect=settings.protect),
        )
        self.stream_name = stream.name
        self.stream_arn = stream.arn
        if settings.capture_mode == "pipe":
            pipe = Pipe(f"{name}-pipe", PipeArgs(args.table_stream_arn, stream.arn), site, self.child())
            self.pipe_name = pipe.pipe_name
            self.dead_letter_queue_url = pipe.dead_letter_queue_url
            self.dead_letter_queue_name = pipe.dead_letter_queue_name
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
            self.pipe_name = self.dead_letter_queue_url = self.dead_letter_queue_name = pulumi.Output.from_input("")
        self.register_outputs(
            {
                "stream_name": self.stream_name,
                "stream_arn": self.stream_arn,
                "pipe_name": self.pipe_name,
                "dead_letter_queue_url": self.dead_letter_queue_url,
            }
        )
