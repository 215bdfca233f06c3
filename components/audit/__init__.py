"""What AWS and its provider ask of each resource: a table of rules, each a check with its source.

The sandbox can be deployed into what AWS would refuse, and a test says what its
author believed. So the rules come from elsewhere: the API's reference, the
provider's source, what was recorded on AWS; each names which. A rule that AWS
itself enforces has a request that AWS refuses and AWS's own sentence, to which
the sandbox is held (tests/integration/sandbox/test_refusals.py).

    python -m components.audit --stack prod

A package of its own beside `explain`, because it speaks of what is allowed, not
of what there is; it reads the same graph, which needs neither engine nor account.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from components.audit import (
    buckets,
    catalogue,
    dynamodb,
    events,
    firehose,
    functions,
    identity,
    kinesis,
    monitoring,
    notifications,
    pipes,
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
    *functions.RULES,
    *buckets.RULES,
    *notifications.RULES,
    *catalogue.RULES,
    *queues.RULES,
    *events.RULES,
    *monitoring.RULES,
    *identity.RULES,
    *tags.RULES,
)


@dataclass(frozen=True)
class Violation:
    """A rule that a resource does not keep."""

    rule: Rule
    urn: str


def violations(graph: Graph, settings: Settings) -> Iterator[Violation]:
    """The rules that a stack's resources do not keep, in the table's order."""
    for rule in RULES:
        resources = graph.of(rule.type) if rule.type else graph.resources
        for resource in resources:
            if not rule.holds(Case(resource, graph, settings)):
                yield Violation(rule, resource.urn)
