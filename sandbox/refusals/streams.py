"""Kinesis: a stream's mode and its shards.

badmintoncryer/cdk-preflight rules/kinesis, aws/aws-cdk issue 18139. The
retention's bounds are moto's already, in the service's words.
"""

from __future__ import annotations

from sandbox.front.reply import ServiceError
from sandbox.refusals.registry import Asked, refuses


@refuses("kinesis", "CreateStream")
def shards(asked: Asked) -> ServiceError | None:
    """An on-demand stream has no count of shards, one that says that it is provisioned has."""
    mode = asked.at("StreamModeDetails.StreamMode")
    counted = asked.get("ShardCount") is not None
    if mode == "ON_DEMAND" and counted:
        return ServiceError("ValidationException", "ShardCount is not expected when StreamMode=ON_DEMAND")
    if mode == "PROVISIONED" and not counted:
        return ServiceError("ValidationException", "ShardCount is expected when StreamMode=PROVISIONED")
    return None
