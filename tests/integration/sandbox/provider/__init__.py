"""The AWS provider's calls for each type of resource of the program."""

from tests.integration.sandbox.provider import access, analytics, merging, messages, storage, streams, watching
from tests.integration.sandbox.provider.calls import LIVES, Aws, Life

__all__ = ["LIVES", "Aws", "Life", "access", "analytics", "merging", "messages", "storage", "streams", "watching"]
