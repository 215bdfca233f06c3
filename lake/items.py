"""Reads the DynamoDB table's items, undecoded: by a parallel Scan, and by key."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from itertools import islice
from typing import Any, cast

import msgspec
from msgspec import Raw, Struct

from lake.athena import Row
from lake.clients import DynamoDBClient, error_code, keep_reply, reply_of
from stack import UserError
from transform.schema import LakeTable

_SEGMENTS = 4
_MAX_KEYS = 100
"""The limit of a BatchGetItem: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""


class _Page(Struct, rename="pascal"):
    items: list[Raw]
    last_evaluated_key: Raw = Raw()


class _Batch(Struct, rename="pascal"):
    responses: dict[str, list[Raw]]
    unprocessed_keys: Raw = Raw()


_page = msgspec.json.Decoder(_Page).decode
_batch = msgspec.json.Decoder(_Batch).decode


class Items:
    """A DynamoDB table with the schema `table`. All reads are consistent."""

    def __init__(self, client: DynamoDBClient, table_name: str, table: LakeTable) -> None:
        self._client = client
        self._name = table_name
        self._table = table
        # boto3's parser takes a hundred microseconds for an item; its requests, signatures and retries are unchanged.
        for operation in ("Scan", "BatchGetItem"):
            keep_reply(client, "dynamodb", operation)

    def pages(self, part: int = 0, parts: int = 1) -> Iterator[list[Raw]]:
        """Yield the items of one of so many equal parts, by default every item, page by page.

        A part is read by a parallel Scan; at most one page of each segment is in memory.
        """
        total = parts * _SEGMENTS
        with ThreadPoolExecutor(_SEGMENTS, thread_name_prefix="scan") as pool:
            segments = range(part * _SEGMENTS, (part + 1) * _SEGMENTS)
            pending = {pool.submit(self._page, segment, total, None): segment for segment in segments}
            while pending:
                done, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    reply, segment = future.result(), pending.pop(future)
                    page = _page(reply)
                    if bytes(page.last_evaluated_key) not in (b"", b"null"):
                        pending[pool.submit(self._page, segment, total, page.last_evaluated_key)] = segment
                    yield page.items

    def get(self, keys: Sequence[Row]) -> list[Raw]:
        """Return the existing items with these keys, given as the cells of the key columns."""
        found: list[Raw] = []
        left = iter(keys)
        while batch := [*islice(left, _MAX_KEYS)]:
            request: object = {self._name: {"ConsistentRead": True, "Keys": [self._key(cells) for cells in batch]}}
            while request:
                reply = _batch(self._call("batch_get_item", RequestItems=request))
                found += reply.responses.get(self._name, [])
                request = _parameters(reply.unprocessed_keys)
        return found

    def _key(self, cells: Row) -> dict[str, object]:
        values = zip(self._table.keys, cells, strict=True)
        return {key.name: {key.type: b64decode(cell or "") if key.type == "B" else cell} for key, cell in values}

    def _page(self, segment: int, segments: int, start: Raw | None) -> bytes:
        position: dict[str, object] = {"Segment": segment, "TotalSegments": segments}
        if start is not None:
            position["ExclusiveStartKey"] = _parameters(start)
        return self._call("scan", TableName=self._name, ConsistentRead=True, **position)

    def _call(self, operation: str, **request: object) -> bytes:
        try:
            return reply_of(getattr(self._client, operation)(**request))
        except Exception as error:
            raise self._explained(error) from error

    def _explained(self, error: Exception) -> Exception:
        if error_code(error) != "ResourceNotFoundException":
            return error
        return UserError(f"There is no DynamoDB table {self._name!r}: check --table, --stack and --region.")


def _parameters(raw: Raw) -> Any:
    """Convert keys of a reply to boto3's parameters, where bytes are not base64."""
    return _with_bytes(msgspec.json.decode(raw)) if bytes(raw) not in (b"", b"null") else None


def _with_bytes(value: object) -> object:
    match value:
        case {"B": str(text)} if len(cast("Mapping[str, object]", value)) == 1:
            return {"B": b64decode(text)}
        case dict():
            return {name: _with_bytes(member) for name, member in cast("dict[str, object]", value).items()}
        case list():
            return [_with_bytes(element) for element in cast("list[object]", value)]
        case _:
            return value
