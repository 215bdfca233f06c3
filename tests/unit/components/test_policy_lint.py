"""Every policy of every stack (identity, resource and trust) passes a linter for all of IAM.

The same process of the linter checks the state machines' definitions: it takes two seconds to start.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping

import pytest

from components.explain import permissions
from components.explain.graph import Graph
from tests.unit.components.conftest import STACKS
from tests.unit.components.linter import (
    KINDS,
    MACHINE,
    Document,
    Finding,
    documents,
    lint,
    machines,
    unknown_conditions,
)
from tests.unit.components.running import CHOSEN, Record

CHOICES = [*itertools.product(STACKS, ("pipe", "native"))]
"""Every stack, with each way of capturing; everything else that brings a policy is chosen too."""

ACCEPTED: Mapping[tuple[str, str], str] = {}
"""Findings that stand, by the rule and the resource's name, each with the reason why."""

ROLE, ROLE_POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
QUEUE_POLICY, BUCKET_POLICY = "aws:sqs/queuePolicy:QueuePolicy", "aws:s3/bucketPolicy:BucketPolicy"
STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/s"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"

# One mistake each, and the rule that must see it.
BAD: Mapping[str, tuple[str, str, dict[str, object]]] = {
    "an action that there is not": ("W3037", ROLE_POLICY, {"Action": ["kinesis:PutRecordz"]}),
    "a service that there is not": ("W3037", ROLE_POLICY, {"Action": ["kinesys:PutRecord"]}),
    "a resource that the action does not take": ("I3510", ROLE_POLICY, {"Action": ["sqs:SendMessage"]}),
    "an operator that there is not": ("E3510", ROLE_POLICY, {"Condition": {"StringsEqual": {"aws:SourceArn": "x"}}}),
    "a principal in an identity's policy": ("E3510", ROLE_POLICY, {"Principal": "*"}),
    "no ARN": ("E3510", ROLE_POLICY, {"Resource": ["stream/s"]}),
    "an effect that there is not": ("E3510", ROLE_POLICY, {"Effect": "Permit"}),
    "no principal in a resource's policy": ("E3512", QUEUE_POLICY, {"Action": ["sqs:SendMessage"]}),
    "another service's action in a bucket's policy": ("W3037", BUCKET_POLICY, {"Principal": "*"}),
    "a resource in a trust policy": (
        "E3530",
        ROLE,
        {"Principal": {"Service": "pipes.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ),
}


def bad(name: str) -> Document:
    _, type_, changed = BAD[name]
    statement = {"Effect": "Allow", "Action": ["kinesis:PutRecord"], "Resource": [STREAM]} | changed
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return Document(name, type_, "assumeRolePolicy" if type_ == ROLE else "policy", text)


@pytest.fixture(scope="module")
def graphs(record: Record) -> list[Graph]:
    return [record(stack, {"captureMode": mode, **CHOSEN}) for stack, mode in CHOICES]


@pytest.fixture(scope="module")
def policies(graphs: list[Graph]) -> list[Document]:
    return list(dict.fromkeys(document for graph in graphs for document in documents(graph)))


@pytest.fixture(scope="module")
def deployers(graphs: list[Graph]) -> list[Document]:
    """Permissions to deploy: components.explain --permissions."""
    allowed = [policy for graph in graphs for policy in permissions.policies(graph, "eu-west-1")]
    return [
        Document(f"deployer {index}", ROLE_POLICY, "policy", json.dumps(policy)) for index, policy in enumerate(allowed)
    ]


@pytest.fixture(scope="module")
def definitions(graphs: list[Graph]) -> list[Document]:
    return list(dict.fromkeys(document for graph in graphs for document in machines(graph)))


@pytest.fixture(scope="module")
def spoiled(definitions: list[Document]) -> Document:
    """A stack's definition in which a task has lost its resource."""
    machine = json.loads(definitions[0].text)
    del machine["States"]["Merge"]["Resource"]
    return Document("no resource", *MACHINE, json.dumps(machine))


@pytest.fixture(scope="module")
def findings(
    policies: list[Document],
    deployers: list[Document],
    definitions: list[Document],
    spoiled: Document,
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Finding]:
    """What the linter says of all documents, the bad ones among them: it takes its time to start, so it starts once."""
    given = [*policies, *deployers, *definitions, *map(bad, BAD), spoiled]
    return lint(given, tmp_path_factory.mktemp("lint"))


def test_the_linter_finds_nothing_that_is_not_accepted(
    policies: list[Document], deployers: list[Document], findings: list[Finding]
) -> None:
    assert [
        finding
        for finding in findings
        if finding.document in (*policies, *deployers) and (finding.rule, finding.document.name) not in ACCEPTED
    ] == []


def test_the_linter_finds_nothing_in_a_state_machine_and_something_in_a_spoiled_one(
    definitions: list[Document], spoiled: Document, findings: list[Finding]
) -> None:
    """By the schema of the Amazon States Language that cfn-lint has, and the states that are named."""
    assert len(definitions) >= len(STACKS)
    assert [finding for finding in findings if finding.document in definitions] == []
    assert "E3601" in {finding.rule for finding in findings if finding.document == spoiled}


def test_a_condition_is_one_that_the_request_carries(policies: list[Document]) -> None:
    assert [finding for document in policies for finding in unknown_conditions(document)] == []


def test_what_is_accepted_is_still_found(findings: list[Finding]) -> None:
    assert set(ACCEPTED) <= {(finding.rule, finding.document.name) for finding in findings}
    assert all(ACCEPTED.values())


@pytest.mark.parametrize("name", BAD)
def test_the_linter_is_alive(name: str, findings: list[Finding]) -> None:
    found = {finding.rule for finding in findings if finding.document == bad(name)}
    assert BAD[name][0] in found


@pytest.mark.parametrize(
    ("action", "key", "carried"),
    [
        ("kms:Decrypt", "kms:ViaService", True),
        ("kms:Decrypt", "kms:GranteePrincipal", False),
        ("kms:Decrypt", "kms:ViaServices", False),
        ("kms:Decrypt", "aws:SourceArn", True),
    ],
)
def test_a_condition_that_the_request_never_carries_is_found(action: str, key: str, carried: bool) -> None:
    statement = {"Action": [action], "Resource": [KEY], "Condition": {"StringEquals": {key: "x"}}}
    document = Document("one", ROLE_POLICY, "policy", json.dumps({"Statement": [statement]}))
    assert (not list(unknown_conditions(document))) is carried


def test_every_document_that_there_is_was_read(graphs: list[Graph], policies: list[Document]) -> None:
    """A policy with another name, or of a resource that the linter does not receive, would be missed."""
    assert {(document.type, document.input) for document in policies} == set(KINDS)
    carrying = {resource.type for graph in graphs for resource in graph.resources if "policy" in resource.type.lower()}
    assert carrying <= {document.type for document in policies} | {"aws:appautoscaling/policy:Policy"}
