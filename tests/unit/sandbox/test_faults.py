"""A fault's check, when it strikes, and what the limits of throughput admit."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from sandbox.dynamodb.admission import Capacity, Throughput
from sandbox.dynamodb.items import Key, StoredItem
from sandbox.dynamodb.schema import Index, KeySchema, KeySchemaElement, TableSchema
from sandbox.dynamodb.storage import Store
from sandbox.dynamodb.table import ItemChange, StoredTable
from sandbox.errors import SandboxError
from sandbox.faults import Fault
from sandbox.faults.active import ActiveFaults
from sandbox.faults.active_file import FILE
from sandbox.faults.buckets import PEAK_AGE_S, Peaks
from sandbox.faults.kinds import KINDS, checked
from sandbox.faults.throughput import ThroughputGate
from sandbox.kinesis.throughput import ShardThroughput
from sandbox.state import StateDir

# The check


def test_what_is_left_out_has_its_default() -> None:
    assert checked(Fault("throttle", "dynamodb")).parameters == {
        "error": "ProvisionedThroughputExceededException",
        "caller": "all",
    }
    assert checked(Fault("limits")) == Fault(
        "limits", "dynamodb", parameters={"partition_writes": 1000.0, "partition_reads": 3000.0}
    )
    assert checked(Fault("expired-iterator", "kinesis")).operation == "GetRecords"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("throtle"), ("'throtle' is not a kind of fault: there are crash", "Did you mean 'throttle'?")),
        (Fault("throttle"), ("A service of 'throttle' is missing", "dynamodb, ")),
        (Fault("throttle", "dynamo"), ("'dynamo' is not a service of 'throttle': there are", "dynamodbstreams")),
        (Fault("error", "s3", "PutThing"), ("no operation 'PutThing' of s3",)),
        (Fault("partial", "kinesis", "PutRecord"), ("'PutRecord' is not an operation of 'partial' for kinesis",)),
        (Fault("reset", "s3", parameters={"wehn": "after"}), ("'wehn' is not a parameter of 'reset'", "caller, when")),
        (Fault("reset", "s3", parameters={"when": "later"}), ("'later'", "after, before")),
        (Fault("crash", "pipes", parameters={"point": "after-object"}), ("'after-object'", "after-put")),
        (Fault("throttle", "s3", parameters={"error": "Slow"}), ("'Slow'", "SlowDown")),
        (Fault("limits", "kinesis", parameters={"partition_reads": 1}), ("'partition_reads'", "are shard_bytes")),
        (Fault("latency", "s3", parameters={"ms": "long"}), ("ms=long", "0 to 600000")),
        (Fault("latency", "s3", parameters={"ms": -1}), ("ms=-1", "0 to 600000")),
        (Fault("partial", "kinesis", parameters={"part": 1.5}), ("part=1.5", "0 to 1")),
        (Fault("error", "s3", share=0), ("share of 0", "above 0")),
        (Fault("error", "s3", count=0), ("count of 0", "1 or more")),
    ],
)
def test_what_is_not_valid_is_refused_in_a_sentence_that_lists_what_there_is(
    fault: Fault, words: tuple[str, ...]
) -> None:
    with pytest.raises(SandboxError) as refused:
        checked(fault)
    for word in words:
        assert word in str(refused.value)


def test_every_kind_is_valid_with_its_defaults() -> None:
    for name, kind in KINDS.items():
        for service in kind.services:
            assert checked(Fault(name, service)).service == service


# The faults that are on


def _struck(active: ActiveFaults, calls: int) -> list[bool]:
    return [active.first("error", "s3", "PutObject") is not None for _ in range(calls)]


def test_the_same_seed_strikes_the_same_calls() -> None:
    runs: list[list[bool]] = []
    for seed in (1, 1, 2):
        active = ActiveFaults()
        active.add(Fault("error", "s3", share=0.5, seed=seed))
        runs.append(_struck(active, 100))
    assert runs[0] == runs[1] != runs[2]
    assert 30 < sum(runs[0]) < 70


def test_a_fault_ends_after_its_count_and_at_its_time() -> None:
    active = ActiveFaults()
    active.add(Fault("error", "s3", count=3))
    assert active.on
    assert _struck(active, 5) == [True] * 3 + [False] * 2
    assert not active.on
    (ended,) = active.listed()
    assert (ended.on, ended.met, ended.struck) == (False, 3, 3)
    active.add(Fault("error", "s3", until=time.time() - 1))
    assert _struck(active, 1) == [False]
    assert not active.on


def test_a_fault_concerns_its_operation_alone() -> None:
    active = ActiveFaults()
    active.add(Fault("error", "s3", "GetObject"))
    assert active.first("error", "s3", "PutObject") is None
    assert active.first("error", "dynamodb", "GetObject") is None
    assert active.first("error", "s3", "GetObject") is not None


def test_a_later_server_continues_with_the_faults_that_are_on(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    first = ActiveFaults()
    first.open(state)
    active = first.add(Fault("error", "s3"))
    first.add(Fault("latency", "s3", count=1))
    assert first.first("latency", "s3")
    second = ActiveFaults()
    second.open(state)
    assert second.on
    assert [(each.fault.kind, each.on, each.struck) for each in second.listed()] == [
        ("latency", False, 1),
        ("error", True, 0),
    ]
    assert second.add(Fault("error", "s3")).id != active.id
    second.remove([])
    assert not (tmp_path / FILE).exists()
    with pytest.raises(SandboxError, match="no fault 'f9': no fault is on"):
        second.remove(["f9"])


# Throughput


class _Clock:
    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


_STRING = KeySchemaElement("id", "S")
_BY_STATUS = Index("by-status", "Global", KeySchema(KeySchemaElement("status", "S"), None), None)
_NEW = Throughput(12_000, 4_000)


def _table() -> StoredTable:
    key = KeySchema(_STRING, None)
    return StoredTable(TableSchema("orders", key, {"by-status": _BY_STATUS}), Store(key), lambda _old, _new, _by: None)


def _write(key: str, units: int = 1, status: str | None = None) -> ItemChange:
    attributes: dict[str, Any] = {"id": {"S": key}}
    if status is not None:
        attributes["status"] = {"S": status}
    return ItemChange(Key(key), None, StoredItem(Key(key), attributes, units * 1024))


def _gate(clock: _Clock, capacity: Capacity) -> ThroughputGate:
    active = ActiveFaults()
    active.add(Fault("limits"))
    return ThroughputGate(active, lambda _table: capacity, clock)


def _on_demand(maximum: float = 0) -> Capacity:
    return Capacity("arn:orders", False, Throughput(0, maximum), _NEW, {})


def _admitted(gate: ThroughputGate, changes: list[ItemChange]) -> tuple[int, set[tuple[str, str]]]:
    """How many writes are admitted, and the code and reason of the others."""
    table = _table()
    errors = gate.writes([(table, change) for change in changes])
    refused = [error for error in errors if error is not None]
    members = ("ThrottlingReasons", "throttlingReasons")
    reasons = {
        (error.name, next(error.details[name] for name in members if name in error.details)[0]["reason"])
        for error in refused
    }
    return len(errors) - len(refused), reasons


def test_a_partition_key_takes_a_thousand_write_units_a_second() -> None:
    clock = _Clock()
    gate = _gate(clock, _on_demand())
    hot = [_write("hot")] * 1500
    reason = {("ThrottlingException", "TableWriteKeyRangeThroughputExceeded")}
    assert _admitted(gate, hot) == (1000, reason)
    assert _admitted(gate, [_write(str(n)) for n in range(500)]) == (500, set()), "others have room"
    clock.now_s += 0.5
    assert _admitted(gate, hot) == (500, reason)
    clock.now_s += 60
    assert _admitted(gate, hot) == (1000, reason), "a partition saves nothing"
    clock.now_s += 1
    assert _admitted(gate, [_write("hot", units=100)] * 20)[0] == 10


def test_an_index_has_partition_keys_too() -> None:
    gate = _gate(_Clock(), _on_demand())
    admitted, reasons = _admitted(gate, [_write(str(n), status="placed") for n in range(1500)])
    assert (admitted, reasons) == (1000, {("ThrottlingException", "IndexWriteKeyRangeThroughputExceeded")})


def test_a_provisioned_table_saves_what_is_not_used_for_five_minutes() -> None:
    clock = _Clock()
    gate = _gate(clock, Capacity("arn:orders", True, Throughput(10, 10), _NEW, {"by-status": Throughput(0, 0)}))
    writes = [_write(str(n)) for n in range(4000)]
    reason = {("ProvisionedThroughputExceededException", "TableWriteProvisionedThroughputExceeded")}
    assert _admitted(gate, writes) == (10, reason)
    clock.now_s += 20
    assert _admitted(gate, writes) == (200, reason)
    clock.now_s += 3600
    assert _admitted(gate, writes) == (3000, reason)


def test_an_on_demand_table_takes_its_maximum() -> None:
    gate = _gate(_Clock(), _on_demand(maximum=50))
    reason = {("ThrottlingException", "TableWriteMaxOnDemandThroughputExceeded")}
    assert _admitted(gate, [_write(str(n)) for n in range(80)]) == (50, reason)


def test_a_new_on_demand_table_takes_four_thousand_write_units_a_second() -> None:
    clock = _Clock()
    gate = _gate(clock, _on_demand())
    writes = [_write(str(n)) for n in range(5000)]
    assert _admitted(gate, writes)[0] == 4000
    clock.now_s += 1
    assert _admitted(gate, writes)[0] == 4000


def test_an_on_demand_table_takes_twice_its_peak_of_half_an_hour_ago() -> None:
    clock = _Clock()
    peaks = Peaks(4000, clock)
    assert peaks.admits(4000)
    peaks.take(4000)
    clock.now_s += 1
    assert not peaks.admits(4001)
    clock.now_s += PEAK_AGE_S
    assert peaks.admits(8000)
    assert not peaks.admits(8001)


def test_reads_have_limits_of_their_own() -> None:
    gate, table = _gate(_Clock(), _on_demand()), _table()
    errors = [gate.read(table, 1.0, "hot") for _ in range(3001)]
    assert [error is None for error in errors] == [True] * 3000 + [False]
    assert gate.read(table, 1.0, "cold") is None
    assert errors[-1] is not None
    assert errors[-1].details["throttlingReasons"][0]["reason"] == "TableReadKeyRangeThroughputExceeded"


def test_a_shard_takes_a_thousand_records_and_a_mebibyte_a_second() -> None:
    """https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html"""
    clock, active = _Clock(), ActiveFaults()
    active.add(Fault("limits", "kinesis"))
    throughput = ShardThroughput(active, clock)
    stream: Any = type("Stream", (), {"arn": "arn:changes", "stream_name": "changes", "account_id": "1"})()
    shards: list[Any] = [type("Shard", (), {"shard_id": f"shardId-{n:012}"})() for n in range(2)]
    refused = throughput.refused(stream, [(shards[0], 10)] * 1500, "PutRecords")
    assert list(refused) == list(range(1000, 1500))
    message = "Rate exceeded for shard shardId-000000000000 in stream changes under account 1."
    assert refused[1000] == ("ProvisionedThroughputExceededException", message)
    assert throughput.refused(stream, [(shards[1], 1 << 19)] * 3, "PutRecords").keys() == {2}
    assert throughput.refused(stream, [(shards[1], 10)], "PutRecord") != {}
    clock.now_s += 1
    assert throughput.refused(stream, [(shards[0], 10), (shards[1], 1 << 20)], "PutRecords") == {}


def test_a_shard_is_read_five_times_and_gives_two_mebibytes_a_second() -> None:
    """https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html: 10 MiB, and then five seconds."""
    clock, active = _Clock(), ActiveFaults()
    active.add(Fault("limits", "kinesis"))
    throughput = ShardThroughput(active, clock)
    stream: Any = type("Stream", (), {"arn": "arn:changes"})()
    shards: list[Any] = [type("Shard", (), {"shard_id": f"shardId-{n:012}"})() for n in range(2)]
    assert [throughput.readable_bytes(stream, shards[0]) for _ in range(6)] == [10 << 20] * 5 + [0]
    assert throughput.readable_bytes(stream, shards[1]) == 10 << 20
    throughput.has_read(stream, shards[1], 10 << 20)
    for _ in range(4):
        clock.now_s += 1
        assert throughput.readable_bytes(stream, shards[1]) == 0
    clock.now_s += 1
    assert throughput.readable_bytes(stream, shards[1]) == 10 << 20
