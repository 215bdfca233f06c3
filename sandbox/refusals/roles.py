"""Roles that a service assumes. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html"""

from __future__ import annotations

import json
from typing import Any

from moto.iam.models import iam_backends

from sandbox.refusals.given import Fields, fields, listed, texts
from sandbox.state import ACCOUNT_ID


def can_assume(service: str, arn: str) -> bool:
    """Return whether a role exists and trusts a service, such as "firehose.amazonaws.com"; conditions are ignored."""
    backend: Any = iam_backends[ACCOUNT_ID]["aws"]
    role: Any = next((each for each in backend.roles.values() if each.arn == arn), None)
    if role is None:
        return False
    document: Any = role.assume_role_policy_document
    given = fields(json.loads(document) if isinstance(document, str) else document)
    return any(_trusts(statement, service) for statement in listed(given.get("Statement")))


def _trusts(statement: Fields, service: str) -> bool:
    principal = statement.get("Principal")
    return statement.get("Effect") == "Allow" and service in texts(fields(principal).get("Service"))
