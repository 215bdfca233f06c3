"""The checkpoint of a delivery stream: never past a record that is not delivered, always up to those that are."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from sandbox.firehose.records import BufferedRecord, RecordsInFlight
from sandbox.shards import Checkpoint
from sandbox.state import StateDir
from sandbox.streams import KinesisRecord


@given(data=st.data(), deliveries=st.integers(1, 2), shards=st.integers(1, 3), count=st.integers(0, 30))
def test_a_checkpoint_is_behind_the_oldest_record_in_flight(
    data: st.DataObject, deliveries: int, shards: int, count: int
) -> None:
    with TemporaryDirectory() as directory:
        checkpoint = Checkpoint(StateDir(Path(directory)), "stream", "identity")
        ledger = RecordsInFlight(checkpoint)
        records = [
            BufferedRecord(f"shard-{i % shards}", KinesisRecord(str(i), float(i), "k", b"x"), deliveries)
            for i in range(count)
        ]
        for record in records:
            ledger.add(record)
        order = data.draw(st.permutations(records * deliveries))
        for record in order[: data.draw(st.integers(0, len(order)))]:
            ledger.acknowledge(record)
            ledger.save()

        for shard in {record.shard_id for record in records}:
            mine = [record for record in records if record.shard_id == shard]
            done = [record.pending == 0 for record in mine]
            leading = done.index(False) if False in done else len(done)
            expected = mine[leading - 1].source.sequence if leading else None
            assert checkpoint.accepted(shard) == expected
            assert ledger.is_empty(shard) == all(done)
        assert ledger.in_flight_bytes == sum(record.pending > 0 for record in records)
