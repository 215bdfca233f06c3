"""The error queue: a message for each object that is written under the lake's errors/ prefix."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.json_text import json_text
from components.permission import EVENTS, Permission
from components.queue import Queue, tried_as_long_as_can_be
from components.stage import Site, Stage

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
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html A message is S3's event ("Object Created") in
    EventBridge's form. https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html Exports `queue_name`.
    """

    queue_name: pulumi.Output[str]

    def __init__(self, name: str, args: ErrorsArgs, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("Errors", name, site, opts)

        def send(queue_arn: pulumi.Output[str]) -> tuple[Permission]:
            return (Permission(("sqs:SendMessage",), (queue_arn,), site.from_source(error_rule_arn(site)), EVENTS),)

        queue = Queue(name, self, PART, send)
        rule = aws.cloudwatch.EventRule(
            name,
            aws.cloudwatch.EventRuleArgs(
                name=site.names(_RULE),
                description=f"Changes that did not become rows of {site.table.change_log}: to the error queue",
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


def error_rule_arn(site: Site) -> pulumi.Output[str]:
    """The ARN of the rule on the default bus that routes the bucket's events to the queue."""
    return site.arn("events", f"rule/{site.names(_RULE)}")


def _created(bucket_name: pulumi.Input[str], prefix: str) -> pulumi.Output[str]:
    """The pattern of the events that S3 sends for a new object under a prefix of the bucket, as JSON text."""
    return json_text(
        {
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": {"bucket": {"name": [bucket_name]}, "object": {"key": [{"prefix": prefix}]}},
        }
    )
