"""SQS queues and their policies."""

from __future__ import annotations

from sandbox.deploy.handlers.iam import document
from sandbox.deploy.inputs import Inputs
from sandbox.deploy.registry import Created, New, handles

_ATTRIBUTES = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deduplicationScope": "DeduplicationScope",
    "delaySeconds": "DelaySeconds",
    "fifoQueue": "FifoQueue",
    "fifoThroughputLimit": "FifoThroughputLimit",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "policy": "Policy",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "redrivePolicy": "RedrivePolicy",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}


@handles("aws:sqs/queue:Queue")
def queue(new: New) -> Created:
    """Create a queue; the name of a FIFO queue ends with .fifo."""
    name = new.physical_name(suffix=".fifo" if new.inputs.peek("fifoQueue") else "")
    attributes = texts(new.inputs, _ATTRIBUTES)
    url = new.create("sqs", "create_queue", QueueName=name, Attributes=attributes)["QueueUrl"]
    arn = new.aws.arn("sqs", name)
    return Created(url, {"name": name, "arn": arn, "url": url})


@handles("aws:sqs/queuePolicy:QueuePolicy")
def queue_policy(new: New) -> Created:
    """Set a queue policy."""
    url = new.inputs.require("queueUrl")
    new.call("sqs", "set_queue_attributes", QueueUrl=url, Attributes={"Policy": document(new.inputs, "policy")})
    return Created(url)


def texts(inputs: Inputs, names: dict[str, str]) -> dict[str, str]:
    """The given inputs by the API's names, as the strings that SQS and SNS require."""
    attributes: dict[str, str] = {}
    for name, attribute in names.items():
        match inputs.take(name):
            case None:
                continue
            case bool() as flag:
                attributes[attribute] = str(flag).lower()
            case float() as number:
                attributes[attribute] = f"{number:.0f}" if number.is_integer() else str(number)
            case value:
                attributes[attribute] = str(value)
    return attributes
