"""Inputs that are accepted and do nothing in the sandbox, by type, each with the reason.

The one place where something of the program may be left out: all of it is for
the engine alone, which deletes and replaces. A path covers all below it; `[]`
stands for any element of a list. What is kept and shown but not acted upon (a
lifecycle, an alarm's action) is not here: a test reads every other input back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_NO_DELETE = "the deployer only creates: nothing is ever deleted or replaced"

WITHOUT_EFFECT: Mapping[str, Mapping[str, str]] = {
    "aws:athena/workgroup:Workgroup": {"forceDestroy": _NO_DELETE},
    "aws:iam/role:Role": {"forceDetachPolicies": _NO_DELETE},
    "aws:kinesis/stream:Stream": {"enforceConsumerDeletion": _NO_DELETE},
    "aws:kms/key:Key": {"deletionWindowInDays": _NO_DELETE},
    "aws:lambda/function:Function": {
        "skipDestroy": _NO_DELETE,
        "sourceCodeHash": "it tells an engine when the code has changed, and nothing is updated here",
    },
    "aws:s3/bucket:Bucket": {"forceDestroy": _NO_DELETE},
}


def has_no_effect(type_: str, path: str) -> bool:
    """Whether an input of a type, by its path, is among those listed here."""
    parts = re.sub(r"\[\d+\]", "[]", path).split(".")
    listed = WITHOUT_EFFECT.get(type_, {})
    return any(".".join(parts[:count]) in listed for count in range(1, len(parts) + 1))


def without_effect(type_: str, inputs: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Those of a resource's own inputs that do nothing, with the reasons."""
    return ((name, reason) for name, reason in WITHOUT_EFFECT.get(type_, {}).items() if name in inputs)
