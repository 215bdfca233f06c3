"""The purpose of a resource; for a type outside the table, from its documentation.

No type requires an entry: an added resource is shown with its type's name and the first sentence of its package's
documentation.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import re
import typing
from collections.abc import Mapping

from components.explain.graph import Resource
from components.settings import PROJECT

STAGES: Mapping[str, str] = {
    "Encryption": "the KMS key that encrypts the data",
    "Table": "the DynamoDB table of your application",
    "Capture": "sends every change of the table to Kinesis",
    "Lake": "S3 buckets that store the changes as files",
    "Catalogue": "Glue tables: the columns of the files",
    "Delivery": "transforms changes to rows, writes them to S3",
    "Analytics": "Athena: SQL queries over the rows",
    "Merge": "keeps the table of the current state",
    "Fanout": "publishes events such as an order placed",
    "Observability": "dashboard, and alarms that say what to do",
}
"""The stages in the order of a change, each in at most 46 characters."""

_PURPOSES: Mapping[str, str] = {
    **STAGES,
    "Bucket": "a private, encrypted bucket with a lifecycle",
    "Errors": "queues every error file, for an alarm and a replay",
    "Consumer": "an example consumer of events",
    "EventPipe": "filters the domain events from all changes",
    "Pipe": "reads the table's stream and writes to Kinesis",
    "Shorten": "the Lambda function that shortens large changes",
    "Queue": "a queue with its policy",
    "Role": "the permissions of one AWS service",
    "Transform": "the Lambda function that converts changes to rows",
    "aws:appautoscaling/policy:Policy": "the load at which the table's capacity scales",
    "aws:appautoscaling/target:Target": "the minimum and maximum capacity of the table",
    "aws:athena/namedQuery:NamedQuery": "a saved query",
    "aws:athena/workgroup:Workgroup": "the limit, results and encryption of queries",
    "aws:cloudwatch/dashboard:Dashboard": "graphs of every stage",
    "aws:cloudwatch/eventBus:EventBus": "the event bus of the domain events",
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": "the permission to publish events",
    "aws:cloudwatch/eventRule:EventRule": "matches one kind of event",
    "aws:cloudwatch/eventTarget:EventTarget": "forwards the rule's events in a new form",
    "aws:cloudwatch/logGroup:LogGroup": "a service's log, with a retention",
    "aws:cloudwatch/logStream:LogStream": "the log stream of Firehose's errors",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "raised when an operator must act",
    "aws:dynamodb/contributorInsights:ContributorInsights": "counts the table's hot and throttled keys",
    "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination": "DynamoDB's native capture to Kinesis",
    "aws:dynamodb/table:Table": "the items and their change stream",
    "aws:glue/catalogDatabase:CatalogDatabase": "the database of the lake's tables",
    "aws:glue/catalogTable:CatalogTable": "columns and partitions of the files, or a view's query",
    "aws:glue/crawler:Crawler": "infers the columns from the files",
    "aws:iam/role:Role": "a role that one service may assume",
    "aws:iam/rolePolicy:RolePolicy": "the permissions of that role",
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": "buffers changes, calls the transform, writes files",
    "aws:kinesis/stream:Stream": "buffers the changes, so that delivery can catch up",
    "aws:kms/alias:Alias": "the alias of the key",
    "aws:kms/key:Key": "the key; without it the data is unreadable",
    "aws:lambda/function:Function": "converts changes to rows, or shortens large ones",
    "aws:pipes/pipe:Pipe": "reads batches of changes, retries, isolates failures",
    "aws:s3/bucket:Bucket": "the files",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "expiry of files",
    "aws:s3/bucketLogging:BucketLogging": "access log of requests",
    "aws:s3/bucketNotification:BucketNotification": "sends a message for each error file",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "this account owns every file",
    "aws:s3/bucketPolicy:BucketPolicy": "requires TLS; allows other writers",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "blocks public access",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "encrypts the files",
    "aws:s3/bucketVersioning:BucketVersioning": "keeps overwritten and deleted files for a week",
    "aws:scheduler/schedule:Schedule": "starts the merge at intervals",
    "aws:sfn/stateMachine:StateMachine": "merges the changes into the current state",
    "aws:sns/topic:Topic": "forwards alarms",
    "aws:sns/topicPolicy:TopicPolicy": "accepts alarms of this account only, over TLS",
    "aws:sns/topicSubscription:TopicSubscription": "the e-mail address for alarms",
    "aws:sqs/queue:Queue": "messages, kept for 14 days",
    "aws:sqs/queuePolicy:QueuePolicy": "requires TLS; allows senders",
}

_PROVIDER = "pulumi:providers:"
_UNKNOWN = "a resource that this table does not describe"
_LONGEST = 100


def kind(resource: Resource) -> str:
    """A component's kind, or another resource's type token."""
    return resource.type.removeprefix(f"{PROJECT}:pipeline:")


def is_known(resource: Resource) -> bool:
    """Whether the table has the resource's type."""
    return kind(resource) in _PURPOSES


def purpose(resource: Resource) -> str:
    """A resource's purpose in a few words."""
    if resource.type.startswith(_PROVIDER):
        return f"the provider of the package {resource.type.removeprefix(_PROVIDER)}"
    return _PURPOSES.get(kind(resource)) or documented(resource.type) or _UNKNOWN


@functools.cache
def documented(type_: str) -> str:
    """The first sentence of a package's documentation of a type such as aws:ssm/parameter:Parameter; "" if missing.

    A Pulumi package documents a resource at the first overload of its class's `__init__`; the class is in the package's
    module that the token names.
    """
    package, _, rest = type_.partition(":")
    module, _, name = rest.partition(":")
    module = module.partition("/")[0]
    for path in (f"pulumi_{package}.{module}", f"pulumi_{package}.{module}_", f"pulumi_{package}"):
        try:
            class_ = getattr(importlib.import_module(path), name, None)
        except ImportError:
            continue
        if inspect.isclass(class_):
            return _first_sentence(class_)
    return ""


def _first_sentence(class_: type) -> str:
    overloads = typing.get_overloads(class_.__init__)
    text = inspect.cleandoc((overloads[0].__doc__ if overloads else class_.__doc__) or "")
    sentence, _, _ = re.sub(r"\s+", " ", text.partition("\n\n")[0]).partition(". ")
    sentence = sentence.removesuffix(".")
    return sentence if len(sentence) <= _LONGEST else f"{sentence[: _LONGEST - 1]}…"
