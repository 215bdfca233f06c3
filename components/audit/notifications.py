"""The rules of bucket notifications."""

from __future__ import annotations

import dataclasses

from components.audit.buckets import BUCKET_MADE
from components.audit.reading import document, lets, listed
from components.audit.requests import QUEUE
from components.audit.rule import RefusedCall, Rule
from components.audit.spoiling import given, unordered
from components.explain.evidence import Case
from components.explain.graph import Graph, Resource

NOTIFICATION = "aws:s3/bucketNotification:BucketNotification"

_GUIDE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
_UNKNOWN_QUEUE = {"queues": [{"queueArn": QUEUE, "events": ["s3:ObjectCreated:*"]}]}


def _queue_policies(case: Case, arn: str) -> list[Resource]:
    queues = [one for one in case.graph.of("aws:sqs/queue:Queue") if one.state.get("arn") == arn]
    urls = {one.state.get("url") for one in queues}
    return [one for one in case.graph.of("aws:sqs/queuePolicy:QueuePolicy") if one.inputs["queueUrl"] in urls]


def _queues_let_s3_in(case: Case) -> bool:
    return all(
        any(
            lets(one.inputs["policy"], "s3.amazonaws.com", "sqs:SendMessage")
            for one in _queue_policies(case, queue["queueArn"])
        )
        for queue in listed(case.inputs, "queues")
    )


def _targets_of_the_bucket(case: Case) -> list[Resource]:
    """The targets of the EventBridge rules that match this bucket's events."""
    rules = {
        one.inputs["name"]
        for one in case.graph.of("aws:cloudwatch/eventRule:EventRule")
        if case.inputs["bucket"] in listed(document(one.inputs.get("eventPattern")), "detail.bucket.name")
    }
    return [one for one in case.graph.of("aws:cloudwatch/eventTarget:EventTarget") if one.inputs["rule"] in rules]


def _waits_for_those_it_tells(case: Case) -> bool:
    prerequisites = [one for queue in listed(case.inputs, "queues") for one in _queue_policies(case, queue["queueArn"])]
    prerequisites += _targets_of_the_bucket(case) if case.inputs.get("eventbridge") else []
    return bool(prerequisites) and {one.urn for one in prerequisites} <= set(case.resource.depends_on)


def _is_the_only_one(case: Case) -> bool:
    return sum(one.inputs["bucket"] == case.inputs["bucket"] for one in case.graph.of(NOTIFICATION)) == 1


def _twice(case: Case) -> Case:
    resources = (*case.graph.resources, dataclasses.replace(case.resource, urn="another"))
    return dataclasses.replace(case, graph=Graph(resources, case.graph.outputs))


RULES = (
    Rule(
        "s3-notification-let-in",
        NOTIFICATION,
        "The policy of a notification's queue allows S3 to send.",
        f"{_GUIDE}grant-destinations-permissions-to-s3.html",
        _queues_let_s3_in,
        given(_UNKNOWN_QUEUE),
        (
            RefusedCall(
                "s3.PutBucketNotificationConfiguration",
                {
                    "Bucket": "audit-rules",
                    "NotificationConfiguration": {
                        "QueueConfigurations": [{"QueueArn": QUEUE, "Events": ["s3:ObjectCreated:*"]}]
                    },
                },
                "InvalidArgument",
                "Unable to validate the following destination configurations",
                "localstack/localstack tests/aws/services/s3/test_s3_notifications_lambda.snapshot.json",
                (BUCKET_MADE,),
            ),
        ),
    ),
    Rule(
        "s3-notification-order",
        NOTIFICATION,
        "A bucket notification is created after its targets: S3 checks a queue's policy immediately, and events "
        "before EventBridge has a target are lost.",
        f"{_GUIDE}grant-destinations-permissions-to-s3.html, {_GUIDE}EventBridge.html",
        _waits_for_those_it_tells,
        unordered,
    ),
    Rule(
        "s3-notification-once",
        NOTIFICATION,
        "A bucket has one notification configuration: a second one overwrites the first.",
        "https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucketnotification/",
        _is_the_only_one,
        _twice,
    ),
)
