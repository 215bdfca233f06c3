"""IAM: the size and principals of policies, and the elements that a trust policy must have. moto checks the rest.

rules/iam of badmintoncryer/cdk-preflight,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, whose
sentences are those of aws-amplify/amplify-cli issue 1699 and
cloudposse/terraform-aws-components ("Known Problems" of aws-teams). Elements:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html;
their sentences: AWSCookbook/Security issue 2, and the tests of IAM of versity/versitygw.
"""

from __future__ import annotations

import json
import re
from typing import Any

from sandbox.front.reply import ServiceError
from sandbox.refusals.given import Fields, fields, listed
from sandbox.refusals.registry import Asked, refuses

_LARGEST_INLINE = 10_240
_LARGEST_TRUST = 2_048


@refuses("iam", "PutRolePolicy")
def inline_size(asked: Asked) -> ServiceError | None:
    """Refuse an inline policy of more than 10,240 characters; AWS's limit is for all of a role's policies."""
    if _size(asked.get("PolicyDocument")) <= _LARGEST_INLINE:
        return None
    sentence = f"Maximum policy size of {_LARGEST_INLINE} bytes exceeded for role {asked.get('RoleName')}"
    return ServiceError("LimitExceeded", sentence, status=409)


@refuses("iam", "PutRolePolicy")
def nobody(asked: Asked) -> ServiceError | None:
    """Refuse a principal in a role's policy."""
    statements = _statements(asked.get("PolicyDocument"))
    if any("Principal" in statement or "NotPrincipal" in statement for statement in statements):
        return ServiceError("MalformedPolicyDocument", "Policy document should not specify a principal.")
    return None


@refuses("iam", "CreateRole")
def trust(asked: Asked) -> ServiceError | None:
    """Refuse a trust policy that is not a JSON object of statements, each with a principal."""
    return _malformed_trust(asked.get("AssumeRolePolicyDocument"))


@refuses("iam", "UpdateAssumeRolePolicy")
def changed_trust(asked: Asked) -> ServiceError | None:
    """Refuse an updated trust policy that is not a JSON object of statements, each with a principal."""
    return _malformed_trust(asked.get("PolicyDocument"))


@refuses("iam", "CreateRole")
def trusted(asked: Asked) -> ServiceError | None:
    """Refuse a resource in a trust policy."""
    if any("Resource" in statement for statement in _statements(asked.get("AssumeRolePolicyDocument"))):
        return ServiceError("MalformedPolicyDocument", "Has prohibited field Resource")
    return None


@refuses("iam", "CreateRole")
def trust_size(asked: Asked) -> ServiceError | None:
    """Refuse a trust policy of more than 2,048 characters, the default quota."""
    return _too_large_trust(asked.get("AssumeRolePolicyDocument"))


@refuses("iam", "UpdateAssumeRolePolicy")
def changed_trust_size(asked: Asked) -> ServiceError | None:
    """Refuse an updated trust policy of more than 2,048 characters."""
    return _too_large_trust(asked.get("PolicyDocument"))


def _too_large_trust(document: str | None) -> ServiceError | None:
    if _size(document) <= _LARGEST_TRUST:
        return None
    return ServiceError("LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {_LARGEST_TRUST}", status=409)


def _malformed_trust(text: str | None) -> ServiceError | None:
    try:
        document: Any = json.loads(text or "")
    except ValueError:
        document = None
    sentence = None
    if not isinstance(document, dict):
        sentence = "This policy contains invalid Json"
    elif "Statement" not in document:
        sentence = "Missing required field Statement"
    elif not document["Statement"]:
        sentence = "Could not parse the policy: Statement is empty!"
    elif any("Principal" not in one and "NotPrincipal" not in one for one in _statements(text)):
        sentence = "Missing required field Principal"
    return ServiceError("MalformedPolicyDocument", sentence) if sentence else None


def _statements(document: str | None) -> list[Fields]:
    """A document's statements; empty if it is not JSON, which moto reports."""
    try:
        return listed(fields(json.loads(document or "{}")).get("Statement"))
    except ValueError:
        return []


def _size(document: str | None) -> int:
    """A document's size in IAM's count, without white space."""
    return len(re.sub(r"\s", "", document or ""))
