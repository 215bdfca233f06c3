"""SNS and SQS."""

from __future__ import annotations

import json

from tests.integration.sandbox.provider.calls import Aws, pairs, provider, refused

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "a", "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}],
}


@provider("aws:sqs/queue:Queue", "sqs/queue.go")
def queue(aws: Aws) -> None:
    sqs = aws.sqs
    given = {
        "DelaySeconds": "0",
        "MaximumMessageSize": "262144",
        "MessageRetentionPeriod": "1209600",
        "ReceiveMessageWaitTimeSeconds": "0",
        "VisibilityTimeout": "30",
        "KmsMasterKeyId": "alias/aws/sqs",
        "KmsDataKeyReusePeriodSeconds": "300",
    }
    url = sqs.create_queue(QueueName="dead", Attributes=given, tags={"Stage": "pipe"})["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert given.items() <= found.items()
    assert found["QueueArn"] == aws.arn("sqs", "dead")
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"Stage": "pipe"}
    changed = {
        "VisibilityTimeout": "60",
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": aws.arn("sqs", "dead"), "maxReceiveCount": 5}),
        "KmsMasterKeyId": "",
        "SqsManagedSseEnabled": "true",
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes=changed)
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert json.loads(found["RedrivePolicy"]) == json.loads(changed["RedrivePolicy"])
    assert (found["VisibilityTimeout"], found["SqsManagedSseEnabled"]) == ("60", "true")
    assert not found.get("KmsMasterKeyId")
    sqs.tag_queue(QueueUrl=url, Tags={"a": "b"})
    sqs.untag_queue(QueueUrl=url, TagKeys=["Stage"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"a": "b"}
    sqs.delete_queue(QueueUrl=url)
    gone = "AWS.SimpleQueueService.NonExistentQueue"
    refused(gone, sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["All"])


@provider("aws:sqs/queuePolicy:QueuePolicy", "sqs/queue_policy.go")
def queue_policy(aws: Aws) -> None:
    sqs = aws.sqs
    url = sqs.create_queue(QueueName="policed")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(POLICY)})
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    assert json.loads(found["Policy"]) == POLICY
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    # The provider treats a missing or empty attribute as a queue without a policy.
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    assert not answer.get("Attributes", {}).get("Policy")
    sqs.delete_queue(QueueUrl=url)


@provider("aws:sns/topic:Topic", "sns/topic.go")
def topic(aws: Aws) -> None:
    sns, arn = aws.sns, aws.arn("sns", "alarms")
    given = {"KmsMasterKeyId": "alias/aws/sns", "DisplayName": "alarms"}
    tags = [{"Key": "Stage", "Value": "observability"}]
    assert sns.create_topic(Name="alarms", Attributes=given, Tags=tags)["TopicArn"] == arn
    found = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert given.items() <= found.items()
    assert (found["TopicArn"], found["Owner"]) == (arn, "123456789012")
    assert json.loads(found["Policy"])["Statement"]
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == tags
    sns.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="other")
    sns.set_topic_attributes(TopicArn=arn, AttributeName="KmsMasterKeyId", AttributeValue="")
    found = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert found["DisplayName"] == "other"
    assert not found.get("KmsMasterKeyId")
    sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}])
    sns.untag_resource(ResourceArn=arn, TagKeys=["Stage"])
    assert pairs(sns.list_tags_for_resource(ResourceArn=arn)["Tags"]) == {"a": "b"}
    sns.delete_topic(TopicArn=arn)
    refused("NotFound", sns.get_topic_attributes, TopicArn=arn)


@provider("aws:sns/topicPolicy:TopicPolicy", "sns/topic_policy.go")
def topic_policy(aws: Aws) -> None:
    sns = aws.sns
    arn = sns.create_topic(Name="policed")["TopicArn"]
    default = json.loads(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(POLICY))
    assert json.loads(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]) == POLICY
    # On deletion the provider restores a topic's default policy.
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(default))
    assert json.loads(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]) == default
    sns.delete_topic(TopicArn=arn)


@provider("aws:sns/topicSubscription:TopicSubscription", "sns/topic_subscription.go")
def topic_subscription(aws: Aws) -> None:
    sns = aws.sns
    topic_arn = sns.create_topic(Name="subscribed")["TopicArn"]
    given = {"TopicArn": topic_arn, "Protocol": "email", "Endpoint": "oncall@example.com"}
    arn = sns.subscribe(**given, Attributes={}, ReturnSubscriptionArn=True)["SubscriptionArn"]
    found = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert {name: found[name] for name in given} == given
    assert (found["SubscriptionArn"], found["Owner"], found["RawMessageDelivery"]) == (arn, "123456789012", "false")
    assert found["PendingConfirmation"] == "true"
    assert found["ConfirmationWasAuthenticated"] == "false"
    sns.unsubscribe(SubscriptionArn=arn)
    refused("NotFound", sns.get_subscription_attributes, SubscriptionArn=arn)
    sns.delete_topic(TopicArn=topic_arn)
