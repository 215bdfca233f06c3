"""Which settings a deployed stack can no longer change.

Some settings decide the form of stored data. A change of one on a stack that has data would lose or hide the data, and
no plan of the engine shows that: the engine sees a property change, not the rows behind it. So the program exports what
it was last deployed with as an output (`made_with`), reads it at the start of the next run, and refuses a change that
cannot be undone before it registers a resource.

The outputs are the engine's record of the last update that finished, with any backend; a stack that was never deployed,
or that was destroyed, has none. They are read like those of a stack reference, from the stack itself.
https://www.pulumi.com/docs/iac/concepts/stacks/#stackreferences
pulumi/pulumi: pkg/resource/deploy/builtins.go (readStackOutputs), pkg/backend/backend.go (GetStackOutputs)
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self, cast

import pulumi
import pulumi_aws as aws

from components.settings import Settings, SettingsError

OUTPUT = "made_with"
"""The stack output that records what the stack was made with."""

READ_OUTPUTS = "pulumi:pulumi:readStackOutputs"
"""The engine's function that returns a stack's outputs of its last update."""

_HALF_WRITTEN = "failed to load checkpoint"
_PAUSES_S = (0.05, 0.1, 0.2, 0.4, 0.8)


@dataclass(frozen=True, kw_only=True)
class MadeWith:
    """The properties of a deployment that its stored data depends on.

    `named_after` is part of every physical name: the stack's name at its first deployment, so that a renamed stack
    keeps its resources. `account` (12 digits) and `region` locate them.
    """

    named_after: str
    account: str
    region: str
    lake_format: str
    table_capacity: str
    customer_managed_keys: bool

    @classmethod
    def of(cls, settings: Settings, before: MadeWith | None) -> Self:
        """Return what the program would deploy now, with the account and the region of the provider's credentials.

        Raises RunError when the provider has no credentials, or AWS does not accept them.
        """
        try:
            account, region = aws.get_caller_identity().account_id, aws.get_region().region
        except Exception as error:  # the SDK raises no narrower type (pulumi/runtime/invoke.py)
            reason = " ".join(str(error).split()).rpartition("returned an error: ")[2].rstrip(".")
            raise pulumi.RunError(
                f"AWS does not say which account this is ({reason}): give the provider credentials that AWS accepts, "
                "with AWS_PROFILE, aws:profile or `aws sso login`; `aws sts get-caller-identity` shows whose they are."
            ) from None
        return cls(
            named_after=before.named_after if before else pulumi.get_stack(),
            account=account,
            region=region,
            lake_format=settings.lake_format,
            table_capacity=settings.table_capacity,
            customer_managed_keys=settings.customer_managed_keys,
        )

    def output(self) -> Mapping[str, str | bool]:
        """The value of the stack output; `deployed` parses it."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def deployed() -> MadeWith | None:
    """Read what the last finished update deployed; None for an empty stack."""
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    answer = cast("Mapping[str, Any] | None", _outputs_of(name))
    outputs: Mapping[str, Any] = (answer or {}).get("outputs") or {}
    made = outputs.get(OUTPUT)
    return MadeWith(**{field: made[field] for field in MadeWith.__dataclass_fields__}) if made else None


def _outputs_of(name: str) -> object:
    """Return the engine's outputs of a stack; retry while the engine writes the stack's state.

    A file backend replaces a checkpoint in place, so a concurrent read can see a partial file ("failed to load
    checkpoint: EOF", seen with pulumi 3.274 at the first update of a stack).
    """
    for pause_s in _PAUSES_S:
        try:
            return pulumi.runtime.invoke(READ_OUTPUTS, {"name": name}).value
        except Exception as error:  # the SDK raises no narrower type (pulumi/runtime/invoke.py)
            if _HALF_WRITTEN not in str(error):
                raise
            time.sleep(pause_s)
    return pulumi.runtime.invoke(READ_OUTPUTS, {"name": name}).value


def check(before: MadeWith | None, now: MadeWith) -> None:
    """Refuse what cannot be changed in place; raise SettingsError with the alternative."""
    for complaint in _complaints(before, now) if before else ():
        raise SettingsError(complaint)


def _complaints(before: MadeWith, now: MadeWith) -> Iterator[str]:
    if (now.account, now.region) != (before.account, before.region):
        yield (
            f"The stack is in account {before.account}, region {before.region}, but the credentials and aws:region are "
            f"of account {now.account}, region {now.region}: use those of the stack, or create another stack there "
            "with pulumi stack init."
        )
    if now.lake_format != before.lake_format:
        yield (
            f"lakeFormat is {now.lake_format}, but the lake's rows are in {before.lake_format}, and a table has one "
            f"format for all its files (Athena would fail with HIVE_BAD_DATA): set it to {before.lake_format}, or "
            "create a stack with the other format and backfill it."
        )
    if before.customer_managed_keys and not now.customer_managed_keys:
        yield (
            "customerManagedKeys is false, but the stack's data is encrypted with its customer-managed key and would "
            "be unreadable without it: set it to true, or create a stack without a key and copy the table's items "
            "there."
        )
