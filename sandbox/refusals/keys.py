"""KMS: rules of a key's policy and alias.

rules/kms of badmintoncryer/cdk-preflight,
https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
"""

from __future__ import annotations

import fnmatch
import json

from sandbox.front.reply import ServiceError
from sandbox.refusals.given import Fields, fields, listed, texts
from sandbox.refusals.registry import Asked, refuses
from sandbox.state import ACCOUNT_ID

_FIELDS = {
    "Principal": "Policy contains a statement with no principal.",
    "Action": "Missing required field Action",
    "Resource": "Missing required field Resource",
}


@refuses("kms", "CreateKey", "PutKeyPolicy")
def policy(asked: Asked) -> ServiceError | None:
    """Refuse a policy that is incomplete, or that no principal of the account can change."""
    text = asked.get("Policy")
    if not text:
        return None
    try:
        statements = listed(json.loads(text)["Statement"])
    except (KeyError, TypeError, ValueError):
        return _malformed("This policy contains invalid Json")
    for statement in statements:
        for field, sentence in _FIELDS.items():
            if field not in statement and f"Not{field}" not in statement:
                return _malformed(sentence)
    if not asked.get("BypassPolicyLockoutSafetyCheck") and not any(_changes_policy(one) for one in statements):
        return _malformed("The new key policy will not allow you to update the key policy in the future.")
    return None


@refuses("kms", "CreateAlias")
def alias(asked: Asked) -> ServiceError | None:
    """Refuse an alias that does not start with alias/, or starts with the reserved alias/aws/."""
    name = str(asked.get("AliasName") or "")
    if not name.startswith("alias/"):
        return ServiceError(
            "ValidationException",
            'Alias must start with the prefix "alias/". Please see '
            "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
        )
    if name.lower().startswith("alias/aws/"):
        return ServiceError(
            "NotAuthorizedException", "The alias name for a customer managed CMK cannot begin with alias/aws/."
        )
    return None


def _changes_policy(statement: Fields) -> bool:
    """Return whether a statement allows a principal of this account to change the policy."""
    if statement.get("Effect") != "Allow":
        return False
    if "NotPrincipal" in statement or "NotAction" in statement:
        return True
    principal = statement["Principal"]
    who = [principal] if isinstance(principal, str) else texts(fields(principal).get("AWS"))
    ours = any(one in ("*", ACCOUNT_ID) or f"::{ACCOUNT_ID}:" in one for one in who)
    return ours and any(fnmatch.fnmatchcase("kms:PutKeyPolicy", action) for action in texts(statement["Action"]))


def _malformed(sentence: str) -> ServiceError:
    return ServiceError("MalformedPolicyDocumentException", sentence)
