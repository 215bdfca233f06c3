"""Change events for tests: as small as they may be, with what a test is about."""

from __future__ import annotations

import base64
import json
from typing import Any

from transform.batch import Answer, Record

KEY: dict[str, Any] = {"order_id": {"S": "o-1"}}


def pipe_event(op: str = "INSERT", **members: Any) -> dict[str, Any]:
    """A DynamoDB Streams record as a pipe sends it; `members` replace or add to those of `dynamodb`."""
    images = {"NewImage": KEY} if op != "REMOVE" else {"OldImage": KEY}
    change = {"ApproximateCreationDateTime": 1795356187, "Keys": KEY, "SequenceNumber": "111", **images, **members}
    return {"eventID": "e-1", "eventName": op, "dynamodb": change}


def native_event(op: str = "INSERT", **members: Any) -> dict[str, Any]:
    """A record of a table's own Kinesis destination."""
    event = pipe_event(op, **{"ApproximateCreationDateTime": 1795356187003219, **members})
    del event["dynamodb"]["SequenceNumber"]
    return event | {"recordFormat": "application/json", "tableName": "orders", "userIdentity": None}


def data_of(event: object) -> bytes:
    """An event's bytes."""
    return json.dumps(event, ensure_ascii=False).encode()


def records_of(*events: object) -> list[Record]:
    """Firehose's records of these events, or of these bytes."""
    return [
        {
            "recordId": f"id-{index}",
            "data": base64.b64encode(event if isinstance(event, bytes) else data_of(event)).decode(),
        }
        for index, event in enumerate(events)
    ]


def row_of(answer: Answer) -> dict[str, Any]:
    """The row that an answer holds."""
    return json.loads(base64.b64decode(answer.get("data", "")))
