"""The errors that a user can fix."""

from __future__ import annotations

from stack.commandline import UserError


class SandboxError(UserError):
    """An error that the user can fix. Its text is one sentence: what is wrong and what to do."""
