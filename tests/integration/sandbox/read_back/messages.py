"""Readers of SNS and SQS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.integration.sandbox.provider import Aws
from tests.integration.sandbox.read_back.reading import Resource, reads, tags_of


@reads("aws:sns/topic:Topic")
def topic(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.sns.get_topic_attributes(TopicArn=it.id)["Attributes"]
    tags = aws.sns.list_tags_for_resource(ResourceArn=it.id)["Tags"]
    return found | {"name": found["TopicArn"].rpartition(":")[2], "tags": tags_of(tags)}


@reads("aws:sns/topicPolicy:TopicPolicy")
def topic_policy(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.sns.get_topic_attributes(TopicArn=it.inputs["arn"])["Attributes"]
    return found | {"arn": found["TopicArn"]}


@reads("aws:sns/topicSubscription:TopicSubscription")
def subscription(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.sns.get_subscription_attributes(SubscriptionArn=it.id)["Attributes"]
    return found | {"topic": found["TopicArn"]}


@reads("aws:sqs/queue:Queue")
def queue(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.sqs.get_queue_attributes(QueueUrl=it.id, AttributeNames=["All"])["Attributes"]
    return found | {
        "name": found["QueueArn"].rpartition(":")[2],
        "messageRetentionSeconds": found["MessageRetentionPeriod"],
        "visibilityTimeoutSeconds": found["VisibilityTimeout"],
        "tags": aws.sqs.list_queue_tags(QueueUrl=it.id).get("Tags", {}),
    }


@reads("aws:sqs/queuePolicy:QueuePolicy")
def queue_policy(aws: Aws, it: Resource) -> Mapping[str, Any]:
    url = it.inputs["queueUrl"]
    found = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    return found | {"queueUrl": url}
