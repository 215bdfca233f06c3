"""An SQS queue: encrypted, TLS only, with SQS's maximum retention."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pulumi
import pulumi_aws as aws

from components.json_text import json_text
from components.permission import Permission, policy, tls_only
from components.settings import PROJECT
from components.stage import Stage

KEPT_SECONDS = 14 * 24 * 3600
"""SQS's maximum retention: time to find and fix the cause."""

MAX_RECEIVED = 5
"""The maximum of receives before a message goes to the dead-letter queue."""


_TRIED_SECONDS = 24 * 3600
_TRIED_TIMES = 185
"""EventBridge's limits of retries for a target (API_RetryPolicy)."""


class Queue(pulumi.ComponentResource):
    """A queue and its policy.

    `allowed` creates further permissions from the queue's ARN: a service that sends without a role of the stack needs
    one. A message that its consumer fails to process `MAX_RECEIVED` times goes to the queue with the ARN `gives_up_to`,
    if given.
    Exports `name`, `arn` and `url`.
    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    url: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        stage: Stage,
        part: str,
        allowed: Callable[[pulumi.Output[str]], Sequence[Permission]] = lambda _: (),
        gives_up_to: pulumi.Input[str] | None = None,
    ) -> None:
        super().__init__(f"{PROJECT}:pipeline:Queue", name, None, stage.child())
        context = stage.context
        queue = aws.sqs.Queue(
            name,
            aws.sqs.QueueArgs(
                name=context.names(part),
                message_retention_seconds=KEPT_SECONDS,
                sqs_managed_sse_enabled=None if context.key_arn else True,
                kms_master_key_id=context.key_arn,
                redrive_policy=json_text({"deadLetterTargetArn": gives_up_to, "maxReceiveCount": MAX_RECEIVED})
                if gives_up_to
                else None,
                tags=stage.tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        aws.sqs.QueuePolicy(
            name,
            aws.sqs.QueuePolicyArgs(
                queue_url=queue.url, policy=policy([tls_only("sqs:*", queue.arn), *allowed(queue.arn)])
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.name = queue.name
        self.arn = queue.arn
        self.url = queue.url
        self.register_outputs({"name": self.name, "arn": self.arn, "url": self.url})


def tried_as_long_as_can_be() -> aws.cloudwatch.EventTargetRetryPolicyArgs:
    """EventBridge's maximum of retries for a queue that is a rule's target."""
    return aws.cloudwatch.EventTargetRetryPolicyArgs(
        maximum_event_age_in_seconds=_TRIED_SECONDS, maximum_retry_attempts=_TRIED_TIMES
    )
