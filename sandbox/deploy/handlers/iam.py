"""IAM roles and their policies."""

from __future__ import annotations

import json
from typing import Any

from sandbox.deploy.inputs import Inputs
from sandbox.deploy.registry import Created, New, handles
from sandbox.errors import SandboxError


def document(inputs: Inputs, name: str) -> str:
    """A policy document, as JSON text or as an object; raises SandboxError for other values."""
    value = inputs.take(name)
    if isinstance(value, dict):
        return json.dumps(value)
    try:
        json.loads(value)
    except (TypeError, ValueError):
        raise SandboxError(f"{inputs.path(name)} must be a policy document in JSON") from None
    return value


@handles("aws:iam/role:Role")
def role(new: New) -> Created:
    """Create a role with its trust policy, its inline policies and its attached managed policies."""
    inputs = new.inputs
    name = new.physical_name()
    trust = document(inputs, "assumeRolePolicy")
    created = new.create("iam", "create_role", RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
    for policy in inputs.blocks("inlinePolicies"):
        _put_policy(new, name, policy.require("name"), document(policy, "policy"))
    for arn in inputs.strings("managedPolicyArns"):
        new.call("iam", "attach_role_policy", RoleName=name, PolicyArn=arn)
    outputs: dict[str, Any] = {
        "name": name,
        "arn": created["Arn"],
        "uniqueId": created["RoleId"],
        "createDate": created["CreateDate"].isoformat(),
        "path": created["Path"],
    }
    return Created(name, outputs)


@handles("aws:iam/rolePolicy:RolePolicy")
def role_policy(new: New) -> Created:
    """Create a role's inline policy."""
    role_name, name = new.inputs.require("role"), new.physical_name()
    _put_policy(new, role_name, name, document(new.inputs, "policy"))
    return Created(f"{role_name}:{name}", {"name": name})


@handles("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
def role_policy_attachment(new: New) -> Created:
    """Attach a managed policy to a role."""
    role_name, arn = new.inputs.require("role"), new.inputs.require("policyArn")
    new.call("iam", "attach_role_policy", RoleName=role_name, PolicyArn=arn)
    return Created(f"{role_name}-{arn}")


def _put_policy(new: New, role_name: str, name: str, policy: str) -> None:
    new.call("iam", "put_role_policy", RoleName=role_name, PolicyName=name, PolicyDocument=policy)
