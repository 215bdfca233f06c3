"""KMS keys. https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html"""

from __future__ import annotations

from typing import Any

from sandbox.front.control.call import ControlCall
from sandbox.front.control.registry import amends

_YEAR_DAYS = 365
_DEFAULTS = {"KeyUsage": "ENCRYPT_DECRYPT", "MultiRegion": False}


@amends("kms", "CreateKey", "DescribeKey")
def defaults(_: ControlCall, output: dict[str, Any]) -> None:
    """Add to a key's metadata its usage and whether it is a multi-Region key."""
    metadata: dict[str, Any] = output["KeyMetadata"]
    metadata.update({name: value for name, value in _DEFAULTS.items() if metadata.get(name) is None})


@amends("kms", "GetKeyRotationStatus")
def period(_: ControlCall, output: dict[str, Any]) -> None:
    """Add to a rotated key's status its rotation period: a year by default.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html
    """
    if output["KeyRotationEnabled"]:
        output.setdefault("RotationPeriodInDays", _YEAR_DAYS)
