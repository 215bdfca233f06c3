"""The rules of AWS and its provider for each resource: a table of checks with their sources.

The sandbox may accept what AWS would refuse, and a test may repeat its author's error. So each rule has an external
source: the API reference, the provider's code, or a recording from AWS. A rule that AWS enforces has a request that AWS
refuses and AWS's sentence, and the sandbox must give the same one (tests/integration/sandbox/test_refusals.py).

    python -m components.audit --stack prod

It is separate from `explain`, because it describes what is allowed, not what exists; it uses the same graph, which
needs neither engine nor account.
"""

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
    monitoring,
    notifications,
    pipes,
    processor,
    queues,
    scaling,
    tags,
)
from components.audit.rule import Refused, Rule
from components.explain.evidence import Case
from components.explain.graph import Graph
from components.settings import Settings

__all__ = ["RULES", "Refused", "Rule", "Violation", "violations"]

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
