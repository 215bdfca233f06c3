"""Calls that are saved as they came: those that only add to what may be long, log events."""

from __future__ import annotations

import msgspec

COLLECTION = "calls"
RECORDED = frozenset({("logs", "PutLogEvents")})
"""The services and operations whose calls are saved in the place of their service's state."""


class RecordedCall(msgspec.Struct, array_like=True):
    """A call, and the generation of its service's saved state to which it adds."""

    service: str
    generation: int
    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes
