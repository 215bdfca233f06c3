"""KMS keys. https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html"""

from __future__ import annotations

from typing import Any

from sandbox.front.control.call import Call
from sandbox.front.control.registry import amends

_YEAR_DAYS = 365
_DEFAULTS = {"KeyUsage": "ENCRYPT_DECRYPT", "MultiRegion": False}


@amends("kms", "CreateKey", "DescribeKey")
def defaults(_: Call, output: dict[str, Any]) -> None:
    """A key says what it is for and whether it is a multi-Region key, though nobody asked."""
    metadata: dict[str, Any] = output["KeyMetadata"]
    metadata.update({name: value for name, value in _DEFAULTS.items() if metadata.get(name) is None})


@amends("kms", "GetKeyRotationStatus")
def period(_: Call, output: dict[str, Any]) -> None:
    """A key that is rotated says how often: every year if nobody asked.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html
    """
    if output["KeyRotationEnabled"]:
        output.setdefault("RotationPeriodInDays", _YEAR_DAYS)
