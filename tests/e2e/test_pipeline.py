"""The whole pipeline, from a write to DynamoDB to a row in Athena. Each test leaves it complete."""

from __future__ import annotations

import itertools
import json
import signal
import time
from collections.abc import Iterator
from random import Random
from threading import Thread
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from lake.verification import Report
from stack.commandline import UserError
from tests.e2e.orders import lives, order
from tests.e2e.pipeline import Pipeline, assert_refused, command, wait_for

_numbers = itertools.count(step=10_000)


def _changes(count: int = 40) -> Any:
    """The changes of so many orders that no other test has."""
    first = next(_numbers)
    return lives(first, count, seed=first)


def _assert_right(pipeline: Pipeline) -> Report:
    with pipeline.verified() as verification:
        report = verification.report
        assert list(verification.differences(10)) == []
        assert list(verification.lost_writes(10)) == []
        assert (report.missing, report.extra, report.different, report.lost) == (0, 0, 0, 0)
        assert report.ok
        return report


def test_every_change_arrives_and_the_view_is_the_table(pipeline: Pipeline) -> None:
    before = _assert_right(pipeline)
    written = pipeline.write(_changes(80))
    after = _assert_right(pipeline)
    assert written > 250
    assert after.changes - before.changes == written
    assert after.items > before.items


def test_records_that_come_again_and_out_of_order_change_nothing(pipeline: Pipeline) -> None:
    pipeline.write(_changes())
    before = _assert_right(pipeline)
    records = pipeline.kinesis_records()
    again = Random(1).choices(records, k=300)
    pipeline.put_to_kinesis(again)

    def arrived() -> bool:
        return _assert_right(pipeline).log_rows == before.log_rows + len(again)

    wait_for(arrived, "the duplicates")
    after = _assert_right(pipeline)
    assert after.changes == before.changes
    assert after.duplicates == before.duplicates + len(again)


@pytest.mark.parametrize("process", ["pipes", "firehose", "functions"])
def test_nothing_is_lost_when_a_process_is_killed_in_mid_run(pipeline: Pipeline, process: str) -> None:
    changes = list(_changes(80))
    third = len(changes) // 3
    pipeline.write(changes[:third])
    pipeline.kill(process)
    pipeline.write(changes[third : 2 * third])
    restarted = pipeline.up()
    assert restarted.code == 0, restarted.err
    assert f"restarted {process}" in restarted.out + restarted.err
    pipeline.write(changes[2 * third :])
    _assert_right(pipeline)


def test_nothing_is_lost_when_the_server_is_killed_in_mid_run(pipeline: Pipeline) -> None:
    """Issue 13, 4: the writer repeats what was not acknowledged; the workers that live go on by themselves."""
    changes = list(_changes(40))
    done: list[int] = []

    def write() -> None:
        for number, change in enumerate(changes):
            wait_for(lambda change=change: _is_acknowledged(pipeline, change), f"the server, for change {number}")
            done.append(number)

    writer = Thread(target=write)
    writer.start()
    wait_for(lambda: len(done) > len(changes) // 3, "a third of the writes")
    pipeline.kill("server")
    restarted = pipeline.up()
    assert restarted.code == 0, restarted.err
    assert "It has recovered" in restarted.out + restarted.err
    writer.join()
    assert len(done) == len(changes)
    _assert_right(pipeline)


def _is_acknowledged(pipeline: Pipeline, change: tuple[str, dict[str, Any]]) -> bool:
    try:
        return pipeline.write([change]) == 1
    except (BotoCoreError, ClientError, UserError):
        return False


@pytest.fixture
def captured_by_pipes(pipeline: Pipeline) -> Iterator[None]:
    """Whatever becomes of the test, the pipes run again afterwards, and the native capture does not."""
    yield
    dynamodb, pipes = pipeline.client("dynamodb"), pipeline.client("pipes")
    for pipe in pipes.list_pipes(DesiredState="STOPPED")["Pipes"]:
        pipes.start_pipe(Name=pipe["Name"])
    table = pipeline.outputs.require("table_name")
    described = dynamodb.describe_kinesis_streaming_destination(TableName=table)["KinesisDataStreamDestinations"]
    for each in described:
        if each["DestinationStatus"] == "ACTIVE":
            dynamodb.disable_kinesis_streaming_destination(TableName=table, StreamArn=each["StreamArn"])


@pytest.mark.usefixtures("captured_by_pipes")
def test_the_view_is_right_through_a_switch_of_the_capture_and_back(pipeline: Pipeline) -> None:
    """Issue 11, 7: as an engine switches, the new capture begins before the old one ends.

    The native capture delivers at least once and not in order, with times in milliseconds and then in microseconds.
    The pipes continue at their checkpoint: what the native destination has delivered meanwhile comes from them, too,
    and later.
    """
    dynamodb, pipes = pipeline.client("dynamodb"), pipeline.client("pipes")
    outputs = pipeline.outputs
    destination = {"TableName": outputs.require("table_name"), "StreamArn": _stream_arn(pipeline)}
    names = [pipe["Name"] for pipe in pipes.list_pipes()["Pipes"]]
    changes = list(_changes(60))
    fifth = len(changes) // 5
    before = _assert_right(pipeline)
    pipeline.write(changes[:fifth])
    dynamodb.enable_kinesis_streaming_destination(**destination)
    pipeline.write(changes[fifth : 2 * fifth])
    for name in names:
        pipes.stop_pipe(Name=name)
    with pipeline.inject("duplicate", share=0.5, copies=2) as again, pipeline.inject("reorder", share=0.5) as late:
        half = fifth // 2
        pipeline.write(changes[2 * fifth : 2 * fifth + half])
        configuration = {"ApproximateCreationDateTimePrecision": "MICROSECOND"}
        dynamodb.update_kinesis_streaming_destination(**destination, UpdateKinesisStreamingConfiguration=configuration)
        pipeline.write(changes[2 * fifth + half : 3 * fifth])
        assert again.struck > 0
        assert late.struck > 0
    assert _assert_right(pipeline).duplicates > before.duplicates

    for name in names:
        pipes.start_pipe(Name=name)
    pipeline.write(changes[3 * fifth : 4 * fifth])
    dynamodb.disable_kinesis_streaming_destination(**destination)
    # README, the lake: writes pause for two seconds where the native capture ends.
    ended_s = time.monotonic()
    wait_for(lambda: time.monotonic() > ended_s + 2, "two seconds")
    pipeline.write(changes[4 * fifth :])
    after = _assert_right(pipeline)
    assert after.changes - before.changes > len(changes), "changes of both captures are in the log with two event_ids"


def _stream_arn(pipeline: Pipeline) -> str:
    kinesis, name = pipeline.client("kinesis"), pipeline.outputs.require("stream_name")
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]


def test_an_object_that_is_gone_from_the_lake_is_noticed_by_its_keys(pipeline: Pipeline) -> None:
    item = order(next(_numbers) + 1, 1, Random(1))
    key = item["order_id"]["S"]
    _assert_right(pipeline)
    pipeline.write([("insert", item)])
    _assert_right(pipeline)
    s3, bucket = pipeline.client("s3"), pipeline.outputs.require("bucket_name")
    (path,) = pipeline.rows(f"SELECT \"$path\" AS path FROM order_changes WHERE order_id = '{key}'")
    name = path["path"].removeprefix(f"s3://{bucket}/")
    content = s3.get_object(Bucket=bucket, Key=name)["Body"].read()
    s3.delete_object(Bucket=bucket, Key=name)
    try:
        result = pipeline.lake("verify", "--settle", "1")
    finally:
        s3.put_object(Bucket=bucket, Key=name, Body=content)
    assert result.code == 1
    assert "NOT VERIFIED" in result.out
    assert ["missing", key] in [line.split()[:2] for line in result.out.splitlines()]
    assert pipeline.lake("verify").code == 0


def test_a_change_that_the_lake_has_not_seen_is_named_with_its_column(pipeline: Pipeline) -> None:
    item = order(next(_numbers), 1, Random(1))
    key = item["order_id"]["S"]
    pipeline.write([("insert", item)])
    _assert_right(pipeline)
    pipeline.kill("pipes", signal.SIGSTOP)
    try:
        pipeline.write([("update", item | {"version": {"N": "2"}, "status": {"S": "altered"}})])
        result = pipeline.lake("verify", "--settle", "1")
    finally:
        pipeline.kill("pipes", signal.SIGCONT)
    assert result.code == 1
    words = [line.split() for line in result.out.splitlines()]
    assert ["different", key, "version", "2", "1"] in words
    assert ["different", key, "status", "altered", "paid"] in words
    _assert_right(pipeline)


def test_the_lake_is_queried_in_athenas_sql(pipeline: Pipeline) -> None:
    pipeline.write(_changes())
    _assert_right(pipeline)
    (counted,) = pipeline.rows("SELECT count(*) AS orders, count(DISTINCT order_id) AS keys FROM orders")
    assert counted["orders"] == counted["keys"] > 0
    failed = pipeline.lake("query", "SELECT nothing FROM orders")
    assert failed.code == 2
    assert "nothing" in failed.err
    assert failed.err.count("\n") == 1
    listed = pipeline.lake("query", "--list")
    assert listed.code == 0


def test_how_fresh_the_lake_is_can_be_asked(pipeline: Pipeline) -> None:
    pipeline.write(_changes())
    rows = _assert_right(pipeline).log_rows
    freshness = pipeline.lake("freshness", "--json")
    assert freshness.code == 0, freshness.err
    fresh = json.loads(freshness.out)
    assert (fresh["changes"], fresh["gone"]) == (rows, 0)
    assert 0 < fresh["p50_s"] <= fresh["p99_s"] <= fresh["max_s"]
    assert fresh["slowest"].startswith(f"s3://{pipeline.outputs.require('bucket_name')}/")
    recent = json.loads(pipeline.lake("freshness", "--json", "--since", "1d").out)
    assert recent["changes"] == rows
    stale = pipeline.lake("freshness", "--max-p99", "0")
    assert stale.code == 1
    assert "p99 is above 0 s" in stale.out
    assert_refused(pipeline.lake("freshness", "--change-log", "nothing"), "Athena cannot read nothing")


def test_a_users_own_tests_have_the_pipeline_as_a_fixture(pipeline: Pipeline) -> None:
    """The example of the pytest plugin, as its user runs it with a sandbox that is up."""
    options = ("-p", "pytest_cdc_sandbox.plugin", "-p", "no:randomly", "-p", "no:cacheprovider", "-q")
    result = command("pytest", *options, "--cdc-sandbox", str(pipeline.state_dir), "examples/test_orders.py")
    assert result.code == 0, result.out
    assert "3 passed" in result.out


def test_no_recent_change_is_not_fresh(pipeline: Pipeline) -> None:
    result = pipeline.lake("freshness", "--since", "0s")
    assert result.code == 1
    assert "no changes in the change log since" in result.out


def test_the_table_is_missing(pipeline: Pipeline) -> None:
    assert_refused(pipeline.lake("verify", "--table", "nothing"), "no DynamoDB table 'nothing'")


def test_the_database_is_missing(pipeline: Pipeline) -> None:
    assert_refused(pipeline.lake("verify", "--database", "nothing"), "There is no table", "in the database nothing")


def test_the_view_is_missing(pipeline: Pipeline) -> None:
    assert_refused(pipeline.lake("verify", "--view", "nothing"), "Athena cannot read", "nothing")


NOTES: dict[str, dict[str, Any]] = {
    "a text of 400 kB": {"S": '"x' * 198_000},
    "120,000 empty texts": {"L": [{"S": ""}] * 120_000},
    "80,000 times false": {"L": [{"BOOL": False}] * 80_000},
}
"""What makes an item small enough for DynamoDB (400 KB) and its update too large for a record of Firehose (1,000 KiB).

https://docs.aws.amazon.com/firehose/latest/APIReference/API_Record.html
"""

KEY_LENGTHS = (300, 2048)
"""DynamoDB takes 2,048 bytes of a partition key, Kinesis 256 characters.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html
"""


def test_no_change_holds_up_the_others_and_what_is_too_large_arrives_with_marks(pipeline: Pipeline) -> None:
    """Verified within a minute, where 185 retries of a change that is refused take a Pipe some 23."""
    first = next(_numbers)
    noted = {note: order(first + place, 1, Random(1)) | {"note": NOTES[note]} for place, note in enumerate(NOTES)}
    long = [order(first, 1, Random(1)) | {"order_id": {"S": f"{first:0{length}}"}} for length in KEY_LENGTHS]
    before = _assert_right(pipeline)
    numbers = itertools.count(first + 1_000)
    written = 0
    for item in (*noted.values(), *long):
        written += pipeline.write([("insert", item), ("update", item | {"version": {"N": "2"}})])
        written += pipeline.write([("insert", order(next(numbers), 1, Random(1))) for _ in range(100)])
    after = _assert_right(pipeline)
    assert (after.changes - before.changes, after.items - before.items) == (written, 505)

    changes = pipeline.rows(
        "SELECT order_id, version, customer_id, length(after) AS kept, "
        "json_extract_scalar(before, '$.note.SHORTENED') AS gone FROM order_changes "
        f"WHERE order_id IN ({', '.join(repr(item['order_id']['S']) for item in noted.values())}) AND op = 'MODIFY'"
    )
    by_key = {change["order_id"]: change for change in changes}
    for note, item in noted.items():
        change = by_key[item["order_id"]["S"]]
        assert (change["version"], change["customer_id"]) == (2, item["customer_id"]["S"])
        assert int(change["gone"]) == len(json.dumps(NOTES[note], separators=(",", ":")))
        assert (change["kept"] > 390_000) == (note == "a text of 400 kB")
