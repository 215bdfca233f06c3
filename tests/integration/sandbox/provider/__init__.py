"""What the AWS provider calls for each type of resource that the program uses."""

from tests.integration.sandbox.provider import access, analytics, merging, messages, storage, streams, watching
from tests.integration.sandbox.provider.calls import LIVES, Aws, Life

__all__ = ["LIVES", "Aws", "Life", "access", "analytics", "merging", "messages", "storage", "streams", "watching"]
