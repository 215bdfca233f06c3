"""The rules of the queues, the topic and its subscriptions."""

from __future__ import annotations

import json

from components.audit.reading import at, document, key_policy, lets, number, one_of, statements, text, texts
from components.audit.requests import QUEUE as QUEUE_ARN
from components.audit.rule import RefusedCall, Rule
from components.audit.spoiling import beside, given, statement
from components.explain.evidence import Case

QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"

_SQS = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/"
_PREFLIGHT = "badmintoncryer/cdk-preflight rules/"
_KEY_USE = ("kms:Decrypt", "kms:GenerateDataKey")
_REDRIVE = '{"deadLetterTargetArn":"' + QUEUE_ARN + '"}'
_REDRIVE_NEVER = '{"deadLetterTargetArn":"' + QUEUE_ARN + '","maxReceiveCount":0}'


def _policy_of(case: Case) -> str:
    policies = case.graph.of(QUEUE_POLICY)
    return next(
        (one.inputs["policy"] for one in policies if one.inputs["queueUrl"] == case.resource.state["url"]), "{}"
    )


def _senders(case: Case) -> set[str]:
    """The AWS services that the queue's policy allows to send."""
    services = (
        at(one, "Principal.Service")
        for one in statements(_policy_of(case))
        if one.get("Effect") == "Allow" and "sqs:SendMessage" in texts(one.get("Action"))
    )
    return {name for service in services for name in texts(service)}


def _senders_use_the_key(case: Case) -> bool:
    if not case.inputs.get("kmsMasterKeyId"):
        return True
    return all(lets(key_policy(case), service, *_KEY_USE) for service in _senders(case))


def _redrive_is_whole(case: Case) -> bool:
    if not (policy := case.inputs.get("redrivePolicy")):
        return True
    redrive = document(policy)
    return bool(redrive.get("deadLetterTargetArn")) and 1 <= int(redrive.get("maxReceiveCount", 0)) <= 1000


def _dead_letters_are_kept_longer(case: Case) -> bool:
    target = document(case.inputs.get("redrivePolicy")).get("deadLetterTargetArn")
    kept = case.inputs.get("messageRetentionSeconds", 345_600)
    return all(
        one.inputs.get("messageRetentionSeconds", 345_600) >= kept
        for one in case.graph.of(QUEUE)
        if one.state.get("arn") == target
    )


def _refused(
    attributes: dict[str, str], sentence: str, code: str = "InvalidAttributeValue", source: str = ""
) -> RefusedCall:
    return RefusedCall("sqs.CreateQueue", {"QueueName": "audit", "Attributes": attributes}, code, sentence, source)


RULES = (
    Rule(
        "sqs-name",
        QUEUE,
        "A queue's name has 1 to 80 letters, digits, hyphens and underscores.",
        f"{_SQS}APIReference/API_CreateQueue.html",
        text("name", 1, 80, r"[a-zA-Z0-9_-]+"),
        given({"name": "q" * 81}),
        (
            RefusedCall(
                "sqs.CreateQueue",
                {"QueueName": "q" * 81},
                "InvalidParameterValue",
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
                "localstack/localstack localstack-core/localstack/services/sqs/provider.py",
            ),
        ),
    ),
    Rule(
        "sqs-retention",
        QUEUE,
        "The retention of messages is a minute to 14 days.",
        f"{_SQS}APIReference/API_CreateQueue.html",
        number("messageRetentionSeconds", 60, 1_209_600),
        given({"messageRetentionSeconds": 1_209_601}),
        (
            _refused(
                {"MessageRetentionPeriod": "1209601"},
                "Invalid value for the parameter MessageRetentionPeriod.",
                source="getmoto/moto moto/sqs/exceptions.py",
            ),
        ),
    ),
    Rule(
        "sqs-one-encryption",
        QUEUE,
        "A queue is encrypted by SQS or with a KMS key, not both.",
        f"{_PREFLIGHT}sqs/pf-sqs-sse-exclusive",
        lambda case: not (case.inputs.get("sqsManagedSseEnabled") is True and case.inputs.get("kmsMasterKeyId")),
        given({"sqsManagedSseEnabled": True, "kmsMasterKeyId": "alias/aws/sqs"}),
        (
            _refused(
                {"SqsManagedSseEnabled": "true", "KmsMasterKeyId": "alias/aws/sqs"},
                "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE "
                "or SQS "
                "SSE.",
            ),
        ),
    ),
    Rule(
        "sqs-redrive",
        QUEUE,
        "A redrive policy names a queue and 1 to 1,000 receives.",
        f"{_PREFLIGHT}sqs/pf-sqs-redrive-policy",
        _redrive_is_whole,
        given({"redrivePolicy": _REDRIVE}),
        (
            _refused(
                {"RedrivePolicy": _REDRIVE},
                f"Value {_REDRIVE} for parameter RedrivePolicy is invalid. "
                "Reason: Redrive policy does not contain mandatory attribute: maxReceiveCount.",
                "InvalidParameterValue",
            ),
            _refused(
                {"RedrivePolicy": _REDRIVE_NEVER},
                f"Value {_REDRIVE_NEVER} for parameter RedrivePolicy is invalid. "
                "Reason: Invalid value for maxReceiveCount: 0, valid values are from 1 to 1000 both inclusive.",
                "InvalidParameterValue",
                "localstack/localstack localstack-core/localstack/services/sqs/provider.py",
            ),
        ),
    ),
    Rule(
        "sqs-dead-letters-kept",
        QUEUE,
        "A dead-letter queue's retention is at least the queue's: a message keeps its original age.",
        f"{_SQS}SQSDeveloperGuide/sqs-dead-letter-queues.html",
        _dead_letters_are_kept_longer,
        lambda case: given(
            {
                "messageRetentionSeconds": 1_209_600,
                "redrivePolicy": json.dumps({"deadLetterTargetArn": case.resource.state["arn"], "maxReceiveCount": 5}),
            }
        )(beside(QUEUE, {"messageRetentionSeconds": 60})(case)),
    ),
    Rule(
        "sqs-senders-use-the-key",
        QUEUE,
        "A service that sends to a queue with a customer-managed key is allowed to use the key.",
        f"{_SQS}SQSDeveloperGuide/sqs-key-management.html",
        _senders_use_the_key,
        lambda case: given({"kmsMasterKeyId": "key"})(
            beside(
                QUEUE_POLICY,
                {
                    "queueUrl": case.resource.state["url"],
                    "policy": '{"Statement": [{"Effect": "Allow", "Action": ["sqs:SendMessage"], '
                    '"Principal": {"Service": "sns.amazonaws.com"}}]}',
                },
            )(case)
        ),
    ),
    Rule(
        "sqs-senders-not-aws-key",
        QUEUE,
        "A queue that receives from a service does not use AWS's key, whose policy allows no other service.",
        f"{_SQS}SQSDeveloperGuide/sqs-key-management.html",
        lambda case: not (_senders(case) and str(case.inputs.get("kmsMasterKeyId", "")).startswith("alias/aws/")),
        lambda case: given({"kmsMasterKeyId": "alias/aws/sqs"})(
            beside(
                QUEUE_POLICY,
                {
                    "queueUrl": case.resource.state["url"],
                    "policy": '{"Statement": [{"Effect": "Allow", "Action": ["sqs:SendMessage"], '
                    '"Principal": {"Service": "s3.amazonaws.com"}}]}',
                },
            )(case)
        ),
    ),
    Rule(
        "sns-name",
        TOPIC,
        "A topic's name has 1 to 256 letters, digits, hyphens and underscores.",
        "https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html",
        text("name", 1, 256, r"[a-zA-Z0-9_-]+"),
        given({"name": "alarms of orders"}),
        (
            RefusedCall(
                "sns.CreateTopic",
                {"Name": "alarms of orders"},
                "InvalidParameter",
                "Invalid parameter: Topic Name",
                "localstack/localstack tests/aws/services/sns/test_sns.snapshot.json",
            ),
        ),
    ),
    Rule(
        "sns-alarms-use-the-key",
        TOPIC,
        "CloudWatch, which publishes alarms to the topic, is allowed to use the topic's key, which is not AWS's own.",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html",
        lambda case: (
            not case.inputs.get("kmsMasterKeyId") or lets(key_policy(case), "cloudwatch.amazonaws.com", *_KEY_USE)
        ),
        beside("aws:kms/key:Key", {"policy": '{"Statement": []}'}),
    ),
    Rule(
        "sns-policy",
        TOPIC_POLICY,
        "A topic policy contains only SNS actions.",
        "localstack/localstack tests/aws/services/sns/test_sns.snapshot.json",
        lambda case: all(
            action.startswith("sns:")
            for one in statements(case.inputs["policy"])
            for action in texts(one.get("Action"))
        ),
        statement("policy", Action=["sqs:SendMessage"]),
    ),
    Rule(
        "sns-protocol",
        SUBSCRIPTION,
        "A subscription's protocol is one of SNS's.",
        "https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html",
        one_of(
            "protocol",
            ("application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"),
        ),
        given({"protocol": "mail"}),
    ),
    Rule(
        "sns-email",
        SUBSCRIPTION,
        "An e-mail subscription has an e-mail address.",
        f"{_PREFLIGHT}sns/pf-sns-subscription-endpoint",
        lambda case: case.inputs["protocol"] != "email" or "@" in case.inputs["endpoint"].strip("@"),
        given({"endpoint": "on call"}),
        (
            RefusedCall(
                "sns.Subscribe",
                {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:audit", "Protocol": "email", "Endpoint": "on call"},
                "InvalidParameter",
                "Invalid parameter: Email address",
            ),
        ),
    ),
)
