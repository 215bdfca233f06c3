"""SNS topics, their policies and subscriptions."""

from __future__ import annotations

from sandbox.deploy.handlers.iam import document
from sandbox.deploy.handlers.sqs import texts
from sandbox.deploy.registry import Created, New, handles

_TOPIC = {
    "archivePolicy": "ArchivePolicy",
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deliveryPolicy": "DeliveryPolicy",
    "displayName": "DisplayName",
    "fifoThroughputScope": "FifoThroughputScope",
    "fifoTopic": "FifoTopic",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "policy": "Policy",
    "signatureVersion": "SignatureVersion",
    "tracingConfig": "TracingConfig",
}
_SUBSCRIPTION = {
    "deliveryPolicy": "DeliveryPolicy",
    "filterPolicy": "FilterPolicy",
    "filterPolicyScope": "FilterPolicyScope",
    "rawMessageDelivery": "RawMessageDelivery",
    "redrivePolicy": "RedrivePolicy",
    "subscriptionRoleArn": "SubscriptionRoleArn",
}


@handles("aws:sns/topic:Topic")
def topic(new: New) -> Created:
    """Create a topic; the name of a FIFO topic ends with .fifo."""
    name = new.physical_name(suffix=".fifo" if new.inputs.peek("fifoTopic") else "")
    arn = new.create("sns", "create_topic", Name=name, Attributes=texts(new.inputs, _TOPIC))["TopicArn"]
    return Created(arn, {"name": name, "arn": arn, "owner": new.aws.account_id})


@handles("aws:sns/topicPolicy:TopicPolicy")
def topic_policy(new: New) -> Created:
    """Set a topic policy."""
    arn, policy = new.inputs.require("arn"), document(new.inputs, "policy")
    new.call("sns", "set_topic_attributes", TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return Created(arn, {"owner": new.aws.account_id})


@handles("aws:sns/topicSubscription:TopicSubscription")
def topic_subscription(new: New) -> Created:
    """Create a subscription; an e-mail subscription stays pending, because the sandbox sends no mail."""
    inputs = new.inputs
    arn = new.call(
        "sns",
        "subscribe",
        TopicArn=inputs.require("topic"),
        Protocol=inputs.require("protocol"),
        Endpoint=inputs.require("endpoint"),
        Attributes=texts(inputs, _SUBSCRIPTION),
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    return Created(arn, {"arn": arn, "ownerId": new.aws.account_id})
