"""A service's role: its trust policy and its permissions."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.permission import Condition, Permission, policy, trust
from components.settings import PROJECT
from components.stage import Stage


class ServiceRole(pulumi.ComponentResource):
    """An IAM role that one AWS service assumes for a stage, with one inline policy.

    A resource that uses the role must also wait for the policy: a service checks the permissions when the resource is
    created. So depend on this component, which is ready when both of its children are. Exports `arn`.
    """

    arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        stage: Stage,
        part: str,
        *,
        service: str,
        conditions: Sequence[Condition],
        permissions: Sequence[Permission],
    ) -> None:
        super().__init__(f"{PROJECT}:pipeline:Role", name, None, stage.child())
        context = stage.context
        role = aws.iam.Role(
            name,
            aws.iam.RoleArgs(
                name=context.names(f"{part}-role"),
                description=f"Assumed by {service} for the {part} of {context.names.prefix} {context.names.stack}"[
                    :1000
                ],
                assume_role_policy=trust(service, conditions),
                tags=stage.tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        aws.iam.RolePolicy(
            name,
            aws.iam.RolePolicyArgs(name=part, role=role.name, policy=policy(permissions)),
            pulumi.ResourceOptions(parent=self),
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})
