"""From the table to Kinesis: the data stream, and what fills it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.pipe import Pipe, PipeArgs
from components.queue import Queue
from components.shorten_function import ShortenFunction, ShortenFunctionArgs
from components.stage import Site, Stage


@dataclass(frozen=True)
class CaptureArgs:
    """What a capture needs: the table's name, the ARN of its DynamoDB stream, and the zip of the transform.

    In the zip is also the function that shortens large changes.
    """

    table_name: pulumi.Input[str]
    table_stream_arn: pulumi.Input[str]
    code: pulumi.Archive


class Capture(Stage):
    """A Kinesis data stream, filled by EventBridge Pipes or by the table itself.

    `captureMode` pipe: two Pipes deliver DynamoDB Streams records, with their
    sequence numbers, and send what they give up on to a dead-letter queue. The one of the large
    changes has them shortened to what Firehose takes.
    `native`: DynamoDB's own Kinesis destination, whose records carry the time in
    microseconds and no sequence number; there is no Pipe, no function and no queue then, and
    `pipe_name`, `large_pipe_name`, `shorten_function_name`, `dead_letter_queue_url` and
    `dead_letter_queue_name` are "". DynamoDB skips a change whose record would exceed 1 MiB there, and goes on
    (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds_using-shards-and-metrics.html,
    FailedToReplicateRecordCount): such a change is lost to the lake, which an alarm tells. The partition key is
    DynamoDB's own choice; nothing documents it, nor that a long key of the table would not fit.

    The stream takes records of 1 MiB, its default. More (`maxRecordSizeInKiB`) would be of no use: AWS says to check
    first that what reads the stream can handle it
    (https://docs.aws.amazon.com/streams/latest/dev/large-records.html), and the largest record that Firehose is
    documented to take has 1,000 KiB (https://docs.aws.amazon.com/firehose/latest/APIReference/API_Record.html).

    **When the mode is changed on a live stack** the engine makes what is new before it deletes what is gone
    (pulumi/pulumi, pkg/resource/deploy/deployment_executor.go: deletes are generated when all else is done), so
    the captures overlap and nothing is between them: the provider waits until a destination is ACTIVE or a Pipe
    RUNNING, a Pipe begins with the oldest change that the table's stream has, and that stream is there in both modes.

    Exports `stream_name` and `stream_arn` (of the Kinesis stream).
    """

    stream_name: pulumi.Output[str]
    stream_arn: pulumi.Output[str]
    pipe_name: pulumi.Output[str]
    large_pipe_name: pulumi.Output[str]
    shorten_function_name: pulumi.Output[str]
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
        site = self.site
        queue = Queue(f"{name}-pipe-dead-letters", self, "dead-letters")
        shorten = ShortenFunction(f"{name}-shorten", ShortenFunctionArgs(args.code), site, self.child())
        source = PipeArgs(args.table_stream_arn, self.stream_arn, queue.arn)
        pipe = Pipe(f"{name}-pipe", source, site, self.child())
        large = dataclasses.replace(source, shorten_arn=shorten.function_arn)
        self.pipe_name = pipe.pipe_name
        self.large_pipe_name = Pipe(f"{name}-large-pipe", large, site, self.child()).pipe_name
        self.shorten_function_name = shorten.function_name
        self.dead_letter_queue_url = queue.url
        self.dead_letter_queue_name = queue.name
