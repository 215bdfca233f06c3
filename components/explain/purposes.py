"""What a resource is for, in plain words; for a type that the table does not know, in those of its documentation.

No type needs an entry: a resource that somebody adds is shown under its type's
own name, with the first sentence that its package's documentation says of it.
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
    "Encryption": "the key under which the data is encrypted",
    "Table": "the DynamoDB table that your application writes",
    "Capture": "carries every change of the table to Kinesis",
    "Lake": "S3 buckets that keep the changes as files",
    "Catalogue": "tells Athena which columns the files have",
    "Delivery": "turns changes into rows, writes them to S3",
    "Analytics": "Athena: where you ask questions of the rows",
    "Fanout": "tells other programs of orders placed or paid",
    "Observability": "the dashboard, and alarms that say what to do",
}
"""The stages in the order in which a change meets them, each in at most 46 characters."""

_PURPOSES: Mapping[str, str] = {
    **STAGES,
    "Bucket": "a bucket and its rules: closed, encrypted, tidied",
    "Errors": "notes every error file, for an alarm and a replay",
    "Consumer": "an example of a program that listens to events",
    "EventPipe": "picks the domain events out of all changes",
    "Pipe": "reads the table's stream and writes to Kinesis",
    "Shorten": "the Lambda function that cuts what is too large",
    "Queue": "a queue, and who may send to it",
    "Role": "what one AWS service may do for this stack",
    "Transform": "the Lambda function that makes a row of a change",
    "aws:appautoscaling/policy:Policy": "at which load the table's capacity grows or shrinks",
    "aws:appautoscaling/target:Target": "the least and the most capacity of the table",
    "aws:athena/namedQuery:NamedQuery": "a saved query, to run as it is or to change",
    "aws:athena/workgroup:Workgroup": "where queries run: their limit, results and encryption",
    "aws:cloudwatch/dashboard:Dashboard": "graphs of every stage on one page",
    "aws:cloudwatch/eventBus:EventBus": "where domain events are published",
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": "who may publish events",
    "aws:cloudwatch/eventRule:EventRule": "recognises one kind of event",
    "aws:cloudwatch/eventTarget:EventTarget": "sends the rule's events on, in a form of their own",
    "aws:cloudwatch/logGroup:LogGroup": "a service's log, deleted after a while",
    "aws:cloudwatch/logStream:LogStream": "the part of the log that Firehose writes its errors to",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "goes off when somebody must look",
    "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination": "DynamoDB's own way to Kinesis",
    "aws:dynamodb/table:Table": "the items, and the stream of their changes",
    "aws:glue/catalogDatabase:CatalogDatabase": "the database that holds the lake's tables",
    "aws:glue/catalogTable:CatalogTable": "columns and partitions of the files, or a view's query",
    "aws:glue/crawler:Crawler": "looks into the files and notes the columns that it finds",
    "aws:iam/role:Role": "which service may act for this stack",
    "aws:iam/rolePolicy:RolePolicy": "what that service may do",
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": "collects changes, has them transformed, writes files",
    "aws:kinesis/stream:Stream": "holds the changes for a while, so that delivery can catch up",
    "aws:kms/alias:Alias": "the key's name",
    "aws:kms/key:Key": "the key itself; without it nothing can be read",
    "aws:lambda/function:Function": "makes rows of changes, or large changes smaller",
    "aws:pipes/pipe:Pipe": "reads changes in batches, tries again, sets aside what fails",
    "aws:s3/bucket:Bucket": "the files",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "which files are deleted, and when",
    "aws:s3/bucketLogging:BucketLogging": "writes down who asked for what",
    "aws:s3/bucketNotification:BucketNotification": "notes each error file in a queue",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "every file belongs to this account",
    "aws:s3/bucketPolicy:BucketPolicy": "refuses connections without TLS; who else may write",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "nothing can be made public",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "files are encrypted",
    "aws:s3/bucketVersioning:BucketVersioning": "what is overwritten or deleted can be had back for a week",
    "aws:sns/topic:Topic": "passes alarms on",
    "aws:sns/topicPolicy:TopicPolicy": "takes alarms of this account only, over TLS",
    "aws:sns/topicSubscription:TopicSubscription": "the address that is mailed",
    "aws:sqs/queue:Queue": "messages, kept for 14 days",
    "aws:sqs/queuePolicy:QueuePolicy": "refuses connections without TLS; who may send",
}

_PROVIDER = "pulumi:providers:"
_UNKNOWN = "a resource that this table does not describe"
_LONGEST = 100


def kind(resource: Resource) -> str:
    """A component's kind, or another resource's type token."""
    return resource.type.removeprefix(f"{PROJECT}:pipeline:")


def is_known(resource: Resource) -> bool:
    """Whether the table has words for the resource's type."""
    return kind(resource) in _PURPOSES


def purpose(resource: Resource) -> str:
    """What a resource is for, in a few words."""
    if resource.type.startswith(_PROVIDER):
        return f"how the program reaches what the package {resource.type.removeprefix(_PROVIDER)} manages"
    return _PURPOSES.get(kind(resource)) or documented(resource.type) or _UNKNOWN


@functools.cache
def documented(type_: str) -> str:
    """The first sentence that a package says of a type such as aws:ssm/parameter:Parameter; "" where there is none.

    A Pulumi package documents a resource at the first overload of its class's
    `__init__`; the class stands in the package's module that the token names.
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
