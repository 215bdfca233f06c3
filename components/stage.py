"""The context of the stages, and their base class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.continuity import MadeWith
from components.naming import BUCKET_LIMIT, Names
from components.permission import Condition, Permission
from components.settings import PROJECT, Settings
from transform.schema import LakeTable

_ACCOUNT_DIGITS = 12


@dataclass(frozen=True)
class Context:
    """The context of a stage: the settings, the schema, the names, the account, the key.

    `key_arn` is the customer-managed key's, or None for AWS's own keys. `before` has the properties of the last update;
    None for a new stack.
    """

    settings: Settings
    table: LakeTable
    names: Names
    account_id: pulumi.Output[str]
    region: pulumi.Output[str]
    partition: pulumi.Output[str]
    key_arn: pulumi.Output[str] | None = None
    before: MadeWith | None = None

    @classmethod
    def of_stack(cls, settings: Settings, table: LakeTable, before: MadeWith | None = None) -> Context:
        """The current stack's context, in the provider's account and region."""
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
        """The name of a bucket, which is global: the account ID makes it unique."""
        return pulumi.Output.concat(self.names(part, BUCKET_LIMIT - _ACCOUNT_DIGITS - 1), "-", self.account_id)

    def tags(self, stage: str) -> Mapping[str, str]:
        """The tags of a stage's resources."""
        return {"Project": PROJECT, "Stack": self.names.stack, "Stage": stage}

    def from_source(self, source_arn: pulumi.Input[str]) -> tuple[Condition, ...]:
        """The conditions that restrict a service to acting for this one resource of the account."""
        return (
            Condition("StringEquals", "aws:SourceAccount", self.account_id),
            Condition("ArnLike", "aws:SourceArn", source_arn),
        )

    def for_this_account(self) -> tuple[Condition, ...]:
        """The condition that restricts a service to this account, if its request names a source account.

        For a service that assumes a role and whose documentation promises neither aws:SourceAccount nor aws:SourceArn:
        a request without the key passes, so the role can always be assumed; a request that names another account is
        denied.
        """
        return (Condition("StringEqualsIfExists", "aws:SourceAccount", self.account_id),)

    def key_use(self, service: str, *, read: bool = True, write: bool = True) -> Sequence[Permission]:
        """The permission to use the customer-managed key, if any, through a service of this region."""
        if self.key_arn is None:
            return ()
        actions = (("kms:Decrypt",) if read else ()) + (("kms:GenerateDataKey",) if write else ())
        via = Condition(
            "StringEquals", "kms:ViaService", pulumi.Output.format("{}.{}.amazonaws.com", service, self.region)
        )
        return (Permission(actions, (self.key_arn,), (via,)),)


class Stage(pulumi.ComponentResource):
    """A component resource of the pipeline; its children are parented to it and tagged with its kind."""

    def __init__(self, kind: str, name: str, context: Context, opts: pulumi.ResourceOptions | None) -> None:
        super().__init__(f"{PROJECT}:pipeline:{kind}", name, None, opts)
        self.name = name
        self.context = context
        self.tags = context.tags(kind.lower())

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
