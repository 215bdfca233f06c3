"""The architecture twice: from the README's picture, and from the resources' inputs.

An edge is a reference: an input of one drawn resource that is another's ARN, or its name where the input takes a name,
or a place in a bucket. It has the direction of the changes, so an input from which a resource reads is reversed.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from components.explain.graph import Graph, Resource

# The resources of each node of the picture: types and logical names of resources ("type name", name as a pattern) ...
NODES: Mapping[str, tuple[str, ...]] = {
    "table": ("Table table", "KinesisStreamingDestination capture"),
    "pipe": ("Pipe capture-pipe",),
    "large": ("Pipe capture-large-pipe",),
    "shorten": ("Function capture-shorten",),
    "dlq": ("Queue capture-pipe-dead-letters",),
    "stream": ("Stream capture",),
    "firehose": ("FirehoseDeliveryStream delivery",),
    "transform": ("Function delivery-transform",),
    "noted": ("Queue lake-errors",),
    "catalogue": ("CatalogDatabase catalogue", "CatalogTable catalogue"),
    "crawler": ("Crawler catalogue",),
    "view": ("CatalogTable analytics", "CatalogTable analytics-.*"),
    "athena": ("Workgroup analytics", "NamedQuery analytics-.*"),
    "eventpipe": ("Pipe fanout-pipe",),
    "bus": ("EventBus fanout",),
    "rules": ("EventRule fanout-consumer-.*", "EventTarget fanout-consumer-.*"),
    "events": ("Queue fanout-consumer",),
    "eventdlq": ("Queue fanout-dead-letters",),
    "schedule": ("Schedule merge",),
    "merge": ("StateMachine merge",),
    "mergedlq": ("Queue merge",),
}
# ... or a prefix in the lake's bucket.
PLACES: Mapping[str, str] = {"rows": "order_changes/", "errors": "errors/", "results": "query-results/"}
OUTSIDE = {"loadgen": "no resource: it writes to the table"}
LEFT_OUT: Mapping[str, str] = {
    "Alias|Key": "under it everything rests",
    "BucketNotification|EventRule|EventTarget": "an edge, from errors/ to its queue",
    "Bucket(?!Notification)\\w*": "the lake's bucket is the places in it; the rest is how it is closed and tidied",
    "ContributorInsights|Dashboard|MetricAlarm|Topic\\w*": "they watch every stage and are in no change's way",
    "EventBusPolicy|QueuePolicy|Role|RolePolicy": "who may do what: the roles' own tests show it",
    "LogGroup|LogStream": "every stage has its log",
    "Policy|Target": "autoscaling of the table's capacity",
}

_NAMES: Mapping[str, tuple[str, ...]] = {
    "database": ("CatalogDatabase",),
    "databaseName": ("CatalogDatabase",),
    "eventBusName": ("EventBus",),
    "rule": ("EventRule",),
    "tableName": ("CatalogTable", "Table"),
}
"""Inputs that take a name, and the type that it names."""
_READ = {
    *("source", "kinesisStreamArn", "location", "path", "storage.location.template"),
    *("database", "databaseName", "tableName", "eventBusName", "query", "viewOriginalText"),
}
"""Inputs from which a resource reads."""
_CALLED = {"parameterValue", "enrichment"}
"""Inputs that name what is called, and answers."""
_WRITTEN = {("Crawler", "databaseName")}
"""Inputs among the read that this type writes to."""

_SETTINGS = {"EventTarget", "KinesisStreamingDestination"}
"""Settings of another resource: an ARN of theirs is that of what they lead to."""

Edge = tuple[str, str]


@dataclass(frozen=True)
class Picture:
    """The README's picture: each node's text, each edge and whether it is dotted."""

    nodes: Mapping[str, str]
    edges: Mapping[Edge, bool]


_END = r"(\w+)(?:[\[({]+(.*?)[\])}]+)?"
_ARROW = r"(<?--(?: [^>]+ --)?>|-\.(?: [^>]+ \.)?->)"
_EDGE = re.compile(rf"{_END}\s+{_ARROW}\s+{_END}")


def picture(text: str) -> Picture:
    """The first mermaid flow chart of a text; ValueError for a line that is not an edge."""
    found = re.search(r"```mermaid\nflowchart \w+\n(.*?)```", text, re.DOTALL)
    if not found:
        raise ValueError("there is no flow chart")
    nodes: dict[str, str] = {}
    edges: dict[Edge, bool] = {}
    for line in found[1].splitlines():
        match = _EDGE.fullmatch(line.strip())
        if not match:
            raise ValueError(f"{line!r} is not an edge")
        start, start_text, arrow, end, end_text = match.groups(default="")
        for name, words in ((start, start_text), (end, end_text)):
            nodes[name] = nodes.get(name) or words.strip('"')
        edges[start, end] = "." in arrow
        if arrow.startswith("<"):
            edges[end, start] = "." in arrow
    return Picture(nodes, edges)


def edges(graph: Graph) -> set[Edge]:
    """What flows between the drawn resources of a graph."""
    return {edge for resource in graph.resources if resource.custom for edge in _edges_of(resource, graph)}


def unexplained(graph: Graph) -> list[str]:
    """Resources that are neither drawn nor left out with a reason."""
    return [
        resource.urn
        for resource in graph.resources
        if resource.custom
        and not node(resource)
        and not any(re.fullmatch(pattern, _kind(resource)) for pattern in LEFT_OUT)
    ]


def node(resource: Resource) -> str:
    """The node of a resource; "" without one."""
    said = f"{_kind(resource)} {resource.name}"
    return next((node for node, patterns in NODES.items() if any(re.fullmatch(one, said) for one in patterns)), "")


def _kind(resource: Resource) -> str:
    return resource.type.rpartition(":")[2]


def _edges_of(resource: Resource, graph: Graph) -> Iterator[Edge]:
    here = node(resource)
    if _kind(resource) == "EventTarget" and not here:
        for place in _told_of(resource, graph):
            yield from ((place, there) for there in _nodes_at("arn", resource.inputs["arn"], graph))
        return
    if not here:
        return
    for key, value in _leaves(resource.inputs):
        for there in _nodes_at(key, value, graph) - {here}:
            reads = key in _READ and (_kind(resource), key) not in _WRITTEN
            if key in _CALLED or not reads:
                yield here, there
            if key in _CALLED or reads:
                yield there, here


def _told_of(target: Resource, graph: Graph) -> Iterator[str]:
    """The places in the bucket whose new objects S3 tells EventBridge of, and the target's rule leads to it."""
    telling = {
        one.inputs["bucket"]
        for one in graph.resources
        if _kind(one) == "BucketNotification" and one.inputs.get("eventbridge")
    }
    for rule in graph.of("aws:cloudwatch/eventRule:EventRule"):
        if rule.inputs["name"] == target.inputs["rule"] and "eventBusName" not in rule.inputs:
            detail = json.loads(rule.inputs["eventPattern"])["detail"]
            (bucket,), (key,) = detail["bucket"]["name"], detail["object"]["key"]
            if bucket in telling:
                yield _place(f"s3://{bucket}/{key['prefix']}", graph)


def _leaves(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            entries = cast("dict[str, Any]", value)
            for name, inner in entries.items():
                yield from _leaves(inner, name)
            # Firehose says the bucket and the prefixes in it apart.
            for name in ("prefix", "errorOutputPrefix"):
                if "bucketArn" in entries and name in entries:
                    yield name, f"s3://{entries['bucketArn'].rpartition(':')[2]}/{entries[name]}"
        case list():
            for inner in cast("list[Any]", value):
                yield from _leaves(inner, key)
        case str() if key == "redrivePolicy":
            yield from _leaves(json.loads(value), key)
        case str():
            yield key, value
        case _:
            pass


def _nodes_at(key: str, value: str, graph: Graph) -> set[str]:
    """The nodes that an input's value refers to."""
    if value.startswith("s3://"):
        return {_place(value, graph)} - {""}
    there_are = [one for one in graph.resources if one.custom]
    if key in ("query", "viewOriginalText"):
        tables = [one for one in there_are if _kind(one) == "CatalogTable"]
        return {node(one) for one in tables if f'"{one.inputs["name"]}"' in _sql(value)}
    if key in _NAMES:
        return {node(one) for one in there_are if _kind(one) in _NAMES[key] and one.inputs["name"] == value} - {""}
    return {
        node(one)
        for one in there_are
        for arn in (one.state.get("arn"), one.state.get("streamArn"))
        # A function's ARN may go on with its version.
        if arn and (value == arn or value.startswith(f"{arn}:")) and _kind(one) not in _SETTINGS
    } - {""}


def _place(address: str, graph: Graph) -> str:
    (lake,) = [one for one in graph.of("aws:s3/bucket:Bucket") if one.name == "lake"]
    root = f"s3://{lake.inputs['bucket']}/"
    return next((place for place, prefix in PLACES.items() if address.startswith(root + prefix)), "")


def _sql(value: str) -> str:
    """A query's SQL, or that in a view as Athena keeps it."""
    encoded = re.fullmatch(r"/\* Presto View: (\S+) \*/", value)
    return json.loads(base64.b64decode(encoded[1]))["originalSql"] if encoded else value
