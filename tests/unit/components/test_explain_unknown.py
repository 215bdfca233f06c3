"""An unknown resource is explained too: no table needs its type, and its inputs may be incomplete.

Issue: adding any resource of AWS (`aws.ssm.Parameter`) ended `components.explain` in a KeyError.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pulumi
import pulumi_aws as aws
import pytest

from components.explain import document, graph, prices, purposes, replaces, text
from components.explain.controls import CONTROLS
from components.explain.graph import Graph
from components.explain.prices import Basis
from components.explain.report import Entry, StackReport, report
from components.settings import Settings

KNOWN = sorted({*replaces.REPLACES, *prices.FREE, *(control.type for control in CONTROLS)})


class Thing(pulumi.ComponentResource):
    """A component of a package that is not installed, with a resource of AWS in it."""

    def __init__(self) -> None:
        super().__init__("other:index:Thing", "thing")
        aws.ssm.Parameter("inside", type="String", value="x", opts=pulumi.ResourceOptions(parent=self))


class Unnamed(pulumi.CustomResource):
    """A resource of any type without inputs, so with the provider's defaults."""

    def __init__(self, type_: str) -> None:
        super().__init__(type_, f"bare-{type_.rpartition(':')[2]}", {})


ADDED: dict[str, tuple[Callable[[], object], str, str]] = {
    "a parameter": (
        lambda: aws.ssm.Parameter("greeting", type="String", value="hello"),
        "Parameter greeting",
        "Provides an SSM Parameter resource",
    ),
    "a provider": (
        lambda: aws.Provider("second", region="eu-west-2"),
        "aws second",
        "the provider of the package aws",
    ),
    "a component of another package": (Thing, "Thing thing", "a resource that this table does not describe"),
    "a resource of a package that is not installed": (
        lambda: Unnamed("other:index/gadget:Gadget"),
        "Gadget bare-Gadget",
        "a resource that this table does not describe",
    ),
}


def explained(program: Callable[[], object]) -> StackReport:
    recorded: Graph = graph.record(program, "dev", {"aws:region": "eu-west-1"})
    return report("dev", recorded, Basis(Settings()))


def only(made: StackReport) -> Entry:
    (entry,) = made.top
    return entry


@pytest.mark.parametrize("name", ADDED)
def test_an_unknown_type_is_shown_by_its_own_name(name: str) -> None:
    program, title, purpose = ADDED[name]
    made = explained(program)
    tree, overview = "\n".join(text.tree(made)), "\n".join(text.overview(made))
    assert title in tree
    assert purpose in tree
    assert title.partition(" ")[0] in overview


def test_its_price_is_unknown_and_not_nothing() -> None:
    made = explained(ADDED["a parameter"][0])
    assert only(made).cost is None
    assert "Not in the price list, so not in the sums: greeting (aws:ssm/parameter:Parameter)." in text.tree(made)
    assert any(line.startswith("Parameter") and line.split()[-2:] == ["unknown"] * 2 for line in text.overview(made))
    assert document.document(made)["resources"][0]["cost"] is None


def test_that_no_control_is_known_is_said() -> None:
    assert "  controls: none known for aws:ssm/parameter:Parameter" in text.tree(explained(ADDED["a parameter"][0]))


def test_a_provider_costs_nothing() -> None:
    assert only(explained(ADDED["a provider"][0])).cost == prices.Cost()


def test_a_part_that_has_no_price_is_left_out_of_its_components_sum() -> None:
    made = explained(Thing)
    assert only(made).cost == prices.Cost()
    assert [entry.resource.name for entry in made.unpriced] == ["inside"]


@pytest.mark.parametrize("type_", KNOWN)
def test_a_known_type_with_no_input_given_is_explained_too(type_: str) -> None:
    made = explained(lambda: Unnamed(type_))
    assert only(made).purpose
    assert list(text.tree(made))
    assert json.loads(json.dumps(document.document(made)))["resources"][0]["type"] == type_


def test_a_documentation_without_a_sentence_is_ignored() -> None:
    assert purposes.documented("other:index:Thing") == ""
    assert purposes.documented("nonsense") == ""
