"""The DynamoDB table's items, as rows of the lake's columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Any

from lake.athena import Row
from lake.clients import DynamoDBClient, error_code
from lake.values import deserializer, expected
from stack import UserError
from transform.schema import Column, KeyType, Table

_SEGMENTS = 4


class Items:
    """A DynamoDB table, read as `table` describes it."""

    def __init__(self, client: DynamoDBClient, table_name: str, table: Table) -> None:
        self._client = client
        key_types: dict[tuple[str, ...], KeyType] = {(key.name,): key.type for key in table.keys}
        self._columns: list[tuple[Column, KeyType | None]] = [
            (column, key_types.get(column.attribute)) for column in table.columns
        ]
        self._request = {"TableName": table_name, "ConsistentRead": True, **_projection(table)}

    def rows(self) -> Iterator[Row]:
        """Every item as the canonical text of its columns, by a parallel Scan with consistent reads.

        At most one page of each segment is in memory.
        """
        read = deserializer().deserialize
        with ThreadPoolExecutor(_SEGMENTS, thread_name_prefix="scan") as pool:
            pending = {pool.submit(self._page, segment, None): segment for segment in range(_SEGMENTS)}
            while pending:
                done, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    page, segment = future.result(), pending.pop(future)
                    if page.get("LastEvaluatedKey"):
                        pending[pool.submit(self._page, segment, page["LastEvaluatedKey"])] = segment
                    for attributes in page["Items"]:
                        item = {name: read(value) for name, value in attributes.items()}
                        yield tuple(expected(column, item, key_type) for column, key_type in self._columns)

    def _page(self, segment: int, start: Mapping[str, object] | None) -> dict[str, Any]:
        position: dict[str, object] = {"Segment": segment, "TotalSegments": _SEGMENTS}
        if start is not None:
            position["ExclusiveStartKey"] = start
        try:
            return self._client.scan(**self._request, **position)
        except Exception as error:
            if error_code(error) != "ResourceNotFoundException":
                raise
            name = self._request["TableName"]
            raise UserError(f"There is no DynamoDB table {name!r}: check --table, --stack and --region.") from error


def _projection(table: Table) -> dict[str, object]:
    """The Scan parameters that project only the attributes of columns."""
    paths = dict.fromkeys(column.attribute for column in table.columns)
    names = {name: f"#a{number}" for number, name in enumerate(dict.fromkeys(name for path in paths for name in path))}
    return {
        "ProjectionExpression": ", ".join(".".join(names[name] for name in path) for path in paths),
        "ExpressionAttributeNames": {placeholder: name for name, placeholder in names.items()},
    }
