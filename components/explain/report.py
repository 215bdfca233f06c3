"""The report of a stack; the overview, the tree and the JSON are rendered from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from components.explain import outline, prices, purposes
from components.explain.controls import Finding, findings
from components.explain.graph import Graph, Resource
from components.explain.prices import Basis, Cost


@dataclass(frozen=True)
class Entry:
    """A resource with its depth in the tree, its purpose, its cost and the controls' results.

    `cost` is None for a type outside the price list; a component has the known cost of its children.
    """

    resource: Resource
    depth: int
    purpose: str
    cost: Cost | None
    findings: tuple[Finding, ...]
    parts: tuple[Entry, ...] = field(repr=False, default=())

    @property
    def is_known(self) -> bool:
        """Whether the tables of this package have the resource's type."""
        return purposes.is_known(self.resource)

    def whole(self) -> Iterator[Entry]:
        """This entry and its descendants, in the order of the tree."""
        yield self
        for part in self.parts:
            yield from part.whole()

    def resources(self) -> Iterator[Entry]:
        """This entry and its descendants that are resources of a service, not components."""
        return (entry for entry in self.whole() if entry.resource.custom)


@dataclass(frozen=True)
class StackReport:
    """A stack: its name, its top entries with their descendants, and the basis of its prices."""

    stack: str
    top: tuple[Entry, ...]
    basis: Basis

    def entries(self) -> Iterator[Entry]:
        """Every entry, in the order of the tree."""
        for entry in self.top:
            yield from entry.whole()

    def resources(self) -> Iterator[Entry]:
        """Every resource of a service."""
        return (entry for entry in self.entries() if entry.resource.custom)

    @property
    def total(self) -> Cost:
        """The total of the known costs."""
        return _sum(self.resources())

    @property
    def unpriced(self) -> list[Entry]:
        """The resources whose type is not in the price list."""
        return [entry for entry in self.resources() if entry.cost is None]


def report(stack: str, graph: Graph, basis: Basis) -> StackReport:
    """The report of a stack's graph, priced on a basis."""
    found: dict[str, list[Finding]] = {}
    for finding in findings(graph, basis.settings):
        found.setdefault(finding.urn, []).append(finding)

    def entry(resource: Resource, depth: int) -> Entry:
        parts = tuple(entry(child, depth + 1) for child in outline.ordered(graph.children(resource.urn)))
        cost = prices.cost(resource, basis) if resource.custom else _sum(_resources(parts))
        held = tuple(found.get(resource.urn, ()))
        return Entry(resource, depth, purposes.purpose(resource), cost, held, parts)

    return StackReport(stack, tuple(entry(one, 0) for one in outline.ordered(graph.children(""))), basis)


def _resources(entries: Iterable[Entry]) -> Iterator[Entry]:
    return (one for entry in entries for one in entry.resources())


def _sum(entries: Iterable[Entry]) -> Cost:
    return sum((entry.cost for entry in entries if entry.cost is not None), Cost())
