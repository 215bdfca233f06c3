"""Inputs that are accepted without effect in the sandbox, by type, each with the reason.

The only place where parts of the program are ignored: all of them concern deletes and replacements by the engine. A
path covers everything below it; `[]` matches any element of a list. Inputs that are stored and described but not acted
upon (a lifecycle, an alarm's action) are not listed: a test reads every other input back.
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
        "sourceCodeHash": "it signals changed code to an engine, and the deployer does not update",
    },
    "aws:s3/bucket:Bucket": {"forceDestroy": _NO_DELETE},
}


def has_no_effect(type_: str, path: str) -> bool:
    """Return whether an input of a type, by its path, is listed here."""
    parts = re.sub(r"\[\d+\]", "[]", path).split(".")
    listed = WITHOUT_EFFECT.get(type_, {})
    return any(".".join(parts[:count]) in listed for count in range(1, len(parts) + 1))


def without_effect(type_: str, inputs: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """A resource's inputs without effect, with the reasons."""
    return ((name, reason) for name, reason in WITHOUT_EFFECT.get(type_, {}).items() if name in inputs)
