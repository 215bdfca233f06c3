"""A destroy of a protected stack deletes nothing.

Pulumi's engine continues after a resource that it may not delete, and keeps only what that one depends on, its parents
and what these depend on (github.com/pulumi/pulumi, pkg/resource/deploy/deployment_executor.go: erroredDeps;
pkg/resource/graph/dependency_graph.go: TransitiveDependenciesOf). Whatever else there is in the stack, it deletes.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from components.explain.graph import Graph, Resource
from tests.unit.components.running import Record

CHOICES: dict[str, dict[str, str]] = {
    "as it is": {},
    "events": {"eventFanout": "true"},
    "native": {"captureMode": "native"},
    "no mail": {"alarmEmail": "", "customerManagedKeys": "false"},
    "provisioned": {"tableCapacity": "provisioned", "tableMaxReadUnits": "50", "tableMaxWriteUnits": "900"},
}


@pytest.fixture(params=CHOICES.values(), ids=list(CHOICES))
def prod(request: pytest.FixtureRequest, record: Record) -> Graph:
    return record("prod", request.param)


def spared(program: Graph, protected: Iterable[Resource]) -> set[str]:
    """The URNs of what is left when the protected cannot be deleted."""
    known = {resource.urn: resource for resource in program.resources}
    left: set[str] = set()
    ahead = [resource.urn for resource in protected]
    while ahead:
        urn = ahead.pop()
        if urn in known and urn not in left:
            left.add(urn)
            ahead += [*known[urn].depends_on, known[urn].parent]
    return left


def depth(program: Graph, resource: Resource) -> int:
    """The length of the longest way from a resource to one that depends on nothing; the deepest is deleted first."""
    known = {one.urn: one for one in program.resources}
    above = [known[urn] for urn in (*resource.depends_on, resource.parent) if urn in known]
    return 1 + max((depth(program, one) for one in above), default=0)


def test_nothing_of_a_protected_stack_goes_when_it_is_destroyed(prod: Graph) -> None:
    protected = [resource for resource in prod.resources if resource.protect]
    assert {resource.urn for resource in prod.resources} - spared(prod, protected) == set()


def test_what_holds_up_the_rest_is_tried_before_anything_else(prod: Graph) -> None:
    (dashboard,) = prod.of("aws:cloudwatch/dashboard:Dashboard")
    assert dashboard.protect
    others = [resource for resource in prod.resources if resource.urn != dashboard.urn]
    assert set(dashboard.depends_on) >= {resource.urn for resource in others if resource.custom}
    assert depth(prod, dashboard) > max(depth(prod, resource) for resource in others)


def test_protected_is_what_holds_data_and_what_holds_up_the_rest(prod: Graph) -> None:
    """Any other resource may go in an update that no longer has it: an alarm, the fan-out, the Pipe."""
    types = {resource.type.rpartition(":")[2] for resource in prod.resources if resource.protect}
    assert types - {"Key"} == {"Bucket", "Dashboard", "Stream", "Table"}


def test_a_stack_that_is_not_protected_holds_nothing_up(record: Record) -> None:
    dev = record("dev")
    assert not any(resource.protect for resource in dev.resources)
    assert len(dev.one("aws:cloudwatch/dashboard:Dashboard").depends_on) < 20
