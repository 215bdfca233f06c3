"""An SQS queue: encrypted, TLS only, its messages kept as long as SQS keeps anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pulumi
import pulumi_aws as aws

from components.json_text import json_text
from components.permission import Permission, policy, tls_only
from components.settings import PROJECT
from components.stage import Stage

KEPT_SECONDS = 14 * 24 * 3600
"""SQS's longest retention: time to find out what was wrong, and to mend it."""

MOST_RECEIVED = 5
"""How often a message is tried before it is given up."""


_TRIED_SECONDS = 24 * 3600
_TRIED_TIMES = 185
"""EventBridge's own limits of trying a target again (API_RetryPolicy)."""


class Queue(pulumi.ComponentResource):
    """A queue and its policy. `allowed` makes further permissions of the queue's ARN.

    Who sends by a role of ours needs nothing here; a service that sends by itself
    does. What its reader has failed at `MOST_RECEIVED` times goes to the queue of
    the ARN `gives_up_to`, if that is given. Exports `name`, `arn` and `url`.
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
        site = stage.site
        queue = aws.sqs.Queue(
            name,
            aws.sqs.QueueArgs(
                name=site.names(part),
                message_retention_seconds=KEPT_SECONDS,
                sqs_managed_sse_enabled=None if site.key_arn else True,
                kms_master_key_id=site.key_arn,
                redrive_policy=json_text({"deadLetterTargetArn": gives_up_to, "maxReceiveCount": MOST_RECEIVED})
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
    """How often EventBridge tries again to send to a queue that is a rule's target: as often as it offers."""
    return aws.cloudwatch.EventTargetRetryPolicyArgs(
        maximum_event_age_in_seconds=_TRIED_SECONDS, maximum_retry_attempts=_TRIED_TIMES
    )
