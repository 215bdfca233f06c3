"""A table of orders that tests write to."""

from typing import Any, NamedTuple

REGION = "eu-west-1"
CREDENTIALS = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}


class OrderTable(NamedTuple):
    """A table for orders, and its endpoint."""

    name: str
    endpoint_url: str
    client: Any

    def items(self) -> dict[str, dict[str, Any]]:
        """Return all items by key."""
        pages = self.client.get_paginator("scan").paginate(TableName=self.name)
        return {item["order_id"]["S"]: item for page in pages for item in page["Items"]}

    def clear(self) -> None:
        """Delete all items."""
        for key in self.items():
            self.client.delete_item(TableName=self.name, Key={"order_id": {"S": key}})
