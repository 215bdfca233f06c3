"""One item by its key, from the write to the query: the position of each of its changes, with times.

The change log has the changes that can be queried, with the object of each; the stream has the undelivered ones of the
last minutes. Every shard is read, since a change's partition key need not be the item's key.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from sandbox.page.clients import Clients, reason
from sandbox.page.queries import Workgroup

# The age up to which the stream is read, and the maximum number of records of a shard.
_BACK_S = 900.0
_MAX_RECORDS = 20_000
_MAX_CHANGES = 200


class Passage(msgspec.Struct, rename="camel", frozen=True):
    """A point that a change has passed, and the time (epoch seconds); `where` is the object or shard."""

    name: str
    at: float
    where: str = ""


class Journey(msgspec.Struct, rename="camel"):
    """One change: its id, its operation, its version's sequence, and its steps so far."""

    event_id: str
    op: str
    steps: list[Passage]


class Followed(msgspec.Struct, rename="camel"):
    """A key's current item (DynamoDB JSON, None if absent), and its latest changes in order."""

    key: str
    item: dict[str, Any] | None
    changes: list[Journey]


def follow(clients: Clients, queries: Workgroup, key: str) -> Followed:
    """Follow one item.

    Raises:
        ValueError: the table also has a sort key, or the key is not valid for the table; the text is the reason.
    """
    table = clients.dynamodb.describe_table(TableName=clients.outputs["table_name"])["Table"]
    names = [element["AttributeName"] for element in table["KeySchema"]]
    if len(names) > 1:
        raise ValueError(f"The table has the keys {' and '.join(names)}, and the console follows tables with one key.")
    type_ = next(each["AttributeType"] for each in table["AttributeDefinitions"] if each["AttributeName"] == names[0])
    try:
        found = clients.dynamodb.get_item(
            TableName=table["TableName"], Key={names[0]: {type_: key}}, ConsistentRead=True
        )
    except ClientError as error:
        raise ValueError(reason(error)) from error
    journeys = {journey.event_id: journey for journey in _on_the_way(clients, names[0], type_, key)}
    for journey in _in_the_lake(clients, queries, names[0], key):
        before = journeys.get(journey.event_id)
        steps = {step.name: step for step in (*(before.steps if before else ()), *journey.steps)}
        journey.steps = sorted(steps.values(), key=lambda step: step.at)
        journeys[journey.event_id] = journey
    ordered = sorted(journeys.values(), key=lambda journey: journey.steps[0].at)
    return Followed(key, found.get("Item"), ordered[-_MAX_CHANGES:])


def _in_the_lake(clients: Clients, queries: Workgroup, name: str, key: str) -> list[Journey]:
    outputs = clients.outputs
    log = f'"{outputs["database_name"]}"."{outputs["change_log_name"]}"'
    literal = key.replace("'", "''")
    sql = (
        'SELECT event_id, op, to_unixtime(changed_at), "$path" '
        f"FROM {log} WHERE CAST({name} AS varchar) = '{literal}' ORDER BY sequence DESC LIMIT {_MAX_CHANGES}"
    )
    rows = queries.rows(queries.finished(sql)).rows
    written: dict[str, float] = {}
    journeys: list[Journey] = []
    for row in rows:
        event_id, op, changed_at, path = (cell or "" for cell in row)
        if path not in written:
            written[path] = _last_modified(clients, path)
        steps = [
            Passage("written", float(changed_at)),
            Passage("in the lake, and found by this query", written[path], path),
        ]
        journeys.append(Journey(event_id, op, steps))
    return journeys


def _last_modified(clients: Clients, path: str) -> float:
    bucket, _, key = path.removeprefix("s3://").partition("/")
    return clients.s3.head_object(Bucket=bucket, Key=key)["LastModified"].timestamp()


def _on_the_way(clients: Clients, name: str, type_: str, key: str) -> list[Journey]:
    """The key's changes of the last minutes in the stream."""
    stream = clients.outputs["stream_name"]
    shards = clients.kinesis.list_shards(StreamName=stream)["Shards"]
    journeys: list[Journey] = []
    for shard in shards:
        since = datetime.fromtimestamp(time.time() - _BACK_S, UTC)
        iterator: str | None = clients.kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="AT_TIMESTAMP", Timestamp=since
        )["ShardIterator"]
        read = 0
        while iterator and read < _MAX_RECORDS:
            page = clients.kinesis.get_records(ShardIterator=iterator, Limit=10_000)
            passed = (_journey(record, shard["ShardId"], name, type_, key) for record in page["Records"])
            journeys += [journey for journey in passed if journey is not None]
            read += len(page["Records"])
            if not page["Records"] and not page["MillisBehindLatest"]:
                break
            iterator = page.get("NextShardIterator")
    return journeys


def _journey(record: dict[str, Any], shard: str, name: str, type_: str, key: str) -> Journey | None:
    try:
        event = json.loads(record["Data"])
        change = event["dynamodb"]
        if change["Keys"][name].get(type_) != key:
            return None
        at = float(change["ApproximateCreationDateTime"])
        unit = {"MILLISECOND": 1e3, "MICROSECOND": 1e6}.get(change.get("ApproximateCreationDateTimePrecision", ""), 1.0)
        captured = Passage("in the stream", record["ApproximateArrivalTimestamp"].timestamp(), shard)
        return Journey(event["eventID"], event["eventName"], [Passage("written", at / unit), captured])
    except (ValueError, KeyError, TypeError):
        return None  # not a change event, but a record of a different producer
