"""The data calls: PutItem, Query, TransactWriteItems and all the others, on tables that the caller finds."""

from __future__ import annotations

from sandbox.dynamodb.operations.calls import OPERATIONS, DataPlane

__all__ = ["OPERATIONS", "DataPlane"]
