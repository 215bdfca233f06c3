"""How readers of a Kinesis stream find its shards and receive records: ListShards, consumers, SubscribeToShard.

https://docs.aws.amazon.com/kinesis/latest/APIReference/
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import ClientError

from sandbox.awsjson import AwsJson, RemoteError, authorization
from sandbox.front import cbor
from sandbox.state import client


class Stream:
    """A stream, its client and its shards' ids."""

    def __init__(self, url: str, name: str, shards: int) -> None:
        self.url, self.name = url, name
        self.subscriptions: list[Any] = []
        self.kinesis = client("kinesis", url)
        self.kinesis.create_stream(StreamName=name, ShardCount=shards)
        self.arn = self.summary()["StreamARN"]

    def summary(self) -> Any:
        return self.kinesis.describe_stream_summary(StreamName=self.name)["StreamDescriptionSummary"]

    def ids(self, **asked: Any) -> list[int]:
        """Return the numbers of the shards in ListShards' response."""
        shards = self.kinesis.list_shards(StreamARN=self.arn, **asked)["Shards"]
        return [int(shard["ShardId"].rpartition("-")[2]) for shard in shards]

    def split(self, number: int) -> None:
        shard = f"shardId-{number:012d}"
        shards = self.kinesis.list_shards(StreamARN=self.arn)["Shards"]
        (hashes,) = (each["HashKeyRange"] for each in shards if each["ShardId"] == shard)
        middle = (int(hashes["StartingHashKey"]) + int(hashes["EndingHashKey"])) // 2
        self.kinesis.split_shard(StreamARN=self.arn, ShardToSplit=shard, NewStartingHashKey=str(middle))

    def records(self) -> list[Any]:
        """Return the records of the first shard."""
        shard = {"StreamARN": self.arn, "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
        iterator = self.kinesis.get_shard_iterator(**shard)["ShardIterator"]
        return self.kinesis.get_records(ShardIterator=iterator)["Records"]

    def put(self, *keys: str) -> None:
        for key in keys:
            self.kinesis.put_record(StreamARN=self.arn, PartitionKey=key, Data=key.encode())


@pytest.fixture
def stream(sandbox_server: Any, request: pytest.FixtureRequest) -> Iterator[Stream]:
    stream = Stream(sandbox_server.endpoint_url, f"r-{abs(hash(request.node.name))}", getattr(request, "param", 1))
    yield stream
    stream.kinesis.delete_stream(StreamName=stream.name, EnforceConsumerDeletion=True)
    for events in stream.subscriptions:
        events.close()
    stream.kinesis.close()


def test_a_listing_is_filtered_by_what_is_open_and_when(stream: Stream) -> None:
    """API_ShardFilter.html"""
    stream.put("a")
    begun = stream.records()[0]["ApproximateArrivalTimestamp"].timestamp()
    stream.split(0)
    split = time.time()
    # botocore sends whole seconds only.
    precise = AwsJson(stream.url, "kinesis", "eu-west-1")

    def of(kind: str, **more: Any) -> list[int]:
        request = {"StreamARN": stream.arn, "ShardFilter": {"Type": kind, **more}}
        shards: list[Any] = precise.call("ListShards", request, dict[str, Any])["Shards"]
        return [int(shard["ShardId"].rpartition("-")[2]) for shard in shards]

    assert stream.ids() == of("FROM_TRIM_HORIZON") == [0, 1, 2]
    assert of("AT_LATEST") == [1, 2]
    assert of("AT_TRIM_HORIZON") == [0]
    assert of("AFTER_SHARD_ID", ShardId="shardId-000000000001") == [2]
    assert of("AT_TIMESTAMP", Timestamp=begun) == [0]
    assert of("AT_TIMESTAMP", Timestamp=split) == [1, 2]
    assert of("FROM_TIMESTAMP", Timestamp=begun) == [0, 1, 2]
    assert of("FROM_TIMESTAMP", Timestamp=split) == [1, 2]
    with pytest.raises(ClientError, match="Timestamp is required"):
        stream.ids(ShardFilter={"Type": "AT_TIMESTAMP"})
    precise.close()


@pytest.mark.parametrize("stream", [5], indirect=True)
def test_a_listing_goes_on_by_its_token_alone(stream: Stream) -> None:
    stream.split(4)
    asked = {"ShardFilter": {"Type": "AT_LATEST"}, "MaxResults": 2}
    page = stream.kinesis.list_shards(StreamARN=stream.arn, **asked)
    found = page["Shards"]
    while "NextToken" in page:
        with pytest.raises(ClientError, match="NextToken and StreamName cannot be provided together"):
            stream.kinesis.list_shards(StreamName=stream.name, NextToken=page["NextToken"])
        page = stream.kinesis.list_shards(NextToken=page["NextToken"], MaxResults=2)
        found += page["Shards"]
    assert [int(shard["ShardId"][-1]) for shard in found] == [0, 1, 2, 3, 5, 6]
    assert stream.ids(ExclusiveStartShardId="shardId-000000000003") == [4, 5, 6]
    with pytest.raises(stream.kinesis.exceptions.InvalidArgumentException):
        stream.kinesis.list_shards(NextToken="nonsense")


@pytest.mark.parametrize("stream", [3], indirect=True)
def test_shards_are_merged_in_either_order_and_once(stream: Stream) -> None:
    """API_MergeShards.html; AWS's sentences are in mhart/kinesalite actions/mergeShards.js."""

    def merge(first: int, second: int) -> None:
        pair = {"ShardToMerge": f"shardId-{first:012d}", "AdjacentShardToMerge": f"shardId-{second:012d}"}
        stream.kinesis.merge_shards(StreamARN=stream.arn, **pair)

    with pytest.raises(ClientError, match="are not an adjacent pair of shards eligible for merging"):
        merge(0, 2)
    merge(1, 0)
    with pytest.raises(ClientError, match=r"shardId-000000000001 in stream .* has already been merged or split"):
        merge(1, 2)
    shards = stream.kinesis.list_shards(StreamARN=stream.arn)["Shards"]
    merged, lower = shards[3], shards[0]
    assert (merged["ParentShardId"][-1], merged["AdjacentParentShardId"][-1]) == ("1", "0")
    assert merged["HashKeyRange"]["StartingHashKey"] == lower["HashKeyRange"]["StartingHashKey"] == "0"
    assert stream.ids(ShardFilter={"Type": "AT_LATEST"}) == [2, 3]
    assert stream.summary()["OpenShardCount"] == 2


@pytest.mark.parametrize("stream", [3], indirect=True)
def test_a_description_has_pages_and_a_summary_counts(stream: Stream) -> None:
    """API_DescribeStream.html: ExclusiveStartShardId and Limit; API_StreamDescriptionSummary.html."""
    stream.split(2)
    first = stream.kinesis.describe_stream(StreamARN=stream.arn, Limit=4)["StreamDescription"]
    assert (len(first["Shards"]), first["HasMoreShards"]) == (4, True)
    after = first["Shards"][-1]["ShardId"]
    rest = stream.kinesis.describe_stream(StreamARN=stream.arn, ExclusiveStartShardId=after)["StreamDescription"]
    assert (len(rest["Shards"]), rest["HasMoreShards"]) == (1, False)
    stream.kinesis.register_stream_consumer(StreamARN=stream.arn, ConsumerName="c")
    assert (stream.summary()["OpenShardCount"], stream.summary()["ConsumerCount"]) == (4, 1)


def test_streams_are_listed_by_pages_of_their_names(stream: Stream) -> None:
    """API_ListStreams.html"""
    others = [Stream(stream.url, f"{stream.name}-{number}", 1) for number in range(3)]
    names = [stream.name, *(other.name for other in others)]
    page = stream.kinesis.list_streams(ExclusiveStartStreamName=stream.name, Limit=2)
    assert (page["StreamNames"], page["HasMoreStreams"]) == (names[1:3], True)
    assert [each["StreamARN"] for each in page["StreamSummaries"]] == [other.arn for other in others[:2]]
    assert page["StreamSummaries"][0]["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    rest = stream.kinesis.list_streams(NextToken=page["NextToken"], Limit=1)
    assert rest["StreamNames"] == names[3:]
    for other in others:
        other.kinesis.delete_stream(StreamName=other.name, EnforceConsumerDeletion=True)
        other.kinesis.close()


def test_a_consumer_is_registered_once_and_found_by_either_name(stream: Stream) -> None:
    """API_RegisterStreamConsumer.html, API_DescribeStreamConsumer.html"""
    kinesis, arn = stream.kinesis, stream.arn
    made = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="b")["Consumer"]
    kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="a")

    assert made["ConsumerARN"].startswith(f"{arn}/consumer/b:")
    assert made["ConsumerStatus"] == "CREATING"
    for named in ({"ConsumerARN": made["ConsumerARN"]}, {"StreamARN": arn, "ConsumerName": "b"}):
        described = kinesis.describe_stream_consumer(**named)["ConsumerDescription"]
        assert (described["ConsumerStatus"], described["StreamARN"]) == ("ACTIVE", arn)
    page = kinesis.list_stream_consumers(StreamARN=arn, MaxResults=1)
    rest = kinesis.list_stream_consumers(StreamARN=arn, NextToken=page["NextToken"])
    assert [each["ConsumerName"] for each in page["Consumers"] + rest["Consumers"]] == ["a", "b"]
    with pytest.raises(kinesis.exceptions.ResourceInUseException):
        kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="b")
    kinesis.deregister_stream_consumer(ConsumerARN=made["ConsumerARN"])
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
        kinesis.describe_stream_consumer(StreamARN=arn, ConsumerName="b")
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
        kinesis.list_stream_consumers(StreamARN=arn + "-gone")


def consumer(stream: Stream, name: str = "c") -> str:
    return stream.kinesis.register_stream_consumer(StreamARN=stream.arn, ConsumerName=name)["Consumer"]["ConsumerARN"]


def subscribed(stream: Stream, consumer_arn: str, **position: Any) -> Iterator[Any]:
    answer = stream.kinesis.subscribe_to_shard(
        ConsumerARN=consumer_arn, ShardId="shardId-000000000000", StartingPosition=position
    )
    stream.subscriptions.append(answer["EventStream"])
    return (event["SubscribeToShardEvent"] for event in answer["EventStream"])


def keys(events: Iterator[Any], count: int) -> list[str]:
    """Return the keys of the next `count` records."""
    found: list[str] = []
    while len(found) < count:
        found += [record["PartitionKey"] for record in next(events)["Records"]]
    return found


def test_a_subscriber_is_sent_what_is_there_what_comes_and_the_end(stream: Stream) -> None:
    stream.put("a", "b")
    events = subscribed(stream, consumer(stream), Type="TRIM_HORIZON")
    assert keys(events, 2) == ["a", "b"]
    stream.put("c")
    assert keys(events, 1) == ["c"]
    stream.split(0)
    last = next(event for event in events if "ChildShards" in event)
    assert [child["ShardId"][-1] for child in last["ChildShards"]] == ["1", "2"]
    assert "ContinuationSequenceNumber" not in last
    assert list(events) == []


def test_a_subscriber_goes_on_where_it_was(stream: Stream) -> None:
    events = subscribed(stream, consumer(stream, "first"), Type="TRIM_HORIZON")
    empty = next(events)["ContinuationSequenceNumber"]
    stream.put("a", "b")
    records: list[Any] = []
    event: dict[str, Any] = {}
    while len(records) < 2:
        event = next(events)
        records += event["Records"]
    further = {
        "empty": {"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": empty},
        "at": {"Type": "AT_SEQUENCE_NUMBER", "SequenceNumber": records[1]["SequenceNumber"]},
        "time": {"Type": "AT_TIMESTAMP", "Timestamp": records[0]["ApproximateArrivalTimestamp"]},
    }
    found = {
        name: keys(subscribed(stream, consumer(stream, name), **position), 1 if name == "at" else 2)
        for name, position in further.items()
    }
    assert found == {"empty": ["a", "b"], "at": ["b"], "time": ["a", "b"]}
    stream.put("c")
    after = subscribed(
        stream,
        consumer(stream, "after"),
        Type="AFTER_SEQUENCE_NUMBER",
        SequenceNumber=event["ContinuationSequenceNumber"],
    )
    assert keys(after, 1) == ["c"]


def test_a_second_subscription_of_a_consumer_within_five_seconds_is_refused(stream: Stream) -> None:
    """API_SubscribeToShard.html"""
    arn = consumer(stream)

    def again() -> Iterator[Any] | None:
        try:
            return subscribed(stream, arn, Type="LATEST")
        except stream.kinesis.exceptions.ResourceInUseException:
            return None

    began_s, events = time.monotonic(), subscribed(stream, arn, Type="LATEST")
    while True:
        again_s, later = time.monotonic(), again()
        if later is None:
            break
        # On a machine that needs five seconds, the second replaces the first, and the third is refused.
        assert time.monotonic() - began_s >= 5
        began_s, events = again_s, later
    assert next(events)["Records"] == []


def test_a_subscription_ends_with_its_consumer(stream: Stream) -> None:
    arn = consumer(stream)
    events = subscribed(stream, arn, Type="LATEST")
    next(events)
    stream.kinesis.deregister_stream_consumer(ConsumerARN=arn)
    stream.put("a")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        list(events)


def test_what_cannot_be_subscribed_to_is_said(stream: Stream) -> None:
    arn = consumer(stream)
    with pytest.raises(stream.kinesis.exceptions.ResourceNotFoundException):
        subscribed(stream, arn + "0", Type="LATEST")
    with pytest.raises(stream.kinesis.exceptions.InvalidArgumentException):
        subscribed(stream, arn, Type="AFTER_SEQUENCE_NUMBER", SequenceNumber="1")


@contextmanager
def cbor_call(url: str, operation: str, request: dict[str, Any]) -> Generator[HTTPResponse]:
    """Make a call like the SDK for Java."""
    connection = HTTPConnection(str(urlsplit(url).netloc), timeout=60)
    headers = {
        "Authorization": authorization("eu-west-1", "kinesis"),
        "Content-Type": "application/x-amz-cbor-1.1",
        "X-Amz-Target": f"Kinesis_20131202.{operation}",
    }
    try:
        connection.request("POST", "/", cbor.encode(request, cbor.MILLISECONDS), headers)
        with connection.getresponse() as answer:
            yield answer
    finally:
        connection.close()


def test_in_cbor_records_are_put_read_and_sent(stream: Stream) -> None:
    def call(operation: str, **request: Any) -> Any:
        with cbor_call(stream.url, operation, request) as answer:
            assert (answer.status, answer.headers["content-type"]) == (200, "application/x-amz-cbor-1.1")
            return cbor.decode(answer.read(), cbor.MILLISECONDS)

    put = call("PutRecord", StreamName=stream.name, PartitionKey="ü", Data=b"\x00\xff")
    shard = {"ShardId": put["ShardId"]}
    iterator = call("GetShardIterator", StreamName=stream.name, ShardIteratorType="TRIM_HORIZON", **shard)
    (record,) = call("GetRecords", **iterator)["Records"]
    assert (record["Data"], record["PartitionKey"]) == (b"\x00\xff", "ü")
    assert abs(record["ApproximateArrivalTimestamp"].timestamp() - time.time()) < 60

    position = {"StartingPosition": {"Type": "AT_TIMESTAMP", "Timestamp": record["ApproximateArrivalTimestamp"]}}
    buffer: Any = EventStreamBuffer()
    messages: list[Any] = []
    with cbor_call(stream.url, "SubscribeToShard", {"ConsumerARN": consumer(stream), **shard, **position}) as answer:
        while len(messages) < 2:
            buffer.add_data(answer.read1())
            messages += list(buffer)
    first, second = (message.to_response_dict() for message in messages[:2])
    assert first["headers"][":event-type"] == "initial-response"
    assert second["headers"][":content-type"] == "application/x-amz-cbor-1.1"
    (sent,) = cbor.decode(second["body"], cbor.MILLISECONDS)["Records"]
    assert sent == record


def test_what_is_wrong_in_cbor_is_said_in_cbor(stream: Stream) -> None:
    request = {"StreamName": "nowhere", "PartitionKey": "a", "Data": b""}
    with cbor_call(stream.url, "PutRecord", request) as answer:
        assert answer.status == 400
        assert cbor.decode(answer.read(), cbor.MILLISECONDS)["__type"] == "ResourceNotFoundException"


HASHED = {"PartitionKey": "a", "Data": ""}
SHARD = {"ShardId": "shardId-000000000000"}
DEEP = msgspec.Raw(b"[" * 5000)


@pytest.mark.parametrize(
    ("operation", "request_", "code", "words"),
    [
        ("PutRecord", {}, "ValidationException", "2 validation errors detected: Value null at 'data'"),
        ("PutRecord", {"PartitionKey": "a", "Data": 5}, "SerializationException", "Data"),
        ("PutRecord", {"PartitionKey": "a", "Data": ""}, "InvalidArgumentException", "StreamName or StreamARN"),
        ("PutRecord", {"PartitionKey": "", "Data": ""}, "ValidationException", "Value '' at 'partitionKey'"),
        ("PutRecord", HASHED | {"ExplicitHashKey": "٣"}, "ValidationException", "Value '٣' at 'explicitHashKey'"),
        ("PutRecords", {"Records": "x"}, "SerializationException", "Records"),
        ("PutRecords", {"Records": []}, "ValidationException", "Value '[]' at 'records'"),
        (
            "PutRecords",
            {"Records": [HASHED | {"PartitionKey": "a" * 257}]},
            "ValidationException",
            "records.1.member.pa",
        ),
        ("GetShardIterator", SHARD, "ValidationException", "Value null at 'shardIteratorType'"),
        ("GetShardIterator", {**SHARD, "ShardIteratorType": "X"}, "ValidationException", "Value 'X' at 'shardIter"),
        ("GetRecords", {}, "ValidationException", "Value null at 'shardIterator'"),
        (
            "GetShardIterator",
            {**SHARD, "StartingSequenceNumber": "x"},
            "ValidationException",
            "at 'startingSequenceNumb",
        ),
        ("GetRecords", {"ShardIterator": "x", "Limit": "a"}, "SerializationException", "Limit"),
        ("GetRecords", {"ShardIterator": "x", "Limit": 0}, "ValidationException", "Value '0' at 'limit'"),
        ("GetRecords", {"ShardIterator": "x", "Limit": 10_001}, "ValidationException", "Value '10001' at 'limit'"),
        ("ListShards", {"MaxResults": 0}, "ValidationException", "Value '0' at 'maxResults'"),
        ("ListShards", {"ShardFilter": "x"}, "SerializationException", "ListShards"),
        ("ListShards", {"ShardFilter": {"Type": "X"}}, "ValidationException", "Value 'X' at 'shardFilter.type'"),
        ("ListStreamConsumers", {}, "ValidationException", "Value null at 'streamARN'"),
        ("SubscribeToShard", {}, "ValidationException", "3 validation errors detected: Value null at 'consumerARN'"),
        ("SubscribeToShard", None, "SerializationException", ""),
        ("SubscribeToShard", DEEP, "SerializationException", ""),
        ("GetRecords", DEEP, "SerializationException", ""),
    ],
)
def test_a_wrong_request_is_refused_and_no_failure(
    sandbox_server: Any, operation: str, request_: Any, code: str, words: str
) -> None:
    """The forms are those of mhart/kinesalite validations/index.js, recorded on AWS."""
    kinesis = AwsJson(sandbox_server.endpoint_url, "kinesis", "eu-west-1")
    with pytest.raises(RemoteError) as refused:
        kinesis.call(operation, request_, dict[str, Any])
    kinesis.close()
    assert (refused.value.status, refused.value.code) == (400, code)
    assert words in refused.value.message


@pytest.mark.parametrize("operation", ["DescribeStream", "GetShardIterator", "GetRecords"])
def test_a_wrong_request_for_a_table_s_stream_is_refused(sandbox_server: Any, operation: str) -> None:
    streams = AwsJson(sandbox_server.endpoint_url, "dynamodbstreams", "eu-west-1")
    with pytest.raises(RemoteError, match="failed to satisfy constraint: Member must not be null") as refused:
        streams.call(operation, {}, dict[str, Any])
    streams.close()
    assert refused.value.code == "ValidationException"
