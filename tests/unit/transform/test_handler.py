from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.unit.transform.changes import KEY, pipe_event, records_of, row_of
from transform.handler import FirehoseEvent, handler

SECRET = "not-for-the-log"
ROOT = Path(__file__).parents[3]


def event(*events: object) -> FirehoseEvent:
    return {"invocationId": "i-1", "deliveryStreamArn": "arn:stream", "records": records_of(*events)}


def test_a_batch_is_answered_and_leaves_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    before_ms = time.time_ns() // 1_000_000
    answer = handler(event(pipe_event(), b"nonsense"), None)
    assert [record["result"] for record in answer["records"]] == ["Ok", "ProcessingFailed"]
    assert row_of(answer["records"][0])["order_id"] == "o-1"
    (text,) = capsys.readouterr().out.splitlines()
    line: dict[str, Any] = json.loads(text)
    assert (line["Records"], line["Ok"], line["ProcessingFailed"]) == (2, 1, 1)
    assert (line["FunctionName"], line["DeliveryStream"], line["Invocation"]) == ("transform", "arn:stream", "i-1")
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "ChangeDataCapture"
    assert before_ms <= line["_aws"]["Timestamp"] <= time.time_ns() // 1_000_000
    assert 0 < line["Duration"] < 60_000


def test_a_call_by_hand_needs_the_records_only(capsys: pytest.CaptureFixture[str]) -> None:
    by_hand: Any = {"records": records_of(pipe_event())}
    assert len(handler(by_hand, None)["records"]) == 1
    line: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (line["DeliveryStream"], line["Invocation"]) == ("", "")


def test_no_line_carries_an_items_content(capsys: pytest.CaptureFixture[str]) -> None:
    item = KEY | {"order_id": {"S": SECRET}, "status": {"N": SECRET}, SECRET: {"S": SECRET}}
    handler(
        event(pipe_event(NewImage=item), pipe_event(SECRET), SECRET.encode(), pipe_event(SequenceNumber=SECRET)), None
    )
    printed = capsys.readouterr()
    assert SECRET not in printed.out + printed.err


def test_the_answer_is_what_lambdas_runtime_can_write() -> None:
    answer = handler(event(pipe_event(NewImage=KEY | {"note": {"S": "é𝄞\x00"}}), pipe_event("REMOVE")), None)
    assert json.loads(json.dumps(answer)) == answer


def test_only_the_codec_comes_along() -> None:
    """At run time the transform imports the standard library, msgspec and pybase64, and little of the first."""
    script = (
        "import sys; before = set(sys.modules); import transform.handler; "
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names))"
    )
    shown = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(shown.split()) <= {"transform", "msgspec", "pybase64", "typing_extensions"}
    assert not re.search(r"boto|pulumi", shown)


def test_without_its_module_it_answers_the_same_and_says_so(tmp_path: Path) -> None:
    """Where nothing is compiled: all records take the slow path, and standard error says what compiles it."""
    copied = shutil.copytree(ROOT / "transform", tmp_path / "transform", ignore=shutil.ignore_patterns("*.so"))
    batch = json.dumps(event(pipe_event(), pipe_event("REMOVE"), b"nonsense"))
    script = (
        "import json, sys; from transform.handler import handler; "
        "json.dump(handler(json.loads(sys.argv[1]), None), open('answer.json', 'w'))"
    )
    command = [sys.executable, "-c", script, batch]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads((tmp_path / "answer.json").read_text()) == handler(json.loads(batch), None)
    assert json.loads(shown.stdout)["Ok"] == 2
    assert shown.stderr.startswith("native: no;")
    assert str(copied) in shown.stderr
    assert shown.stderr.endswith("`python -m components.compiler transform` compiles it\n")


@pytest.mark.parametrize("content", [b"of another system", b""])
def test_a_module_that_cannot_be_loaded_counts_as_missing(content: bytes, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "transform", tmp_path / "transform", ignore=shutil.ignore_patterns("*.so"))
    (tmp_path / "transform" / "_native.abi3.so").write_bytes(content)
    script = "from transform.compiled import missing; print(missing)"
    command = [sys.executable, "-c", script]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "_native.abi3.so" in shown
