"""Physical names: one rule for all, short enough for every service whatever the stack is called."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

BUCKET_LIMIT = 63
"""S3's limit; the others' are wider: IAM role, Firehose, Pipe and Lambda 64, SQS 80."""
_SHORTEST_LIMIT = 64
_DIGEST = 6


@dataclass(frozen=True)
class Names:
    """Names of the form <prefix>-<stack>-<part>, lower case letters, digits and hyphens.

    A stack's name that is too long, or that holds other characters, is cut and
    told apart by a digest of the whole, so that two stacks never share a name.
    Names are given, not left to the engine, so that a role's trust policy can
    name the one resource that may assume the role before that resource exists.
    """

    prefix: str
    stack: str

    def __call__(self, part: str, limit: int = _SHORTEST_LIMIT) -> str:
        """The name of a part, of at most `limit` characters."""
        room = limit - len(self.prefix) - len(part) - 2
        return f"{self.prefix}-{self._stack(room)}-{part}"

    def identifier(self, part: str) -> str:
        """The name of a part for Glue: underscores for hyphens."""
        return self(part).replace("-", "_")

    def _stack(self, room: int) -> str:
        plain = re.sub(r"[^a-z0-9]+", "-", self.stack.lower()).strip("-")
        if plain == self.stack and len(plain) <= room:
            return plain
        if room < _DIGEST + 2:
            raise ValueError(f"no room for a stack's name beside {self.prefix!r}")
        digest = hashlib.sha256(self.stack.encode()).hexdigest()[:_DIGEST]
        return f"{plain[: room - _DIGEST - 1].strip('-')}-{digest}".lstrip("-")
