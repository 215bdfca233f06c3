"""KMS keys and aliases."""

from __future__ import annotations

from sandbox.deploy.registry import Created, New, handles

_NAMES = {"customerMasterKeySpec": "KeySpec", "bypassPolicyLockoutSafetyCheck": "BypassPolicyLockoutSafetyCheck"}
_ALIAS = "alias/"


@handles("aws:kms/key:Key")
def key(new: New) -> Created:
    """Create a key with its policy and its rotation."""
    inputs = new.inputs
    rotate, days = inputs.flag("enableKeyRotation"), inputs.integer("rotationPeriodInDays")
    enabled = inputs.flag("isEnabled")
    metadata = new.create("kms", "create_key", names=_NAMES)["KeyMetadata"]
    if rotate:
        period = {"RotationPeriodInDays": days} if days else {}
        new.call("kms", "enable_key_rotation", KeyId=metadata["KeyId"], **period)
    if enabled is False:
        new.call("kms", "disable_key", KeyId=metadata["KeyId"])
    return Created(metadata["KeyId"], {"keyId": metadata["KeyId"], "arn": metadata["Arn"]})


@handles("aws:kms/alias:Alias")
def alias(new: New) -> Created:
    """Create an alias of a key."""
    target = new.inputs.require("targetKeyId")
    name = new.physical_name()
    name = name if name.startswith(_ALIAS) else _ALIAS + name
    new.call("kms", "create_alias", AliasName=name, TargetKeyId=target)
    arn = new.call("kms", "describe_key", KeyId=target)["KeyMetadata"]["Arn"]
    return Created(name, {"name": name, "arn": new.aws.arn("kms", name), "targetKeyArn": arn})
