"""The writers by name."""

from __future__ import annotations

from loadgen.dynamodb.writer import Endpoint, Limits, Writer


def open_writer(name: str, endpoint: Endpoint, limits: Limits) -> Writer:
    """Return the writer called `name`, not yet open."""
    if name == "fast":
        from loadgen.dynamodb.fast import FastWriter

        return FastWriter(endpoint, limits)
    from loadgen.dynamodb.reference import ReferenceWriter

    return ReferenceWriter(endpoint, limits)
