"""DynamoDB's throughput limits, and the faults that concern single items: the gate of the engine's operations.

A partition key accepts 1,000 write units and 3,000 read units per second. A provisioned table accepts its provisioned
units, and those unused in the last 300 seconds; an on-demand table its configured maximum, its warm throughput (4,000
write units and 12,000 read units when it is new) or twice its previous peak, and at most its quota of 40,000.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from sandbox.dynamodb.admission import ADMISSION, Capacity, Throughput, throttled
from sandbox.dynamodb.capacity import Consumed
from sandbox.dynamodb.errors import DynamoError
from sandbox.dynamodb.table import ItemChange, StoredTable
from sandbox.faults import errors
from sandbox.faults.active import ActiveFaults, Standing
from sandbox.faults.buckets import Peaks, TokenBucket

BURST_S = 300.0
QUOTA = Throughput(40_000, 40_000)
_MAX_PARTITIONS = 100_000
_SECOND = 1.0


class _Need(NamedTuple):
    """The units that a call needs of a partition key of a table or index; None for a read of several partition keys."""

    units: float
    partition: str | None
    of_index: str | None = None


class _Lack(NamedTuple):
    """The exceeded limit: the error's code and message, and AWS's name of the limit."""

    code: str
    message: str
    limit: str
    of_index: str | None


class ThroughputGate:
    """Refuses calls by the faults `limits`, `throttle` and `partial` that are on."""

    def __init__(
        self,
        active: ActiveFaults,
        capacity_of: Callable[[StoredTable], Capacity],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._active = active
        self._capacity_of = capacity_of
        self._clock = clock
        self._buckets: dict[tuple[str, str | None, str, str | None], TokenBucket] = {}
        self._peaks: dict[tuple[str, str], Peaks] = {}

    def writes(self, changes: Sequence[tuple[StoredTable, ItemChange]], factor: int = 1) -> list[DynamoError | None]:
        """For each write the error that refuses it, or None."""
        return [self._write(table, change, factor) for table, change in changes]

    def batched(self, operation: str, count: int) -> list[DynamoError | None]:
        """For each entry of a batch the error with which the fault `partial` refuses it, or None."""
        refused: list[DynamoError | None] = [None] * count
        for standing in self._active.matching("partial", "dynamodb", operation):
            for number in self._active.part_of(standing, count):
                refused[number] = throttled(errors.PROVISIONED, errors.OVER_PROVISIONED, "", "")
        return refused

    def read(
        self, table: StoredTable, units: float, partition: str | None, index: str | None = None
    ) -> DynamoError | None:
        """The error that refuses a read, or None."""
        return self._refusal(table, "Read", [_Need(units, partition, index)], partition)

    def _write(self, table: StoredTable, change: ItemChange, factor: int) -> DynamoError | None:
        consumed = Consumed(table.schema)
        consumed.add_write(table, change, factor)
        needs = [_Need(consumed.table, change.key.hash)]
        needs += [_Need(units, _index_key(table, change, name), name) for name, units in consumed.indexes.items()]
        return self._refusal(table, "Write", needs, change.key.hash)

    def _refusal(self, table: StoredTable, verb: str, needs: list[_Need], partition: str | None) -> DynamoError | None:
        capacity = self._capacity_of(table)
        if throttle := self._throttle(table.schema.name, partition):
            code = throttle.fault.text("error")
            return throttled(
                code, errors.form_of("dynamodb", code).message, capacity.arn, verb, "KeyRangeThroughputExceeded"
            )
        for standing in self._active.matching("limits", "dynamodb", ADMISSION.operation):
            if standing.fault.text("table") in ("", table.schema.name):
                lack = self._lack(standing, capacity, verb, needs)
                if lack is not None and self._active.strikes(standing):
                    return throttled(lack.code, lack.message, capacity.arn, verb, lack.limit, lack.of_index)
        return None

    def _throttle(self, table: str, partition: str | None) -> Standing | None:
        """The fault that concerns this table and partition and strikes; one without them strikes whole requests."""
        for standing in self._active.matching("throttle", "dynamodb", ADMISSION.operation):
            fault = standing.fault
            wanted = fault.text("table"), fault.text("partition")
            if (
                wanted != ("", "")
                and wanted[0] in ("", table)
                and wanted[1] in ("", partition)
                and self._active.strikes(standing)
            ):
                return standing
        return None

    def _lack(self, standing: Standing, capacity: Capacity, verb: str, needs: list[_Need]) -> _Lack | None:
        """The limit that a call would exceed; if there is no such limit, consume the call's units."""
        taken: list[tuple[TokenBucket | Peaks, float]] = []
        for need in needs:
            for bucket, lack in self._limits(standing, capacity, verb, need):
                enough = bucket.has(need.units) if isinstance(bucket, TokenBucket) else bucket.admits(need.units)
                if not enough:
                    return lack
                taken.append((bucket, need.units))
        for bucket, units in taken:
            bucket.take(units)
        return None

    def _limits(
        self, standing: Standing, capacity: Capacity, verb: str, need: _Need
    ) -> Iterator[tuple[TokenBucket | Peaks, _Lack]]:
        """The limits of a table or index that apply to a call."""
        code, over = (
            (errors.PROVISIONED, errors.OVER_PROVISIONED if need.of_index is None else errors.OVER_PROVISIONED_INDEX)
            if capacity.provisioned
            else (errors.THROTTLING, errors.OVER_CURRENT)
        )
        place = capacity.arn, need.of_index, verb
        if need.partition is not None:
            per_s = standing.fault.number("partition_writes" if verb == "Write" else "partition_reads")
            lack = _Lack(code, over, "KeyRangeThroughputExceeded", need.of_index)
            yield self._bucket((*place, need.partition), per_s, _SECOND), lack
        limit = _of(
            capacity.limit if need.of_index is None else capacity.indexes.get(need.of_index, Throughput(0, 0)), verb
        )
        if capacity.provisioned:
            if limit:
                lack = _Lack(code, over, "ProvisionedThroughputExceeded", need.of_index)
                yield self._bucket((*place, None), limit, BURST_S), lack
            return
        if limit:
            lack = _Lack(code, errors.OVER_MAXIMUM, "MaxOnDemandThroughputExceeded", need.of_index)
            yield self._bucket((*place, None), limit, _SECOND), lack
        if need.of_index is None:
            yield self._peak(capacity, verb), _Lack(code, over, "KeyRangeThroughputExceeded", None)
            quota = _Lack(code, over, "AccountLimitExceeded", None)
            yield self._bucket((capacity.arn, None, f"{verb} quota", None), _of(QUOTA, verb), _SECOND), quota

    def _bucket(self, key: tuple[str, str | None, str, str | None], per_s: float, burst_s: float) -> TokenBucket:
        bucket = self._buckets.get(key)
        if bucket is None or bucket.per_s != per_s:
            if len(self._buckets) >= _MAX_PARTITIONS:
                self._buckets.clear()
            bucket = self._buckets[key] = TokenBucket(per_s, burst_s, self._clock)
        return bucket

    def _peak(self, capacity: Capacity, verb: str) -> Peaks:
        key = capacity.arn, verb
        if key not in self._peaks:
            self._peaks[key] = Peaks(_of(capacity.warm, verb), self._clock)
        return self._peaks[key]


def _of(throughput: Throughput, verb: str) -> float:
    return throughput.write if verb == "Write" else throughput.read


def _index_key(table: StoredTable, change: ItemChange, name: str) -> str | None:
    """The partition key of an item in an index, after the change or else before it."""
    part = table.schema.indexes[name].key.hash
    for item in (change.new, change.old):
        value = None if item is None else item.attributes.get(part.name)
        if value is not None and part.kind in value:
            return str(value[part.kind])
    return None
