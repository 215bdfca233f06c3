"""What a stack is already made with, and which choices it can therefore no longer change.

Some settings decide in what form data rests. Changing one on a stack that holds
data would lose the data or hide it, and no plan of the engine says so: it sees a
property change, not the rows behind it. So the program writes down in an output
(`made_with`) what it was last deployed with, reads it again at the start of the
next run, and refuses, before the first resource, what could not be undone.

The outputs are the engine's own record of the last update that came to its end,
whatever the backend; a stack that was never deployed, or that was destroyed, has
none. They are read as a stack reference reads them, from the stack itself.
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
"""The stack output that carries what the stack was made with."""

READ_OUTPUTS = "pulumi:pulumi:readStackOutputs"
"""The engine's own function that answers a stack's outputs of its last update."""

_HALF_WRITTEN = "failed to load checkpoint"
_PAUSES_S = (0.05, 0.1, 0.2, 0.4, 0.8)


@dataclass(frozen=True, kw_only=True)
class MadeWith:
    """What of a deployment the data that rests in it depends on.

    `named_after` stands in every physical name: the stack's name when it was first
    deployed, so that renaming the stack renames no resource. `account` (12 digits)
    and `region` say where they are.
    """

    named_after: str
    account: str
    region: str
    lake_format: str
    table_capacity: str
    customer_managed_keys: bool

    @classmethod
    def of(cls, settings: Settings, before: MadeWith | None) -> Self:
        """What the program would make now, with the account and the region of the provider's credentials.

        RunError when the provider cannot be asked: it has no credentials, or AWS does not accept them.
        """
        try:
            account, region = aws.get_caller_identity().account_id, aws.get_region().region
        except Exception as error:  # the SDK raises nothing narrower (pulumi/runtime/invoke.py)
            reason = " ".join(str(error).split()).rpartition("returned an error: ")[2].rstrip(".")
            raise pulumi.RunError(
                f"AWS did not say which account this is ({reason}): give the provider credentials that AWS accepts, by "
                "AWS_PROFILE, aws:profile or `aws sso login`; `aws sts get-caller-identity` shows whose they are."
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
        """The value of the stack output, from which `deployed` makes it again."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def deployed() -> MadeWith | None:
    """What this stack was made with by the last update that ended; None when it holds nothing."""
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    answer = cast("Mapping[str, Any] | None", _outputs_of(name))
    outputs: Mapping[str, Any] = (answer or {}).get("outputs") or {}
    made = outputs.get(OUTPUT)
    return MadeWith(**{field: made[field] for field in MadeWith.__dataclass_fields__}) if made else None


def _outputs_of(name: str) -> object:
    """The engine's answer for a stack; asked again while the engine itself is writing the stack's state.

    A backend of files replaces a checkpoint in place, so a read at that moment finds no whole one
    ("failed to load checkpoint: EOF", seen with pulumi 3.274 at the first update of a stack).
    """
    for pause_s in _PAUSES_S:
        try:
            return pulumi.runtime.invoke(READ_OUTPUTS, {"name": name}).value
        except Exception as error:  # the SDK raises nothing narrower (pulumi/runtime/invoke.py)
            if _HALF_WRITTEN not in str(error):
                raise
            time.sleep(pause_s)
    return pulumi.runtime.invoke(READ_OUTPUTS, {"name": name}).value


def check(before: MadeWith | None, now: MadeWith) -> None:
    """Refuse what cannot be changed in place; SettingsError with what to do instead."""
    for complaint in _complaints(before, now) if before else ():
        raise SettingsError(complaint)


def _complaints(before: MadeWith, now: MadeWith) -> Iterator[str]:
    if (now.account, now.region) != (before.account, before.region):
        yield (
            f"The stack stands in account {before.account}, region {before.region}, but the credentials and aws:region "
            f"are of account {now.account}, region {now.region}: use those of the stack, or make a stack of its own "
            "there with pulumi stack init."
        )
    if now.lake_format != before.lake_format:
        yield (
            f"lakeFormat is {now.lake_format}, but the lake's rows rest as {before.lake_format}, and a table has one "
            f"format for all its files (Athena would fail with HIVE_BAD_DATA): set it to {before.lake_format}, or make "
            "a new stack with the other format and backfill it."
        )
    if before.customer_managed_keys and not now.customer_managed_keys:
        yield (
            "customerManagedKeys is false, but the stack's data rests under its own key, and what is on its way could "
            "no longer be read: set it to true, or make a new stack without a key and copy the table's items there."
        )
