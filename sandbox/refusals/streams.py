"""Kinesis: rules of a stream's mode and shards.

badmintoncryer/cdk-preflight rules/kinesis, aws/aws-cdk issue 18139. moto already checks the retention's bounds with the
service's sentence.
"""

from __future__ import annotations

from sandbox.front.reply import ServiceError
from sandbox.refusals.registry import Asked, refuses


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
