"""The data calls, such as PutItem, Query and TransactWriteItems, on tables that the caller looks up."""

from __future__ import annotations

from sandbox.dynamodb.operations.calls import OPERATIONS, DataPlane

__all__ = ["OPERATIONS", "DataPlane"]
