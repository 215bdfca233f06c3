"""What every stage is given, and what every stage is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.continuity import MadeWith
from components.naming import BUCKET_LIMIT, Names
from components.permission import Condition, Permission
from components.settings import PROJECT, Settings
from transform.schema import Table

_ACCOUNT_DIGITS = 12


@dataclass(frozen=True)
class Site:
    """Where and for whom a stage is built: the settings, the schema, the names, the account, the key.

    `key_arn` is the customer-managed key's, or None where AWS's own keys do.
    `before` is what the stack was made with by its last update; None for a new one.
    """

    settings: Settings
    table: Table
    names: Names
    account_id: pulumi.Output[str]
    region: pulumi.Output[str]
    partition: pulumi.Output[str]
    key_arn: pulumi.Output[str] | None = None
    before: MadeWith | None = None

    @classmethod
    def of_stack(cls, settings: Settings, table: Table, before: MadeWith | None = None) -> Site:
        """The current stack's site, in the provider's account and region."""
        return cls(
            settings=settings,
            table=table,
            names=Names(f"{table.entity.replace('_', '-')}-cdc", before.named_after if before else pulumi.get_stack()),
            account_id=aws.get_caller_identity_output().account_id,
            region=aws.get_region_output().region,
            partition=aws.get_partition_output().partition,
            before=before,
        )

    def arn(self, service: str, resource: pulumi.Input[str]) -> pulumi.Output[str]:
        """The ARN of a resource of this account and region."""
        return pulumi.Output.format(
            "arn:{}:{}:{}:{}:{}", self.partition, service, self.region, self.account_id, resource
        )

    def bucket_name(self, part: str) -> pulumi.Output[str]:
        """The name of a bucket, which is the whole world's: the account's number makes it ours."""
        return pulumi.Output.concat(self.names(part, BUCKET_LIMIT - _ACCOUNT_DIGITS - 1), "-", self.account_id)

    def tags(self, stage: str) -> Mapping[str, str]:
        """The tags of a stage's resources."""
        return {"Project": PROJECT, "Stack": self.names.stack, "Stage": stage}

    def from_source(self, source_arn: pulumi.Input[str]) -> tuple[Condition, ...]:
        """The conditions that keep a service from acting for anybody but this one resource of ours."""
        return (
            Condition("StringEquals", "aws:SourceAccount", self.account_id),
            Condition("ArnLike", "aws:SourceArn", source_arn),
        )

    def for_this_account(self) -> tuple[Condition, ...]:
        """The condition that keeps a service to this account, wherever it says for whom it acts.

        For a service that assumes a role and whose documentation promises neither
        aws:SourceAccount nor aws:SourceArn: a request without the key passes, so that
        the role can always be assumed; one that names another account does not.
        """
        return (Condition("StringEqualsIfExists", "aws:SourceAccount", self.account_id),)

    def key_use(self, service: str, *, read: bool = True, write: bool = True) -> Sequence[Permission]:
        """The use of the customer-managed key through a service of this region, where there is such a key."""
        if self.key_arn is None:
            return ()
        actions = (("kms:Decrypt",) if read else ()) + (("kms:GenerateDataKey",) if write else ())
        via = Condition(
            "StringEquals", "kms:ViaService", pulumi.Output.format("{}.{}.amazonaws.com", service, self.region)
        )
        return (Permission(actions, (self.key_arn,), (via,)),)


class Stage(pulumi.ComponentResource):
    """A component resource of the pipeline; its children are parented to it and tagged with its kind."""

    def __init__(self, kind: str, name: str, site: Site, opts: pulumi.ResourceOptions | None) -> None:
        super().__init__(f"{PROJECT}:pipeline:{kind}", name, None, opts)
        self.name = name
        self.site = site
        self.tags = site.tags(kind.lower())

    def child(
        self,
        depends_on: Sequence[pulumi.Resource] = (),
        *,
        protect: bool = False,
        ignore_changes: Sequence[str] = (),
        retain_on_delete: bool = False,
    ) -> pulumi.ResourceOptions:
        """The options of a child."""
        return pulumi.ResourceOptions(
            parent=self,
            depends_on=list(depends_on),
            protect=protect or None,
            ignore_changes=list(ignore_changes),
            retain_on_delete=retain_on_delete or None,
        )
