"""Calls that are saved as they arrive: those that only append to long data, such as log events."""

from __future__ import annotations

import msgspec

COLLECTION = "calls"
RECORDED = frozenset({("logs", "PutLogEvents")})
"""The services and operations whose calls are saved instead of their service's state."""


class RecordedCall(msgspec.Struct, array_like=True):
    """A call, and the generation of its service's saved state after which it is repeated."""

    service: str
    generation: int
    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes
