"""The permissions for `pulumi up`, `refresh` and `destroy` of a stack, as IAM policies.

    python -m components.explain --stack dev --permissions

The actions of each type come from `grants`, the resources from the stack's names, so the policies cover no other stack.
A customer managed policy has at most 6,144 characters without white space, so there can be several (IAM and AWS STS
quotas,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from components.explain.grants import GRANTS
from components.explain.graph import ACCOUNT_ID, REGION, Graph, Resource

POLICY_LIMIT = 6144
_PARTITION = "aws"
_ROLE, _TARGET = "aws:iam/role:Role", "aws:appautoscaling/target:Target"
_NATIVE = "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination"
_INSIGHTS = "aws:dynamodb/contributorInsights:ContributorInsights"

# Service-linked roles, which AWS creates when the first resource needs them.
# https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-service-linked-roles.html
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds-using-shards-and-metrics.html
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Contributor_Insights_IAM.html
SERVICE_LINKED_ROLES: Mapping[str, str] = {
    _TARGET: "dynamodb.application-autoscaling.amazonaws.com",
    _NATIVE: "kinesisreplication.dynamodb.amazonaws.com",
    _INSIGHTS: "contributorinsights.dynamodb.amazonaws.com",
}

Statement = dict[str, Any]


def policies(graph: Graph, region: str) -> list[dict[str, Any]]:
    """The policies for a stack's graph in a region, each small enough for a managed policy.

    The account ID is *: an identity policy only covers its own account. A type without an entry in `grants` is omitted;
    `unknown` names it.
    """
    filled: list[list[Statement]] = [[]]
    for statement in _statements(graph, region):
        if _size([*filled[-1], statement]) > POLICY_LIMIT:
            filled.append([])
        filled[-1].append(statement)
    return [_policy(statements) for statements in filled]


def unknown(graph: Graph) -> list[str]:
    """The AWS types without an entry in `grants`."""
    types = {one.type for one in graph.resources if one.custom and one.type.startswith("aws:")}
    return sorted(types - GRANTS.keys())


def _policy(statements: list[Statement]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


def _size(statements: list[Statement]) -> int:
    return len(json.dumps(_policy(statements), separators=(",", ":")))


def _statements(graph: Graph, region: str) -> Iterator[Statement]:
    anywhere: set[str] = set()
    for service, actions, arns in _by_service(graph, region):
        yield _allow(service, actions, arns)
    for resource in graph.resources:
        anywhere.update(GRANTS[resource.type].anywhere if resource.type in GRANTS else ())
    if anywhere:
        yield _allow("Anywhere", anywhere, {"*"})
    roles = graph.of(_ROLE)
    if roles:
        arns = _merged({f"arn:{_PARTITION}:iam::*:role/{role.inputs['name']}" for role in roles})
        services = sorted({service for role in roles for service in _trusted(role)})
        passed = {"StringEquals": {"iam:PassedToService": services}}
        yield {**_allow("PassRoles", {"iam:PassRole"}, arns), "Condition": passed}
    linked = sorted(name for type_, name in SERVICE_LINKED_ROLES.items() if graph.of(type_))
    if linked:
        role = {f"arn:{_PARTITION}:iam::*:role/aws-service-role/*"}
        condition = {"StringEquals": {"iam:AWSServiceName": linked}}
        yield {**_allow("ServiceLinkedRoles", {"iam:CreateServiceLinkedRole"}, role), "Condition": condition}


def _by_service(graph: Graph, region: str) -> Iterator[tuple[str, set[str], set[str]]]:
    """For each service: a name for the statement, its actions, and the ARNs of the stack's resources."""
    actions: dict[str, set[str]] = {}
    arns: dict[str, set[str]] = {}
    for resource in graph.resources:
        if grant := GRANTS.get(resource.type):
            for action in grant.actions:
                service = action.partition(":")[0]
                actions.setdefault(service, set()).add(action)
                arns.setdefault(service, set()).update(
                    arn for arn in (_filled(one, resource, region) for one in grant.arns) if _of(arn, service)
                )
    for service in sorted(actions):
        yield service.title().replace("-", ""), actions[service], _merged(arns[service])


def _of(arn: str, service: str) -> bool:
    return arn.split(":")[2] == service


def _filled(template: str, resource: Resource, region: str) -> str:
    inputs = resource.inputs
    bus, rule = inputs.get("eventBusName", ""), inputs.get("rule", inputs.get("name", ""))
    known = {
        **inputs,
        "partition": _PARTITION,
        "region": region,
        "account": "*",
        "busAndRule": f"{bus}/{rule}" if bus else rule,
        "queueName": str(inputs.get("queueUrl", "")).rpartition("/")[2],
    }
    arn = template.format_map(known)
    return arn.replace(f":{REGION}:{ACCOUNT_ID}:", f":{region}:*:").replace(ACCOUNT_ID, "*")


def _merged(arns: set[str]) -> set[str]:
    """The ARNs; those that differ only at the end of the name become one pattern, which still starts with the stack's
    prefix.
    """
    alike: dict[tuple[str, str], list[str]] = {}
    for arn in arns:
        name, suffix = (arn[:-2], arn[-2:]) if arn.endswith(("/*", ":*")) else (arn, "")
        head = re.match(r".*[/:]", name)
        alike.setdefault((head.group() if head else "", suffix), []).append(name)
    merged = {f"{one}{suffix}" for (head, suffix), names in alike.items() for one in _common(head, names)}
    return {arn for arn in merged if not any(arn != other and _covers(other, arn) for other in merged)}


def _common(head: str, names: list[str]) -> list[str]:
    common = os.path.commonprefix(names)  # noqa: RUF071 - it is the characters that are meant
    return [f"{common}*"] if len(names) > 1 and len(common) > len(head) else names


def _covers(pattern: str, arn: str) -> bool:
    return pattern.endswith("*") and arn.startswith(pattern[:-1])


def _trusted(role: Resource) -> Iterator[str]:
    document = json.loads(role.inputs["assumeRolePolicy"])
    for statement in cast("list[dict[str, Any]]", document["Statement"]):
        service = statement["Principal"]["Service"]
        yield from [service] if isinstance(service, str) else service


def _allow(name: str, actions: set[str], arns: set[str]) -> Statement:
    return {"Sid": name, "Effect": "Allow", "Action": sorted(actions), "Resource": sorted(arns)}
