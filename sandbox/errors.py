"""What the user is told when something outside the sandbox is wrong."""

from __future__ import annotations


class SandboxError(Exception):
    """Something that the user can mend. Its text is one sentence: what is wrong and what to do."""
