"""A service's role: who may assume it, and exactly what it may do."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.permission import Condition, Permission, policy, trust
from components.stage import Site, Stage


class ServiceRole(Stage):
    """An IAM role that one AWS service assumes, with one inline policy.

    What uses the role must wait for the policy too: a service checks its
    permissions when it is created, so depend on this component, which is ready
    when both of its children are. `arn` and `name_of_role` are the role's.
    """

    arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        site: Site,
        part: str,
        *,
        service: str,
        conditions: Sequence[Condition],
        permissions: Sequence[Permission],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("Role", name, site, opts)
        role = aws.iam.Role(
            name,
            aws.iam.RoleArgs(
                name=site.names(f"{part}-role"),
                description=f"Assumed by {service} for the {part} of {site.names.prefix} {site.names.stack}"[:1000],
                assume_role_policy=trust(service, conditions),
                tags=self.tags,
            ),
            self.child(),
        )
        aws.iam.RolePolicy(
            name,
            aws.iam.RolePolicyArgs(name=part, role=role.name, policy=policy(permissions)),
            self.child(),
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})
