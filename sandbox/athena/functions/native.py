"""Python functions for the families: see `sandbox.athena.native`."""

from __future__ import annotations

from sandbox.athena.native import Native, TrinoError

__all__ = ["Native", "TrinoError"]
