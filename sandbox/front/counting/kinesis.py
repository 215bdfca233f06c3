"""Kinesis' metrics of streams, and of shards with enhanced monitoring.

https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sandbox.front.counting.latency import SCALE, ticks_since
from sandbox.monitoring.recorder import RECORDER, metric

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.kinesis.models import Stream

    from sandbox.kinesis.shard import StoredShard

NAMESPACE = "AWS/Kinesis"
THROTTLED = "ProvisionedThroughputExceededException"


class KinesisCounter:
    """Counts the records that the streams of this process receive and return. Not thread-safe."""

    def __init__(self) -> None:
        self._samples: dict[tuple[str, str, str, str], Callable[[float], None]] = {}

    def put(
        self,
        stream: Stream,
        operation: str,
        shards: Sequence[StoredShard],
        sizes: Sequence[int],
        codes: Mapping[int, str],
        began_ns: int,
    ) -> None:
        """Count a PutRecord or PutRecords: each record's shard and size, and the refused ones' error codes by place."""
        region, name = stream.region, stream.stream_name
        taken, throttled = len(sizes) - len(codes), sum(code == THROTTLED for code in codes.values())
        taken_bytes = sum(sizes) - sum(sizes[place] for place in codes)
        self._add(region, name, f"{operation}.Latency", ticks_since(began_ns))
        self._add(region, name, f"{operation}.Bytes", taken_bytes)
        self._add(region, name, f"{operation}.Success", 1 if taken else 0)
        if operation == "PutRecords":
            self._add(region, name, "PutRecords.Records", taken)
            self._add(region, name, "PutRecords.TotalRecords", len(sizes))
            self._add(region, name, "PutRecords.SuccessfulRecords", taken)
            self._add(region, name, "PutRecords.FailedRecords", len(codes) - throttled)
            self._add(region, name, "PutRecords.ThrottledRecords", throttled)
        self._add(region, name, "IncomingRecords", taken)
        self._add(region, name, "IncomingBytes", taken_bytes)
        self._add(region, name, "WriteProvisionedThroughputExceeded", throttled)
        if enhanced := _enhanced(stream):
            for place, (shard, size) in enumerate(zip(shards, sizes, strict=True)):
                id_, code = shard.shard_id, codes.get(place)
                self._add_of_shard(stream, enhanced, "IncomingRecords", id_, 0 if code else 1)
                self._add_of_shard(stream, enhanced, "IncomingBytes", id_, 0 if code else size)
                self._add_of_shard(stream, enhanced, "WriteProvisionedThroughputExceeded", id_, int(code == THROTTLED))

    def got(self, stream: Stream, shard: str, records: Sequence[bytes], age_ms: int, began_ns: int) -> None:
        """Count a GetRecords; `age_ms` is the age of the last record returned, 0 at the end of the shard."""
        region, name = stream.region, stream.stream_name
        size = sum(map(len, records))
        self._add(region, name, "GetRecords.Latency", ticks_since(began_ns))
        self._add(region, name, "GetRecords.Records", len(records))
        self._add(region, name, "GetRecords.Bytes", size)
        self._add(region, name, "GetRecords.Success", 1)
        self._add(region, name, "GetRecords.IteratorAgeMilliseconds", age_ms)
        self._add(region, name, "ReadProvisionedThroughputExceeded", 0)
        if enhanced := _enhanced(stream):
            self._add_of_shard(stream, enhanced, "OutgoingRecords", shard, len(records))
            self._add_of_shard(stream, enhanced, "OutgoingBytes", shard, size)
            self._add_of_shard(stream, enhanced, "IteratorAgeMilliseconds", shard, age_ms)
            self._add_of_shard(stream, enhanced, "ReadProvisionedThroughputExceeded", shard, 0)

    def refused(self, region: str, operation: str, stream: str, code: str) -> None:
        """Count a call that was refused as a whole."""
        if operation not in ("PutRecord", "PutRecords", "GetRecords") or not stream:
            return
        self._add(region, stream, f"{operation}.Success", 0)
        if code == THROTTLED:
            verb = "Read" if operation == "GetRecords" else "Write"
            self._add(region, stream, f"{verb}ProvisionedThroughputExceeded", 1)

    def _add(self, region: str, stream: str, name: str, value: float, shard: str = "") -> None:
        key = (region, stream, name, shard)
        sample = self._samples.get(key)
        if sample is None:
            dimensions = {"StreamName": stream} | ({"ShardId": shard} if shard else {})
            latency = name.endswith(".Latency")
            unit = (
                "Milliseconds" if latency or "Milliseconds" in name else "Bytes" if name.endswith("Bytes") else "Count"
            )
            counted = metric(NAMESPACE, name, **dimensions)
            sample = self._samples[key] = RECORDER.series(region, counted, unit, SCALE if latency else 1.0).add
        sample(value)

    def _add_of_shard(self, stream: Stream, enhanced: frozenset[str], name: str, shard: str, value: float) -> None:
        if name in enhanced or "ALL" in enhanced:
            self._add(stream.region, stream.stream_name, name, value, shard)


def _enhanced(stream: Stream) -> frozenset[str]:
    """The shard metrics that are enabled.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_EnableEnhancedMonitoring.html
    """
    return frozenset(vars(stream).get("shard_level_metrics") or ())


KINESIS = KinesisCounter()
"""The counter of this process."""
