"""The table of all rules, in the order of the pipeline, and the check of a stack against them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from components.audit import (
    athena,
    buckets,
    catalogue,
    dynamodb,
    events,
    firehose,
    functions,
    identity,
    keys,
    kinesis,
    logs,
    merges,
    monitoring,
    notifications,
    pipes,
    processor,
    queues,
    scaling,
    tags,
)
from components.audit.rule import Rule
from components.explain.evidence import Case
from components.explain.graph import Graph
from components.settings import Settings

RULES: tuple[Rule, ...] = (
    *dynamodb.RULES,
    *scaling.RULES,
    *kinesis.RULES,
    *pipes.RULES,
    *firehose.RULES,
    *processor.RULES,
    *functions.RULES,
    *buckets.RULES,
    *notifications.RULES,
    *catalogue.RULES,
    *athena.RULES,
    *queues.RULES,
    *events.RULES,
    *merges.RULES,
    *monitoring.RULES,
    *logs.RULES,
    *identity.RULES,
    *keys.RULES,
    *tags.RULES,
)


@dataclass(frozen=True)
class Violation:
    """A rule that a resource violates."""

    rule: Rule
    urn: str


def violations(graph: Graph, settings: Settings) -> Iterator[Violation]:
    """The violations of a stack's resources, in the table's order."""
    for rule in RULES:
        resources = graph.of(rule.type) if rule.type else graph.resources
        for resource in resources:
            if not rule.holds(Case(resource, graph, settings)):
                yield Violation(rule, resource.urn)
