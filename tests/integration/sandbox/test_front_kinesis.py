# ruff: noqa: E501 - a sentence of AWS's is one line, however long

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.state import client


class Stream:
    """A stream of two shards."""

    def __init__(self, url: str, name: str) -> None:
        self.name = name
        self.kinesis = client("kinesis", url)
        self.kinesis.create_stream(StreamName=name, ShardCount=2)
        self.arn = self.kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]

    def put(self, *keys: str) -> list[Any]:
        records = [{"Data": key.encode() * 3, "PartitionKey": key} for key in keys]
        return self.kinesis.put_records(StreamName=self.name, Records=records)["Records"]

    def shards(self) -> list[str]:
        return [shard["ShardId"] for shard in self.kinesis.list_shards(StreamName=self.name)["Shards"]]

    def iterator(self, shard: str, kind: str = "TRIM_HORIZON", **more: Any) -> str:
        stream = {"StreamARN": self.arn, "ShardId": shard, "ShardIteratorType": kind}
        return self.kinesis.get_shard_iterator(**stream, **more)["ShardIterator"]

    def read(self, iterator: str, **more: Any) -> Any:
        return self.kinesis.get_records(ShardIterator=iterator, **more)

    def keys(self, iterator: str, **more: Any) -> list[str]:
        return [record["PartitionKey"] for record in self.read(iterator, **more)["Records"]]


@pytest.fixture
def stream(sandbox_server: Any, request: pytest.FixtureRequest) -> Iterator[Stream]:
    stream = Stream(sandbox_server.endpoint_url, f"k-{abs(hash(request.node.name))}")
    yield stream
    stream.kinesis.delete_stream(StreamName=stream.name, EnforceConsumerDeletion=True)


def test_what_is_put_is_read_in_the_order_of_its_shard(stream: Stream) -> None:
    keys = [f"key {number}" for number in range(20)]
    put = stream.put(*keys)
    single = stream.kinesis.put_record(StreamARN=stream.arn, PartitionKey="ü", Data=b"\x00\xff")

    read: dict[str, list[Any]] = {shard: stream.read(stream.iterator(shard))["Records"] for shard in stream.shards()}

    assert all(read.values()), "both shards have some"
    for shard, records in read.items():
        sequences = [record["SequenceNumber"] for record in records]
        assert sequences == [result["SequenceNumber"] for result in [*put, single] if result["ShardId"] == shard]
        assert sequences == sorted(set(sequences), key=int)
        for record in records:
            assert record["Data"] == (
                b"\x00\xff" if record["PartitionKey"] == "ü" else record["PartitionKey"].encode() * 3
            )
            assert time.time() - record["ApproximateArrivalTimestamp"].timestamp() < 60


def test_the_same_key_goes_to_the_same_shard_and_a_hash_key_where_it_says(stream: Stream) -> None:
    assert len({result["ShardId"] for result in stream.put("same", "same", "same")}) == 1

    def shard(hash_key: int) -> str:
        return stream.kinesis.put_record(
            StreamName=stream.name, PartitionKey="x", Data=b"", ExplicitHashKey=str(hash_key)
        )["ShardId"]

    first, second = stream.shards()
    assert [shard(0), shard(2**127 - 1), shard(2**127), shard(2**128 - 1)] == [first, first, second, second]


def test_a_shard_is_read_from_where_one_likes(stream: Stream) -> None:
    results = [stream.put("a")[0] for _ in range(3)]
    shard = results[0]["ShardId"]
    records = stream.read(stream.iterator(shard))["Records"]
    sequence = results[1]["SequenceNumber"]

    def count(kind: str, **more: Any) -> int:
        return len(stream.keys(stream.iterator(shard, kind, **more)))

    assert count("TRIM_HORIZON") == 3
    assert count("LATEST") == 0
    assert count("AT_SEQUENCE_NUMBER", StartingSequenceNumber=sequence) == 2
    assert count("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=sequence) == 1
    assert count("AT_TIMESTAMP", Timestamp=records[0]["ApproximateArrivalTimestamp"]) == 3
    assert count("AT_TIMESTAMP", Timestamp=1) == 3


def test_a_reader_goes_on_where_it_was_and_knows_how_far_it_is_behind(stream: Stream) -> None:
    shard = stream.put(*["a"] * 5)[0]["ShardId"]

    first = stream.read(stream.iterator(shard), Limit=2)
    rest = stream.read(first["NextShardIterator"])

    assert (len(first["Records"]), len(rest["Records"])) == (2, 3)
    assert rest["MillisBehindLatest"] == 0
    assert stream.keys(rest["NextShardIterator"]) == []
    stream.put("a")
    assert stream.keys(rest["NextShardIterator"]) == ["a"]


def test_a_split_shard_keeps_its_records_and_ends_with_its_children(stream: Stream) -> None:
    parent = stream.put("a")[0]["ShardId"]
    description = stream.kinesis.describe_stream(StreamName=stream.name)["StreamDescription"]
    (hash_range,) = (shard["HashKeyRange"] for shard in description["Shards"] if shard["ShardId"] == parent)
    middle = (int(hash_range["StartingHashKey"]) + int(hash_range["EndingHashKey"])) // 2

    stream.kinesis.split_shard(StreamName=stream.name, ShardToSplit=parent, NewStartingHashKey=str(middle))
    child = stream.put("a")[0]["ShardId"]

    assert child != parent
    end = stream.read(stream.iterator(parent))
    assert [record["PartitionKey"] for record in end["Records"]] == ["a"]
    assert "NextShardIterator" not in end
    assert child in {shard["ShardId"] for shard in end["ChildShards"]}
    assert stream.keys(stream.iterator(child)) == ["a"]
    closed = {shard["ShardId"]: shard for shard in stream.kinesis.list_shards(StreamName=stream.name)["Shards"]}
    assert "EndingSequenceNumber" in closed[parent]["SequenceNumberRange"]


def test_one_call_scales_to_between_half_and_double_of_the_open_shards(stream: Stream) -> None:
    """https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html."""

    def scale(target: int) -> str:
        try:
            stream.kinesis.update_shard_count(
                StreamName=stream.name, TargetShardCount=target, ScalingType="UNIFORM_SCALING"
            )
        except ClientError as error:
            response: Any = error.response
            return str(response["Error"]["Code"])
        return ""

    def opened() -> int:
        described: Any = stream.kinesis.describe_stream_summary(StreamName=stream.name)
        return described["StreamDescriptionSummary"]["OpenShardCount"]

    assert opened() == 2
    assert (scale(5), opened()) == ("LimitExceededException", 2)
    assert (scale(4), opened()) == ("", 4)
    assert (scale(3), opened()) == ("", 3)
    assert (scale(1), opened()) == ("LimitExceededException", 3)
    assert (scale(2), opened()) == ("", 2)


def test_more_than_a_call_takes_is_refused(stream: Stream) -> None:
    with pytest.raises(ClientError, match="length less than or equal to 500"):
        stream.put(*["a"] * 501)
    with pytest.raises(ClientError, match="1048576"):
        stream.kinesis.put_record(StreamName=stream.name, PartitionKey="a", Data=b"x" * (2**20 + 1))
    with pytest.raises(ClientError, match="10 MB"):
        stream.kinesis.put_records(
            StreamName=stream.name, Records=[{"PartitionKey": "a", "Data": b"x" * (2**20 - 1)} for _ in range(11)]
        )
    assert all(stream.keys(stream.iterator(shard)) == [] for shard in stream.shards())


def test_a_record_is_its_data_and_its_partition_key(stream: Stream) -> None:
    """The limit applies to both together: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html"""
    stream.kinesis.put_record(StreamName=stream.name, PartitionKey="é", Data=b"x" * (2**20 - 2))
    with pytest.raises(ClientError, match="1048576"):
        stream.kinesis.put_record(StreamName=stream.name, PartitionKey="é", Data=b"x" * (2**20 - 1))


def test_what_is_not_there_is_said(stream: Stream) -> None:
    with pytest.raises(stream.kinesis.exceptions.ResourceNotFoundException):
        stream.kinesis.put_record(StreamName="nowhere", PartitionKey="a", Data=b"")
    with pytest.raises(stream.kinesis.exceptions.ResourceNotFoundException):
        stream.iterator("shardId-000000000009")
    with pytest.raises(stream.kinesis.exceptions.InvalidArgumentException):
        stream.read("nonsense")


HERE = (
    "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON"
)
LATER = "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: "


@pytest.mark.parametrize(
    ("kind", "more", "said"),
    [
        ("AT_SEQUENCE_NUMBER", {}, f"{HERE} or LATEST and no StartingSequenceNumber. Request specified AT_SEQUENCE_NUMBER and no StartingSequenceNumber."),
        ("LATEST", {"StartingSequenceNumber": "5"}, f"{HERE} or LATEST and no StartingSequenceNumber. Request specified LATEST and also a StartingSequenceNumber."),
        ("AT_TIMESTAMP", {}, "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter."),
        ("AT_TIMESTAMP", {"Timestamp": 4_000_000_000}, f"{LATER}4000000000000, currentTimestampInMillis: "),
        ("AFTER_SEQUENCE_NUMBER", {"StartingSequenceNumber": "5"}, "StartingSequenceNumber 5 used in GetShardIterator on shard shardId-000000000000 in stream"),
    ],
)  # fmt: skip
def test_an_iterator_has_the_position_of_its_type(stream: Stream, kind: str, more: dict[str, Any], said: str) -> None:
    """The sentences are recorded on AWS in mhart/kinesalite test/getShardIterator.js."""
    with pytest.raises(ClientError) as refused:
        stream.iterator(stream.shards()[0], kind, **more)

    assert f"(InvalidArgumentException) when calling the GetShardIterator operation: {said}" in str(refused.value)


def test_a_sequence_number_is_one_of_the_shard(stream: Stream) -> None:
    """The sentence is recorded on AWS in mhart/kinesalite test/getShardIterator.js."""
    first, second = stream.shards()
    put = stream.kinesis.put_record(StreamName=stream.name, PartitionKey="x", Data=b"", ExplicitHashKey="0")

    with pytest.raises(ClientError, match=f"It encodes {first}, while it was used in a call to a shard with {second}"):
        stream.iterator(second, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=put["SequenceNumber"])


def test_what_a_stream_cannot_be_is_said(stream: Stream) -> None:
    """The sentences are recorded on AWS in mhart/kinesalite test/createStream.js, putRecord.js and splitShard.js."""
    kinesis, first = stream.kinesis, stream.shards()[0]
    with pytest.raises(ClientError, match=f"Stream {stream.name} under account [0-9]+ already exists[.]"):
        kinesis.create_stream(StreamName=stream.name, ShardCount=1)
    with pytest.raises(ClientError, match=f"range: .0, 2.128-1.. Specified value was {2**128}$"):
        kinesis.put_record(StreamName=stream.name, PartitionKey="x", Data=b"", ExplicitHashKey=str(2**128))
    with pytest.raises(ClientError, match="not both greater than one plus the shard's StartingHashKey 0 and less than"):
        kinesis.split_shard(StreamName=stream.name, ShardToSplit=first, NewStartingHashKey="1")
    with pytest.raises(ClientError, match="Could not find shard shardId-000000000009 in stream"):
        kinesis.merge_shards(StreamName=stream.name, ShardToMerge=first, AdjacentShardToMerge="shardId-000000000009")
    kinesis.split_shard(StreamName=stream.name, ShardToSplit=first, NewStartingHashKey="2")
