"""What `components.explain` knows of a stack, made once: the overview, the tree and the JSON are drawn from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from components.explain import outline, prices, purposes
from components.explain.controls import Finding, findings
from components.explain.graph import Graph, Resource
from components.explain.prices import Basis, Cost


@dataclass(frozen=True)
class Entry:
    """A resource with its depth in the tree, its purpose, its cost and what the controls found.

    `cost` is None where the price list does not know the type; a component has
    that of what is in it, as far as it is known.
    """

    resource: Resource
    depth: int
    purpose: str
    cost: Cost | None
    findings: tuple[Finding, ...]
    parts: tuple[Entry, ...] = field(repr=False, default=())

    @property
    def is_known(self) -> bool:
        """Whether the program's tables speak of the resource's type at all."""
        return purposes.is_known(self.resource)

    def whole(self) -> Iterator[Entry]:
        """This entry and all below it, in the order of the tree."""
        yield self
        for part in self.parts:
            yield from part.whole()

    def resources(self) -> Iterator[Entry]:
        """This entry and those below it that are resources of a service, not components."""
        return (entry for entry in self.whole() if entry.resource.custom)


@dataclass(frozen=True)
class Report:
    """A stack: its name, its entries at the top with all below them, and what its prices are made from."""

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
        """What all of it costs, as far as the price list knows."""
        return _sum(self.resources())

    @property
    def unpriced(self) -> list[Entry]:
        """The resources that the price list does not know."""
        return [entry for entry in self.resources() if entry.cost is None]


def report(stack: str, graph: Graph, basis: Basis) -> Report:
    """The report of a stack's graph, its prices made from a basis."""
    found: dict[str, list[Finding]] = {}
    for finding in findings(graph, basis.settings):
        found.setdefault(finding.urn, []).append(finding)

    def entry(resource: Resource, depth: int) -> Entry:
        parts = tuple(entry(child, depth + 1) for child in outline.ordered(graph.children(resource.urn)))
        cost = prices.cost(resource, basis) if resource.custom else _sum(_resources(parts))
        held = tuple(found.get(resource.urn, ()))
        return Entry(resource, depth, purposes.purpose(resource), cost, held, parts)

    return Report(stack, tuple(entry(one, 0) for one in outline.ordered(graph.children(""))), basis)


def _resources(entries: Iterable[Entry]) -> Iterator[Entry]:
    return (one for entry in entries for one in entry.resources())


def _sum(entries: Iterable[Entry]) -> Cost:
    return sum((entry.cost for entry in entries if entry.cost is not None), Cost())
