"""Runs against a server that fails: no acknowledged write is lost, no lost write is counted acknowledged."""

import random
import ssl
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from loadgen.dynamodb.retry import RetryPolicy
from loadgen.dynamodb.writer import Endpoint, Limits
from loadgen.engine.segment import Segment
from loadgen.job import Job
from loadgen.metrics.counters import Counts
from loadgen.schedule.keys import Uniform
from loadgen.schedule.mix import Mix
from loadgen.schedule.plan import Plan
from loadgen.schedule.profile import Constant
from stack.ledger import read_ledger
from tests.integration.loadgen.faulty import Fault, Faulty, Script, faulty_server

WRITES = 300
MIX = Mix(50, 40, 10)
INSERTS = Mix(1, 0, 0)
POLICY = RetryPolicy(max_attempts=1000, base_s=0.002, cap_s=0.02, budget=1.0, reserve=100_000)
"""A pause of the machine causes timeouts outside the script, so writes have many attempts."""
PATIENT_S, IMPATIENT_S = 30.0, 0.3
"""The reply timeouts: for scripts that reply to every request, and for scripts with missing replies."""


async def run(
    script: Script,
    ledger: Path,
    *,
    writer: str = "fast",
    batch: int = 1,
    mix: Mix = MIX,
    policy: RetryPolicy = POLICY,
    duration_s: float = 1.0,
    tls: ssl.SSLContext | None = None,
    read_timeout_s: float = PATIENT_S,
) -> tuple[Faulty, Counts, list[dict[str, Any]]]:
    """Carry out a plan in this process, `WRITES` per second; return the server, the counts and the ledger's lines."""
    async with faulty_server(script, tls) as (faulty, url):
        plan = Plan(
            profile=Constant(float(WRITES), duration_s),
            seed=4,
            mix=mix,
            keys=Uniform(0.1),
            batch=batch,
            max_in_flight=WRITES,
        )
        job = Job(
            plan=plan,
            endpoint=Endpoint(region="eu-west-1", url=url, access_key="AK", secret_key="secret"),
            table="orders",
            writer=writer,
            keys={"orders": ("order_id",)},
            policy=policy,
            limits=Limits(connections=64, connect_timeout_s=PATIENT_S, read_timeout_s=read_timeout_s),
            ledger=str(ledger),
        )
        segment = Segment(job)
        try:
            await segment.prepare()
            result = await segment.run(time.time_ns())
        finally:
            await segment.close()
    return faulty, result.counts, read(ledger)


def read(ledger: Path) -> list[dict[str, Any]]:
    return [msgspec.to_builtins(write) for write in read_ledger(ledger)]


def every(period: int, *faults: Fault) -> Script:
    """Return a script with each of the faults in turn, one in every `period` requests."""
    return lambda faulty: Fault.NONE if faulty.requests % period else faults[faulty.requests // period % len(faults)]


def in_turn(faults: list[Fault]) -> Script:
    """Return a script with one fault per request, repeated."""
    return lambda faulty: faults[faulty.requests % len(faults)]


def check(faulty: Faulty, counts: Counts, ledger: list[dict[str, Any]]) -> None:
    """Check the invariants that hold under every fault."""
    assert counts.due == counts.sent + counts.dropped == WRITES
    assert counts.sent == counts.acked + sum(counts.failed.values())
    assert counts.acked == len(ledger)

    applied = Counter(
        (key, "delete" if kind == "delete" else "write", version) for key, kind, version in faulty.applied
    )
    for line in ledger:
        if line["op"] == "delete":
            assert applied[line["key"], "delete", 0] >= 1
        else:
            assert applied[line["key"], "write", line["version"]] >= 1
    updates = Counter((key, version) for key, kind, version in faulty.applied if kind == "update")
    assert max(updates.values(), default=0) <= 1, "an update was applied twice"

    last = {line["key"]: line for line in ledger}
    for key, line in last.items():
        if line["op"] == "delete":
            assert key not in faulty.items
        elif key in faulty.items:
            assert int(faulty.items[key]["version"]["N"]) >= line["version"]


SILENT = (Fault.SILENCE, Fault.SILENCE_AFTER, Fault.HALF_ANSWER_AFTER)
SINGLE_FAULTS = [fault for fault in Fault if fault not in (Fault.NONE, Fault.PARTIAL)]


@pytest.mark.parametrize("fault", SINGLE_FAULTS, ids=lambda fault: fault.name)
async def test_each_fault_is_survived(fault: Fault, tmp_path: Path) -> None:
    harmless = fault in (Fault.SLOW_BODY, Fault.CLOSE_WHEN_DONE)
    timeout_s = IMPATIENT_S if fault in SILENT else PATIENT_S
    faulty, counts, ledger = await run(every(10, fault), tmp_path / "ledger", read_timeout_s=timeout_s)
    check(faulty, counts, ledger)
    assert counts.acked == WRITES, "every write is acknowledged in the end"
    assert (counts.retried > 0) != harmless
    assert bool(counts.errors) != harmless


@pytest.mark.parametrize("writer", ["fast", "aioboto3"])
async def test_all_faults_together_are_survived(writer: str, tmp_path: Path) -> None:
    arrival = random.Random(8)
    script = [arrival.choice(SINGLE_FAULTS) if arrival.random() < 0.3 else Fault.NONE for _ in range(5000)]
    # aioboto3 takes more processor time, and retries after timeouts slow it down further.
    timeout_s = IMPATIENT_S if writer == "fast" else 4 * IMPATIENT_S
    faulty, counts, ledger = await run(in_turn(script), tmp_path / "ledger", writer=writer, read_timeout_s=timeout_s)
    check(faulty, counts, ledger)
    assert counts.acked > WRITES * 0.9


@pytest.mark.parametrize(
    "fault", [Fault.CLOSE_AFTER, Fault.ERROR_AFTER, Fault.WRONG_CRC_AFTER], ids=lambda fault: fault.name
)
async def test_a_transaction_whose_reply_is_lost_is_not_applied_twice(fault: Fault, tmp_path: Path) -> None:
    mix = Mix(insert=40, update=10, delete=10, get=10, query=10, transact=20)
    faulty, counts, ledger = await run(every(5, fault), tmp_path / "ledger", mix=mix, read_timeout_s=10.0)
    assert counts.acked == counts.due == WRITES
    assert counts.retried > 0
    assert counts.acked_by_op["get"] == counts.acked_by_op["query"] == WRITES // 10
    assert counts.acked_by_op["transact"] == len(faulty.tokens) == WRITES // 5
    assert counts.transacted == 2 * counts.acked_by_op["transact"]
    assert counts.changes == len(ledger) == WRITES - 2 * WRITES // 10 + WRITES // 5
    updates = Counter((key, version) for key, kind, version in faulty.applied if kind == "update")
    assert max(updates.values(), default=1) == 1, "an update was applied twice"
    assert counts.items_read > 0


async def test_all_faults_together_are_survived_over_tls(
    certificate: tuple[Path, ssl.SSLContext], tmp_path: Path
) -> None:
    path, context = certificate
    script = [SINGLE_FAULTS[at % len(SINGLE_FAULTS)] if at % 3 == 0 else Fault.NONE for at in range(5000)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_CA_BUNDLE", str(path))
        faulty, counts, ledger = await run(
            in_turn(script), tmp_path / "ledger", tls=context, read_timeout_s=IMPATIENT_S
        )
    check(faulty, counts, ledger)
    assert counts.acked > WRITES * 0.9
    assert counts.errors.get("reset"), counts.errors


async def test_all_faults_together_are_survived_in_bulk(tmp_path: Path) -> None:
    arrival = random.Random(9)
    faults = [fault for fault in Fault if fault is not Fault.NONE]
    script = [arrival.choice(faults) if arrival.random() < 0.4 else Fault.NONE for _ in range(5000)]
    faulty, counts, ledger = await run(
        in_turn(script), tmp_path / "ledger", batch=5, mix=INSERTS, read_timeout_s=IMPATIENT_S
    )
    check(faulty, counts, ledger)
    assert counts.acked > WRITES * 0.9
    assert counts.throttled["UnprocessedItems"] > 0
    assert {line["key"] for line in ledger} <= faulty.items.keys()


async def test_throttles_are_counted_by_their_exception(tmp_path: Path) -> None:
    _, counts, _ = await run(every(5, Fault.THROTTLE, Fault.LIMIT), tmp_path / "ledger")
    assert counts.throttled.keys() == {"ProvisionedThroughputExceededException", "RequestLimitExceeded"}
    assert counts.retried == sum(counts.throttled.values()) == counts.errors["throttled"]


@pytest.mark.parametrize("mix", [MIX, INSERTS], ids=["mixed", "bulk"])
@pytest.mark.parametrize("writer", ["fast", "aioboto3"])
async def test_a_partial_batch_is_sent_again_item_by_item(writer: str, mix: Mix, tmp_path: Path) -> None:
    faulty, counts, ledger = await run(every(2, Fault.PARTIAL), tmp_path / "ledger", batch=10, writer=writer, mix=mix)
    check(faulty, counts, ledger)
    assert counts.acked == WRITES
    assert counts.throttled["UnprocessedItems"] > 0
    assert len(faulty.applied) == WRITES, "what was processed is not sent again"


async def test_faults_of_whole_batches_are_survived(tmp_path: Path) -> None:
    script = every(3, Fault.THROTTLE, Fault.ERROR_AFTER, Fault.CLOSE_AFTER, Fault.PARTIAL, Fault.WRONG_CRC_AFTER)
    faulty, counts, ledger = await run(script, tmp_path / "ledger", batch=25)
    check(faulty, counts, ledger)
    assert counts.acked == WRITES
    assert counts.requests < WRITES / 2


async def test_without_attempts_left_a_write_is_failed_and_never_acknowledged(tmp_path: Path) -> None:
    policy = RetryPolicy(max_attempts=2, base_s=0.001, budget=5.0)
    faulty, counts, ledger = await run(lambda _: Fault.THROTTLE, tmp_path / "ledger", policy=policy)
    check(faulty, counts, ledger)
    assert counts.acked == 0
    assert counts.failed == {"throttled": WRITES}
    assert counts.requests == 2 * WRITES


async def test_the_budget_bounds_the_retries(tmp_path: Path) -> None:
    policy = RetryPolicy(base_s=0.001, budget=0.1, reserve=10)
    faulty, counts, ledger = await run(lambda _: Fault.ERROR, tmp_path / "ledger", policy=policy)
    check(faulty, counts, ledger)
    assert counts.failed == {"server_error": WRITES}
    assert counts.retried <= 10 + 0.1 * WRITES


async def test_an_update_that_another_writer_overtook_fails_on_its_condition(tmp_path: Path) -> None:
    """The condition protects other writers' items: an unexpected version is not a success."""

    def overtake(faulty: Faulty) -> Fault:
        for item in faulty.items.values() if faulty.requests == WRITES // 2 else ():
            item["version"] = {"N": "99"}
        return Fault.NONE

    _, counts, _ = await run(overtake, tmp_path / "ledger")
    assert counts.failed.keys() == {"condition"}
    assert counts.acked == WRITES - counts.failed["condition"]


async def test_credentials_that_stay_rejected_end_the_run(tmp_path: Path) -> None:
    policy = RetryPolicy(base_s=0.001)
    faulty, counts, ledger = await run(lambda _: Fault.EXPIRED, tmp_path / "ledger", policy=policy, duration_s=600)
    assert counts.acked == len(ledger) == len(faulty.applied) == 0
    assert counts.due < WRITES * 600
    assert counts.failed["credentials"] == counts.sent
