"""Kinesis: rules of a stream's mode and shards.

badmintoncryer/cdk-preflight rules/kinesis, aws/aws-cdk issue 18139. moto already checks the retention's bounds with the
service's sentence.
A name that is taken, and the least hash key of a split: mhart/kinesalite test/createStream.js and test/splitShard.js,
recorded on AWS.
The limits of UpdateShardCount: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html, with
the sentences of a fork of mhart/kinesalite, actions/updateShardCount.js.
"""

from __future__ import annotations

from moto.kinesis.models import kinesis_backends

from sandbox.front.reply import ServiceError
from sandbox.refusals.registry import Asked, refuses
from sandbox.state import ACCOUNT_ID


@refuses("kinesis", "CreateStream")
def shards(asked: Asked) -> ServiceError | None:
    """Refuse a shard count for an on-demand stream, and its absence for an explicitly provisioned one."""
    mode = asked.at("StreamModeDetails.StreamMode")
    counted = asked.get("ShardCount") is not None
    if mode == "ON_DEMAND" and counted:
        return ServiceError("ValidationException", "ShardCount is not expected when StreamMode=ON_DEMAND")
    if mode == "PROVISIONED" and not counted:
        return ServiceError("ValidationException", "ShardCount is expected when StreamMode=PROVISIONED")
    return None


@refuses("kinesis", "CreateStream")
def existing(asked: Asked) -> ServiceError | None:
    """Refuse a stream of a name that is taken; moto says only the name."""
    name = asked.get("StreamName")
    if name not in kinesis_backends[ACCOUNT_ID][asked.region].streams:
        return None
    return ServiceError("ResourceInUseException", f"Stream {name} under account {ACCOUNT_ID} already exists.")


@refuses("kinesis", "SplitShard")
def first_hash(asked: Asked) -> ServiceError | None:
    """Refuse a split after a shard's first hash key, which moto makes; moto refuses those outside the shard."""
    name = asked.get("StreamName") or str(asked.get("StreamARN")).partition(":stream/")[2]
    stream = kinesis_backends[ACCOUNT_ID][asked.region].streams.get(name)
    shard = None if stream is None else stream.shards.get(asked.get("ShardToSplit"))
    if shard is None or int(asked.get("NewStartingHashKey")) != shard.starting_hash + 1:
        return None
    return ServiceError(
        "InvalidArgumentException",
        f"NewStartingHashKey {asked.get('NewStartingHashKey')} used in SplitShard() on shard {shard.shard_id} in "
        f"stream {name} under account {ACCOUNT_ID} is not both greater than one plus the shard's StartingHashKey "
        f"{shard.starting_hash} and less than the shard's EndingHashKey {shard.ending_hash}.",
    )


@refuses("kinesis", "UpdateShardCount")
def scaling(asked: Asked) -> ServiceError | None:
    """Refuse more than double or less than half of a provisioned stream's open shards; moto reshards to any number."""
    name = asked.get("StreamName") or str(asked.get("StreamARN")).partition(":stream/")[2]
    stream = kinesis_backends[ACCOUNT_ID][asked.region].streams.get(name)
    if stream is None or stream.stream_mode.get("StreamMode") == "ON_DEMAND":
        return None
    count, target = sum(shard.is_open for shard in stream.shards.values()), asked.get("TargetShardCount")
    if count / 2 <= target <= count * 2:
        return None
    how = "scale up over double" if target > count else "scale down below half"
    return ServiceError(
        "LimitExceededException",
        f"UpdateShardCount cannot {how} your current open shard count. "
        f"Current open shard count: {count}, Target shard count: {target}",
    )


@refuses("kinesis", "DeleteStream")
def consumers(asked: Asked) -> ServiceError | None:
    """Refuse to delete a stream with registered consumers, unless the call says so; the sentence is the sandbox's.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeleteStream.html, EnforceConsumerDeletion
    """
    name = asked.get("StreamName") or str(asked.get("StreamARN")).partition(":stream/")[2]
    stream = kinesis_backends[ACCOUNT_ID][asked.region].streams.get(name)
    if stream is None or not stream.consumers or asked.get("EnforceConsumerDeletion"):
        return None
    count = len(stream.consumers)
    return ServiceError(
        "ResourceInUseException",
        f"Stream {name} under account {ACCOUNT_ID} has {count} registered consumer{'s' if count > 1 else ''}: "
        "deregister them first, or set EnforceConsumerDeletion.",
    )
