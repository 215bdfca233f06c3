"""A permission as a value: principal, actions, resources, conditions. It becomes a policy statement."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi

from components.json_text import json_text

_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z0-9]+")

Effect = Literal["Allow", "Deny"]


@dataclass(frozen=True)
class Condition:
    """A condition of a statement: `Condition("StringEquals", "aws:SourceAccount", account)`."""

    operator: str
    key: str
    value: pulumi.Input[str]


@dataclass(frozen=True)
class Principal:
    """The principal of a resource policy: an AWS service, an account, or everyone ("*")."""

    kind: Literal["Service", "AWS"]
    value: pulumi.Input[str]


EVERYBODY = Principal("AWS", "*")

EVENTS = Principal("Service", "events.amazonaws.com")
"""EventBridge, which sends a rule's events to a queue."""

ANY = "*"
"""The resource of the few actions without resource-level permissions (Service Authorization Reference)."""


@dataclass(frozen=True)
class Permission:
    """Actions on resources under conditions; only a resource policy has a `principal`.

    A wildcard in an action raises ValueError, except in a denial, which may deny a whole service.
    """

    actions: tuple[str, ...]
    resources: tuple[pulumi.Input[str], ...]
    conditions: tuple[Condition, ...] = ()
    principal: Principal | None = None
    effect: Effect = "Allow"
    sid: str = ""

    def __post_init__(self) -> None:
        if not self.actions or not self.resources:
            raise ValueError("a permission needs an action and a resource")
        for action in self.actions:
            if not _ACTION.fullmatch(action) and not (self.effect == "Deny" and action.endswith(":*")):
                raise ValueError(f"{action!r} is not one action of one service")


def policy(permissions: Sequence[Permission]) -> pulumi.Output[str]:
    """The policy document of these permissions, as JSON text."""
    return json_text({"Version": "2012-10-17", "Statement": [_statement(permission) for permission in permissions]})


def trust(service: str, conditions: Sequence[Condition]) -> pulumi.Output[str]:
    """Return the trust policy that allows an AWS service, under conditions, to assume a role."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        "Condition": _conditions(conditions),
    }
    return json_text({"Version": "2012-10-17", "Statement": [statement]})


def tls_only(actions: str, *resources: pulumi.Input[str]) -> Permission:
    """Deny everyone these actions over a connection without TLS."""
    insecure = Condition("Bool", "aws:SecureTransport", "false")
    return Permission((actions,), resources, (insecure,), EVERYBODY, "Deny")


def _statement(permission: Permission) -> dict[str, object]:
    statement: dict[str, object] = {
        "Effect": permission.effect,
        "Action": list(permission.actions),
        "Resource": list(permission.resources),
    }
    if permission.sid:
        statement["Sid"] = permission.sid
    if permission.principal:
        who = permission.principal
        statement["Principal"] = "*" if who == EVERYBODY else {who.kind: who.value}
    if permission.conditions:
        statement["Condition"] = _conditions(permission.conditions)
    return statement


def _conditions(conditions: Sequence[Condition]) -> dict[str, dict[str, object]]:
    document: dict[str, dict[str, object]] = {}
    for condition in conditions:
        document.setdefault(condition.operator, {})[condition.key] = condition.value
    return document
