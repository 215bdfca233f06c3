"""moto's stores, by region."""

from __future__ import annotations

from typing import TypeVar

from moto.core.base_backend import BackendDict, BaseBackend

from sandbox.state import ACCOUNT_ID

B = TypeVar("B", bound=BaseBackend)


def backend_of(backends: BackendDict[B], region: str) -> B:
    """The store of the sandbox's account in a region, created if absent."""
    # Indexing checks whether to create the store each time, and takes longer than most calls.
    regions = backends.get(ACCOUNT_ID)
    backend = None if regions is None else regions.get(region)
    return backends[ACCOUNT_ID][region] if backend is None else backend
