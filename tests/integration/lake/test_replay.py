from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from lake.__main__ import main
from lake.changes_again import change_of
from tests.integration.sandbox.dataplane import REGION, Sandbox, wait_until
from transform.events import read_change
from transform.rows import RowWriter
from transform.schema import TABLE

# Returns ProcessingFailed until it is repaired.
TRANSFORM = """
from pathlib import Path

def handler(event, context):
    result = "Ok" if Path({repaired!r}).exists() else "ProcessingFailed"
    return {{"records": [{{"recordId": r["recordId"], "result": result, "data": r["data"]}} for r in event["records"]]}}
"""
ERRORS = "errors/!{firehose:error-output-type}/arrival_hour=!{timestamp:yyyy-MM-dd-HH}/"


@pytest.fixture(scope="module")
def sandbox(dataplane: Sandbox) -> Generator[Sandbox]:
    dataplane.start("functions")
    dataplane.start("firehose")
    yield dataplane
    dataplane.end_workers()
    dataplane.remove_all()


def pipeline(sandbox: Sandbox, name: str, repaired: Path, **destination: Any) -> None:
    parameters = {
        "LambdaArn": sandbox.function(name, TRANSFORM.format(repaired=str(repaired))) + ":$LATEST",
        "BufferSizeInMBs": "1",
        "BufferIntervalInSeconds": "0",
    }
    listed = [{"ParameterName": key, "ParameterValue": value} for key, value in parameters.items()]
    sandbox.delivery_stream(
        name,
        sandbox.stream(name),
        name,
        Prefix="data/!{timestamp:yyyy}/",
        ErrorOutputPrefix=ERRORS,
        ProcessingConfiguration={"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": listed}]},
        **destination,
    )


def put(sandbox: Sandbox, stream: str, numbers: range) -> None:
    records = [{"Data": b'{"n": %d}\n' % number, "PartitionKey": str(number)} for number in numbers]
    for start in range(0, len(records), 500):
        sandbox.client("kinesis").put_records(StreamName=stream, Records=records[start : start + 500])


def lines(sandbox: Sandbox, bucket: str, prefix: str) -> list[dict[str, Any]]:
    bodies = sandbox.objects(bucket, prefix).values()
    texts = [gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body for body in bodies]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def lake(sandbox: Sandbox, *arguments: str) -> int:
    return main([*arguments, "--endpoint-url", sandbox.endpoint_url, "--region", REGION])


@pytest.mark.parametrize("compression", ["UNCOMPRESSED", "GZIP"])
def test_what_the_transform_could_not_answer_arrives_when_it_is_replayed(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str], compression: str
) -> None:
    name, repaired = f"replay-{compression.lower()}", tmp_path / "repaired"
    pipeline(sandbox, name, repaired, CompressionFormat=compression)
    put(sandbox, name, range(600))
    failures = "errors/processing-failed/"
    wait_until(lambda: len(lines(sandbox, name, failures)) == 600, "600 failures")
    assert sandbox.objects(name, "data/") == {}

    assert lake(sandbox, "replay", "--delivery-stream", name, "--dry-run", "--json") == 0
    planned = json.loads(capsys.readouterr().out)
    assert (planned["records"], planned["reasons"]) == (600, {"Lambda.ProcessingFailedStatus": 600})
    assert len(lines(sandbox, name, failures)) == 600

    repaired.touch()
    assert lake(sandbox, "replay", "--delivery-stream", name) == 0
    assert "600 records" in capsys.readouterr().out
    assert sandbox.objects(name, failures) == {}
    rows = wait_until(lambda: len(found := lines(sandbox, name, "data/")) >= 600 and found, "600 rows")
    assert sorted(row["n"] for row in rows) == [*range(600)]

    assert lake(sandbox, "replay", "--delivery-stream", name) == 0
    assert capsys.readouterr().out.startswith("0 records")


def test_a_delivery_stream_that_is_not_there_is_named(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert lake(sandbox, "replay", "--delivery-stream", "nothing") == 2
    assert "There is no delivery stream 'nothing': check --delivery-stream." in capsys.readouterr().err


def test_an_object_that_firehose_did_not_write_is_named_and_stays(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline(sandbox, "replay-strange", tmp_path / "repaired")
    key = "errors/processing-failed/notes.txt"
    sandbox.client("s3").put_object(Bucket="replay-strange", Key=key, Body=b"to do: fix it\n")
    assert lake(sandbox, "replay", "--delivery-stream", "replay-strange") == 2
    assert f"s3://replay-strange/{key} is not what Firehose writes" in capsys.readouterr().err
    assert [*sandbox.objects("replay-strange", "errors/")] == [key]


def test_failures_of_another_kind_are_reported_and_left(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline(sandbox, "replay-others", tmp_path / "repaired")
    key = "errors/splunk-failed/arrival_hour=2026-11-22-10/x"
    sandbox.client("s3").put_object(Bucket="replay-others", Key=key, Body=b"{}\n")
    assert lake(sandbox, "replay", "--delivery-stream", "replay-others") == 0
    assert "unchanged: 1 object with failures of another kind" in capsys.readouterr().out
    assert [*sandbox.objects("replay-others", "errors/")] == [key]


IMAGE = {"order_id": {"S": "o-1"}, "version": {"N": "2"}, "total": {"N": "12.50"}, "note": {"B": "AP8="}}
CHANGES: list[dict[str, Any]] = [
    {
        "eventID": "e1",
        "eventName": "MODIFY",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_785_000_000,
            "Keys": {"order_id": {"S": "o-1"}},
            "OldImage": IMAGE,
            "NewImage": IMAGE | {"version": {"N": "3"}},
            "SequenceNumber": "100000000000000000042",
        },
    },
    {
        "eventID": "e2",
        "eventName": "REMOVE",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_785_000_000_123_456,
            "ApproximateCreationDateTimePrecision": "MICROSECOND",
            "Keys": {"order_id": {"S": "o-1"}},
            "OldImage": IMAGE,
        },
    },
]


def row_of(event: bytes) -> bytes:
    """The transform's row of a change."""
    return RowWriter(TABLE).line(read_change(event), {})


@pytest.mark.parametrize("change", CHANGES, ids=["pipe", "native"])
def test_a_row_that_was_not_converted_becomes_the_change_of_the_same_row(change: dict[str, Any]) -> None:
    row = row_of(json.dumps(change, separators=(",", ":")).encode())
    assert row_of(change_of(row, TABLE)) == row


def test_rows_that_were_not_converted_are_put_on_the_stream_by_cause_and_time(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Firehose's members: docs.aws.amazon.com/firehose/latest/dev/record-format-conversion-error-handling.html"""
    name, key = "replay-rows", "errors/format-conversion-failed/arrival_hour=2026-11-22-10/x"
    pipeline(sandbox, name, tmp_path / "repaired")
    row = base64.b64encode(row_of(json.dumps(CHANGES[0]).encode())).decode()
    failed = [
        {
            "attemptsMade": 1,
            "arrivalTimestamp": at,
            "lastErrorCode": code,
            "lastErrorMessage": f"{code}!",
            "rawData": row,
        }
        for at, code in ((1_000, "A"), (1_700_000_000_000, "A"), (1_700_000_000_000, "B"))
    ]
    body = "".join(json.dumps(failure) + "\n" for failure in failed)
    sandbox.client("s3").put_object(Bucket=name, Key=key, Body=body.encode())

    assert lake(sandbox, "replay", "--delivery-stream", name, "--dry-run", "--json") == 0
    planned = json.loads(capsys.readouterr().out)
    assert (planned["reasons"], planned["samples"]) == ({"A": 2, "B": 1}, {"A": "A!", "B": "B!"})
    assert {cause: json.loads(text) for cause, text in planned["examples"].items()} == dict.fromkeys("AB", CHANGES[0])
    before = len(sandbox.records(name))
    for _ in range(2):
        assert lake(sandbox, "replay", "--delivery-stream", name, "--cause", "A", "--since", "2020-01-01") == 0
    assert "not selected and unchanged: 2 records" in capsys.readouterr().out
    assert len(sandbox.records(name)) == before + 1, "safe to run twice"
    kept = [json.loads(line) for line in sandbox.objects(name, "errors/")[key].splitlines()]
    assert kept == [failed[0], failed[2]]
    assert lake(sandbox, "replay", "--delivery-stream", name) == 0
    assert sandbox.objects(name, "errors/format-conversion-failed/") == {}
