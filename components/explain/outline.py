"""A stack's resources as text: a tree for reading, and a whole listing for comparing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from components.explain.graph import Graph, Resource
from components.settings import PROJECT, Settings

_LONG_TEXT = 200
_ARCHIVE_PATH = "path"

_SUMMED_UP = "dashboardBody"
"""A document of so many leaves that its digest says more than they do."""

_STAGES = ("Encryption", "Table", "Capture", "Lake", "Catalogue", "Delivery", "Analytics", "Fanout", "Observability")

_PURPOSES: Mapping[str, str] = {
    "Analytics": "how the lake is queried",
    "Bucket": "a bucket, and all that closes it",
    "Capture": "from the table to Kinesis",
    "Catalogue": "what the lake holds, for those who query it",
    "Consumer": "who listens to the events: an example",
    "Delivery": "from Kinesis to the lake",
    "Encryption": "the stack's own key",
    "EventPipe": "of the changes, those that are domain events",
    "Fanout": "domain events, told to whoever listens",
    "Lake": "where the changes rest",
    "Observability": "what tells the people in charge",
    "Pipe": "from the table's stream to Kinesis",
    "Queue": "a queue, and who may send to it",
    "Role": "what one service may do",
    "Table": "the source",
    "Transform": "a change to a row",
    "aws:appautoscaling/policy:Policy": "how full the capacity may be before it grows",
    "aws:appautoscaling/target:Target": "between which bounds the capacity moves",
    "aws:athena/namedQuery:NamedQuery": "a question that anyone asks",
    "aws:athena/workgroup:Workgroup": "who queries, with which limits and encryption",
    "aws:cloudwatch/dashboard:Dashboard": "a change's way, stage by stage",
    "aws:cloudwatch/eventBus:EventBus": "where domain events are told",
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": "who may tell them",
    "aws:cloudwatch/eventRule:EventRule": "one domain event, told from the others",
    "aws:cloudwatch/eventTarget:EventTarget": "where it goes, in which words",
    "aws:cloudwatch/logGroup:LogGroup": "a service's log, kept for a while",
    "aws:cloudwatch/logStream:LogStream": "the stream that Firehose writes its errors to",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "when somebody must look",
    "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination": "the table's own way to Kinesis",
    "aws:dynamodb/table:Table": "the items, and the stream of their changes",
    "aws:glue/catalogDatabase:CatalogDatabase": "where the tables are named",
    "aws:glue/catalogTable:CatalogTable": "columns and partitions, or the view's query",
    "aws:glue/crawler:Crawler": "what the objects really hold, to compare",
    "aws:iam/role:Role": "who may assume it",
    "aws:iam/rolePolicy:RolePolicy": "what it may do",
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": "batches, transforms, converts and writes",
    "aws:kinesis/stream:Stream": "the changes in order, to be read again for a while",
    "aws:kms/alias:Alias": "the key's name",
    "aws:kms/key:Key": "under which everything rests",
    "aws:lambda/function:Function": "decodes changes, writes rows",
    "aws:pipes/pipe:Pipe": "reads, batches, retries, halves, gives up to a queue",
    "aws:s3/bucket:Bucket": "the objects",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "what goes, and when",
    "aws:s3/bucketLogging:BucketLogging": "who asked for what",
    "aws:s3/bucketNotification:BucketNotification": "tells the queue of each error object",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "one owner, no ACLs",
    "aws:s3/bucketPolicy:BucketPolicy": "TLS only; who else may write",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "nobody from outside",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "encrypted at rest",
    "aws:s3/bucketVersioning:BucketVersioning": "nothing is overwritten for good",
    "aws:sns/topic:Topic": "where alarms go",
    "aws:sns/topicPolicy:TopicPolicy": "this account's alarms alone, over TLS",
    "aws:sns/topicSubscription:TopicSubscription": "who is told",
    "aws:sqs/queue:Queue": "messages, kept for 14 days",
    "aws:sqs/queuePolicy:QueuePolicy": "TLS only; who may send",
}


def tree(graph: Graph, parent: str = "", depth: int = 0) -> Iterator[tuple[Resource, int]]:
    """The resources with their depth, each followed by its children; the stages as a change meets them."""
    for resource in sorted(graph.children(parent), key=_order):
        yield resource, depth
        yield from tree(graph, resource.urn, depth + 1)


def _order(resource: Resource) -> tuple[object, ...]:
    stage = _STAGES.index(kind(resource)) if kind(resource) in _STAGES else len(_STAGES)
    return resource.custom, stage, resource.type, resource.name


def kind(resource: Resource) -> str:
    """A component's kind, or an AWS resource's type token."""
    return resource.type.removeprefix(f"{PROJECT}:pipeline:")


def title(resource: Resource) -> str:
    """What a resource is called: its kind and its logical name."""
    return f"{kind(resource).rpartition(':')[2]} {resource.name}"


def purpose(resource: Resource) -> str:
    """What a resource is for, in a few words."""
    return _PURPOSES[kind(resource)]


def with_inputs(graph: Graph, settings: Settings) -> Iterator[str]:
    """Every resource with its inputs, a line each, the same on every machine: for comparing.

    A long text stands as its length and digest, a JSON text by its content; what
    the setting `host` makes of this machine stands as "host".
    """
    machine: dict[object, str] = {}
    if settings.lambda_runtime == "host":
        machine[settings.runtime] = "host"
    if settings.lambda_architecture == "host":
        machine[settings.architecture] = "host"
    for resource, depth in tree(graph):
        indent = "  " * depth
        yield f"{indent}{kind(resource)} {resource.name}{' (protected)' if resource.protect else ''}"
        for path, value in sorted(_leaves(resource.inputs, "")):
            yield f"{indent}  . {path} = {machine.get(value, value)}"


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            entries = cast("dict[str, Any]", value)
            if _ARCHIVE_PATH in entries and len(entries) > 1 and any(len(key) == 32 for key in entries):
                yield path, "an archive"
                return
            for name, inner in entries.items():
                if name == _SUMMED_UP:
                    yield name, _digest(str(inner))
                    continue
                yield from _leaves(inner, f"{path}.{name}" if path else name)
        case list() if all(isinstance(one, str) for one in cast("list[Any]", value)):
            yield path, f"[{', '.join(cast('list[str]', value))}]"
        case list():
            for index, inner in enumerate(cast("list[Any]", value)):
                yield from _leaves(inner, f"{path}[{index}]")
        case str() if (document := _document(value)) is not None:
            yield from _leaves(document, path)
        case str() if len(value) > _LONG_TEXT:
            yield path, _digest(value)
        case _:
            yield path, json.dumps(value) if isinstance(value, bool) else str(value)


def _digest(text: str) -> str:
    return f"{len(text)} characters, sha256 {hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _document(text: str) -> object | None:
    if not text.startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None
