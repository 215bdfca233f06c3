"""What the user is told when something outside the sandbox is wrong."""

from __future__ import annotations


class SandboxError(Exception):
    """Something that the user can mend. Its text is one sentence: what is wrong and what to do."""


class TerminationRequest(KeyboardInterrupt):
    """SIGTERM, which a command takes as it takes Ctrl-C; only that no other process has got it, too."""
