"""The listing of streams and shards: ListStreams, ListShards, DescribeStream, DescribeStreamSummary.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html
"""

from __future__ import annotations

import time
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from moto.kinesis.models import kinesis_backends

from sandbox.front.backends import backend_of
from sandbox.front.control.call import ControlCall
from sandbox.front.control.registry import amends, answers
from sandbox.front.reply import ServiceError
from sandbox.kinesis.shard import StoredShard
from sandbox.kinesis.streams import horizon_s, kept_shards, max_record_kib, stream_of

if TYPE_CHECKING:
    from moto.kinesis.models import Stream

_MAX_SHARDS = 10_000
_DESCRIBED_SHARDS = 100
_LISTED_STREAMS = 100
_TOKEN_S = 300
_NOT_WITH_A_TOKEN = ("StreamName", "StreamARN", "ExclusiveStartShardId", "StreamCreationTimestamp")


class _Token(msgspec.Struct, array_like=True):
    """The position and parameters of a listing as of `made_s` (epoch seconds), which NextToken contains."""

    stream: str
    after: str
    made_s: float
    filter: dict[str, Any] | None = None


@answers("kinesis", "ListShards")
def list_shards(call: ControlCall) -> Mapping[str, Any]:
    """Return a page of the shards that may have records, all of them or those that ShardFilter selects."""
    given, backend = call.parameters, backend_of(kinesis_backends, call.region)
    token = _token_of(given)
    if token is None:
        stream = stream_of(backend, given.get("StreamName"), given.get("StreamARN"))
        asked, after = given.get("ShardFilter"), given.get("ExclusiveStartShardId", "")
    else:
        stream, asked, after = stream_of(backend, token.stream, None), token.filter, token.after
    listed: list[Any] = _filtered(stream, asked or {})
    shards = [shard for shard in listed if shard.shard_id > after]
    limit = given.get("MaxResults", _MAX_SHARDS)
    page: dict[str, Any] = {"Shards": [shard.to_json() for shard in shards[:limit]]}
    if len(shards) > limit:
        last: Any = shards[limit - 1]
        following = _Token(stream.stream_name, last.shard_id, time.time(), _in_json(asked))
        page["NextToken"] = b64encode(msgspec.json.encode(following)).decode()
    return page


@answers("kinesis", "ListStreams")
def list_streams(call: ControlCall) -> Mapping[str, Any]:
    """Return a page of the streams by name, by default 100; NextToken is the name of the last one on the page.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreams.html
    """
    given, streams = call.parameters, backend_of(kinesis_backends, call.region).streams
    after = given.get("NextToken") or given.get("ExclusiveStartStreamName") or ""
    rest = sorted(name for name in streams if name > after)
    names = rest[: given.get("Limit", _LISTED_STREAMS)]
    more = len(rest) > len(names)
    page = {
        "StreamNames": names,
        "HasMoreStreams": more,
        "StreamSummaries": [_summary(streams[name]) for name in names],
    }
    return page | ({"NextToken": names[-1]} if more else {})


@amends("kinesis", "DescribeStream")
def described(call: ControlCall, output: dict[str, Any]) -> None:
    """Return a page of the shards, by default 100, and the stream's capacity mode.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStream.html
    """
    given, description = call.parameters, output["StreamDescription"]
    stream = stream_of(backend_of(kinesis_backends, call.region), description["StreamName"], None)
    after = given.get("ExclusiveStartShardId", "")
    kept: list[Any] = kept_shards(stream)
    shards = [shard for shard in kept if shard.shard_id > after]
    limit = min(given.get("Limit", _DESCRIBED_SHARDS), _MAX_SHARDS)
    description["Shards"] = [shard.to_json() for shard in shards[:limit]]
    description["HasMoreShards"] = len(shards) > limit
    description["StreamModeDetails"] = stream.stream_mode


@amends("kinesis", "DescribeStreamSummary")
def summarised(call: ControlCall, output: dict[str, Any]) -> None:
    """Add the number of open shards, the number of consumers, and the maximum size of a record."""
    summary: dict[str, Any] = output["StreamDescriptionSummary"]
    stream = stream_of(backend_of(kinesis_backends, call.region), summary["StreamName"], None)
    summary["OpenShardCount"] = sum(shard.is_open for shard in stream.shards.values())
    summary["ConsumerCount"] = len(stream.consumers)
    summary["MaxRecordSizeInKiB"] = max_record_kib(stream)


def _summary(stream: Stream) -> dict[str, Any]:
    return {
        "StreamName": stream.stream_name,
        "StreamARN": stream.arn,
        "StreamStatus": stream.status,
        "StreamModeDetails": stream.stream_mode,
        "StreamCreationTimestamp": stream.creation_datetime,
    }


def _token_of(given: Mapping[str, Any]) -> _Token | None:
    if "NextToken" not in given:
        return None
    both = next((name for name in _NOT_WITH_A_TOKEN if name in given), None)
    if both is not None:
        raise ServiceError("InvalidArgumentException", f"NextToken and {both} cannot be provided together.")
    try:
        token = msgspec.json.decode(b64decode(given["NextToken"], validate=True), type=_Token)
    except (ValueError, msgspec.MsgspecError):
        raise ServiceError("InvalidArgumentException", "NextToken is invalid.") from None
    if time.time() - token.made_s > _TOKEN_S:
        raise ServiceError("ExpiredNextTokenException", f"NextToken is older than {_TOKEN_S} seconds: list again.")
    return token


def _filtered(stream: Stream, asked: Mapping[str, Any]) -> list[StoredShard]:
    """The shards that a ShardFilter selects, by id.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ShardFilter.html
    """
    kind, shards = asked.get("Type", "FROM_TRIM_HORIZON"), kept_shards(stream)
    if kind == "AFTER_SHARD_ID":
        return [shard for shard in shards if shard.shard_id > _needed(asked, "ShardId", kind)]
    if kind == "AT_LATEST":
        return [shard for shard in shards if shard.is_open]
    horizon = horizon_s(stream)
    if kind == "FROM_TRIM_HORIZON":
        return shards
    if kind == "AT_TRIM_HORIZON":
        # The retained records begin no earlier than the stream, with the shards that have no parent.
        first = [shard for shard in shards if shard.parent is None]
        return first if any(shard.created_s >= horizon for shard in first) else _open_at(shards, horizon)
    at_s = max(_seconds(_needed(asked, "Timestamp", kind)), horizon)
    if kind == "AT_TIMESTAMP":
        return _open_at(shards, at_s)
    return [shard for shard in shards if shard.closed_s is None or shard.closed_s >= at_s]


def _open_at(shards: list[StoredShard], at_s: float) -> list[StoredShard]:
    return [shard for shard in shards if shard.created_s <= at_s and (shard.closed_s is None or shard.closed_s >= at_s)]


def _needed(asked: Mapping[str, Any], member: str, kind: str) -> Any:
    if asked.get(member) is None:
        raise ServiceError("InvalidArgumentException", f"{member} is required for ShardFilter type {kind}.")
    return asked[member]


def _seconds(at: datetime | float) -> float:
    if not isinstance(at, datetime):
        return at
    # botocore's parser returns times in UTC as naive datetimes.
    return (at - datetime(1970, 1, 1, tzinfo=at.tzinfo)).total_seconds()


def _in_json(asked: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if asked is None:
        return None
    return {name: _seconds(value) if name == "Timestamp" else value for name, value in asked.items()}
