"""The README's picture matches the program: every node, every edge, nothing more."""

from __future__ import annotations

import dataclasses

import pytest

from components.explain.graph import Graph
from tests.unit.components.architecture import (
    LEFT_OUT,
    NODES,
    OUTSIDE,
    PLACES,
    Edge,
    edges,
    node,
    picture,
    unexplained,
)
from tests.unit.components.conftest import ROOT, STACKS
from tests.unit.components.running import CHOSEN as CHOSEN_STAGES
from tests.unit.components.running import Record

README = (ROOT / "README.md").read_text()
CHOSEN: tuple[dict[str, str], ...] = (
    CHOSEN_STAGES,
    {"captureMode": "native", "tableContributorInsights": "all-keys"},
)
"""Settings that add an edge which no stack's file has."""


def lines() -> list[str]:
    return [line for line in README.splitlines() if line.startswith("  ") and ">" in line]


@pytest.fixture(scope="module")
def as_they_stand(record: Record) -> list[Graph]:
    return [record(stack) for stack in STACKS]


@pytest.fixture(scope="module")
def every(as_they_stand: list[Graph], record: Record) -> list[Graph]:
    return [*as_they_stand, *(record("prod", chosen) for chosen in CHOSEN)]


@pytest.fixture(scope="module")
def made(every: list[Graph]) -> set[Edge]:
    return {edge for graph in every for edge in edges(graph)}


def drawn(text: str) -> set[Edge]:
    return {(start, end) for start, end in picture(text).edges if not {start, end} & set(OUTSIDE)}


def test_every_edge_drawn_is_made_and_every_edge_made_is_drawn(made: set[Edge]) -> None:
    assert drawn(README) == made


def test_a_solid_edge_is_there_in_every_stack_by_default(as_they_stand: list[Graph]) -> None:
    solid = {edge for edge in drawn(README) if not picture(README).edges[edge]}
    assert [(edge, graph) for graph in as_they_stand for edge in solid - edges(graph)] == []


def test_every_node_represents_a_resource(every: list[Graph]) -> None:
    standing = {node(resource) for graph in every for resource in graph.resources if resource.custom}
    assert set(picture(README).nodes) == (standing - {""}) | set(PLACES) | set(OUTSIDE)
    assert standing >= set(NODES)


def test_a_place_is_called_by_its_prefix() -> None:
    words = picture(README).nodes
    assert all(prefix in words[place] for place, prefix in PLACES.items())


def test_what_is_made_and_not_drawn_is_left_out_for_a_reason(every: list[Graph]) -> None:
    assert [urn for graph in every for urn in unexplained(graph)] == []
    assert all(LEFT_OUT.values())


@pytest.mark.parametrize("line", lines(), ids=str.strip)
def test_a_line_less_would_be_missed(line: str, made: set[Edge]) -> None:
    less = README.replace(f"{line}\n", "", 1)
    kept = set(picture(less).nodes)
    assert drawn(less) != made or not kept >= set(OUTSIDE)


@pytest.mark.parametrize(
    ("type_", "name"),
    [
        ("aws:pipes/pipe:Pipe", "capture-pipe"),
        ("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", "delivery"),
        ("aws:glue/catalogTable:CatalogTable", "catalogue"),
        ("aws:s3/bucketNotification:BucketNotification", "lake-errors"),
        ("aws:cloudwatch/eventTarget:EventTarget", "lake-errors"),
    ],
)
def test_a_resource_less_would_be_missed(type_: str, name: str, record: Record) -> None:
    prod = record("prod")
    fewer = tuple(one for one in prod.resources if (one.type, one.name) != (type_, name))
    assert len(fewer) == len(prod.resources) - 1
    assert edges(Graph(fewer, prod.outputs)) < edges(prod)


def test_a_pipe_to_somewhere_else_would_be_missed(record: Record) -> None:
    prod = record("prod")
    elsewhere = tuple(
        dataclasses.replace(one, inputs={**one.inputs, "target": "arn:aws:kinesis:eu-west-1:123456789012:stream/other"})
        if one.name == "capture-pipe"
        else one
        for one in prod.resources
    )
    assert edges(prod) - edges(Graph(elsewhere, prod.outputs)) == {("pipe", "stream")}


@pytest.mark.parametrize("text", ["", "```mermaid\nflowchart LR\n  a => b\n```"])
def test_a_text_without_a_picture_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no flow chart|is not an edge"):
        picture(text)
