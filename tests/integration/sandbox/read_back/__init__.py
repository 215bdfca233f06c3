"""What a deployed resource's own API says of it: a reader for each type that the program uses."""

from tests.integration.sandbox.read_back import access, analytics, merging, messages, storage, streams, watching
from tests.integration.sandbox.read_back.reading import READERS, Resource, differences

__all__ = [
    "READERS",
    "Resource",
    "access",
    "analytics",
    "differences",
    "merging",
    "messages",
    "storage",
    "streams",
    "watching",
]
