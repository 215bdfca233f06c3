"""The error queue: a message for each object that is written under the lake's errors/ prefix."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.json_text import json_text
from components.permission import EVENTS, Permission
from components.queue import Queue, tried_as_long_as_can_be
from components.stage import Context, Stage

PART = "errors"
_RULE = "lake-errors"


@dataclass(frozen=True)
class ErrorsArgs:
    """The lake's bucket, and the prefix under which errors are written."""

    bucket_name: pulumi.Input[str]
    prefix: str


class Errors(Stage):
    """A queue with a message for each object under the prefix, through EventBridge's default bus.

    S3 could notify the queue directly, but it also sends a test message when the notification is created
    (s3:TestEvent), which would raise the alarm at every first deployment. EventBridge receives no test message.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html

    A message is S3's event ("Object Created") in EventBridge's form.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html

    Exports `queue_name`.
    """

    queue_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: ErrorsArgs, context: Context, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("Errors", name, context, opts)

        def send(queue_arn: pulumi.Output[str]) -> tuple[Permission]:
            return (
                Permission(("sqs:SendMessage",), (queue_arn,), context.from_source(error_rule_arn(context)), EVENTS),
            )

        queue = Queue(name, self, PART, send)
        rule = aws.cloudwatch.EventRule(
            name,
            aws.cloudwatch.EventRuleArgs(
                name=context.names(_RULE),
                description=f"Changes that did not become rows of {context.table.change_log}: to the error queue",
                event_pattern=_created(args.bucket_name, args.prefix),
                tags=self.tags,
            ),
            self.child(),
        )
        target = aws.cloudwatch.EventTarget(
            name,
            aws.cloudwatch.EventTargetArgs(
                rule=rule.name, target_id="queue", arn=queue.arn, retry_policy=tried_as_long_as_can_be()
            ),
            # A target whose queue policy does not allow it yet would lose the first messages.
            self.child([queue]),
        )
        aws.s3.BucketNotification(
            name,
            aws.s3.BucketNotificationArgs(bucket=args.bucket_name, eventbridge=True),
            self.child([target]),
        )
        self.queue_name = queue.name
        self.register_outputs({"queue_name": self.queue_name})


def error_rule_arn(context: Context) -> pulumi.Output[str]:
    """The ARN of the rule on the default bus that routes the bucket's events to the queue."""
    return context.arn("events", f"rule/{context.names(_RULE)}")


def _created(bucket_name: pulumi.Input[str], prefix: str) -> pulumi.Output[str]:
    """The pattern of the events that S3 sends for a new object under a prefix of the bucket, as JSON text."""
    return json_text(
        {
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": {"bucket": {"name": [bucket_name]}, "object": {"key": [{"prefix": prefix}]}},
        }
    )
