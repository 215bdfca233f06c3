"""Lambda's Invoke through the sandbox's server."""

from __future__ import annotations

import base64
import json
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.faults import inject
from sandbox.functions.config import host_architecture
from tests.integration.sandbox.dataplane import Sandbox, wait_until, zipped


@pytest.fixture(scope="module")
def sandbox(dataplane: Sandbox) -> Generator[Sandbox]:
    """The workers for all tests here."""
    worker = dataplane.start("functions")
    wait_until(lambda: "listening" in worker.log.read_text(), "the service to listen")
    yield dataplane
    dataplane.end_workers()
    dataplane.remove_all()


def invoke(sandbox: Sandbox, name: str, event: object = None, **options: Any) -> tuple[dict[str, Any], Any]:
    answer = sandbox.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode(), **options)
    body = answer["Payload"].read()
    return answer, json.loads(body) if body else None


def test_a_function_is_invoked_by_name_and_by_arn(sandbox: Sandbox) -> None:
    arn = sandbox.function("double", "def handler(event, context): return event * 2")
    for name in ("double", arn, f"{arn}:$LATEST"):
        answer, result = invoke(sandbox, name, 21)
        assert result == 42
        assert answer["StatusCode"] == 200
        assert "FunctionError" not in answer


def test_a_function_fails_by_a_fault_of_its_name(sandbox: Sandbox) -> None:
    for name in ("faulty", "sound"):
        sandbox.function(name, "def handler(event, context): return event")
    for how in ("raise", "timeout"):
        with inject(
            "function", endpoint_url=sandbox.endpoint_url, function="faulty", how=how, after_ms=10, count=1
        ) as fault:
            assert invoke(sandbox, "sound", 1)[1] == 1
            answer, error = invoke(sandbox, "faulty", 1)
            assert answer["FunctionError"] == "Unhandled"
            assert error["errorType"] == {"raise": "RuntimeError", "timeout": "Sandbox.Timedout"}[how]
            assert invoke(sandbox, "faulty", 1)[1] == 1
            assert fault.struck == 1


def test_the_log_is_in_the_answer_and_in_cloudwatch(sandbox: Sandbox) -> None:
    sandbox.function("logs", "def handler(event, context): print('seen', event)")
    answer, _ = invoke(sandbox, "logs", "here", LogType="Tail")
    assert b"seen here" in base64.b64decode(answer["LogResult"])
    logs = sandbox.client("logs")

    def messages() -> list[str]:
        groups = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/logs")["logGroups"]
        if not groups:
            return []
        found = logs.filter_log_events(logGroupName="/aws/lambda/logs")["events"]
        return [event["message"].rstrip("\n") for event in found]

    wait_until(lambda: "seen here" in messages(), "the log events")


def test_new_code_and_configuration_are_used(sandbox: Sandbox) -> None:
    sandbox.function("change", "import os\ndef handler(event, context): return ['one', os.environ.get('STAGE')]")
    assert invoke(sandbox, "change")[1] == ["one", None]
    functions = sandbox.client("lambda")
    functions.update_function_code(
        FunctionName="change",
        ZipFile=zipped({"index.py": "import os\ndef handler(event, context): return ['two', os.environ.get('STAGE')]"}),
    )
    wait_until(lambda: invoke(sandbox, "change")[1] == ["two", None], "the new code")
    functions.update_function_configuration(FunctionName="change", Environment={"Variables": {"STAGE": "prod"}})
    wait_until(lambda: invoke(sandbox, "change")[1] == ["two", "prod"], "the new configuration")


def test_a_process_that_ends_is_followed_by_a_fresh_one(sandbox: Sandbox) -> None:
    sandbox.function("exits", "import os\ndef handler(event, context):\n    return os._exit(1) if event else 'alive'")
    assert invoke(sandbox, "exits", 0)[1] == "alive"
    answer, error = invoke(sandbox, "exits", 1)
    assert answer["FunctionError"] == "Unhandled"
    assert error["errorType"] == "Runtime.ExitError"
    assert invoke(sandbox, "exits", 0)[1] == "alive"


def test_invocations_run_side_by_side_up_to_the_reserved_concurrency(sandbox: Sandbox) -> None:
    # Each waits until the other is running: they can only end together.
    meet = """
import os, time
def handler(event, context):
    mine, other = event
    open(f"/tmp/{mine}", "w").close()
    while not os.path.exists(f"/tmp/{other}"):
        time.sleep(0.01)
    return "met"
"""
    sandbox.function("meet", meet, Timeout=60)
    a, b = (f"sandbox-meet-{sandbox.proxy.server_address[1]}-{side}" for side in "ab")
    with ThreadPoolExecutor(2) as callers:
        calls = [callers.submit(invoke, sandbox, "meet", pair) for pair in ((a, b), (b, a))]
    assert [call.result()[1] for call in calls] == ["met", "met"]


def test_more_than_the_reserved_concurrency_is_throttled(sandbox: Sandbox) -> None:
    sandbox.function("reserved", "def handler(event, context): return 1")
    sandbox.client("lambda").put_function_concurrency(FunctionName="reserved", ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        invoke(sandbox, "reserved")


def test_a_function_for_another_python_says_so(sandbox: Sandbox) -> None:
    sandbox.function("other", "def handler(event, context): return 1", Runtime="python3.8")
    answer, error = invoke(sandbox, "other")
    assert answer["FunctionError"] == "Unhandled"
    assert error["errorType"] == "Sandbox.UnsupportedRuntime"
    assert f"built for python3.8 on {host_architecture()} and this machine runs" in error["errorMessage"]


def test_an_unknown_function_is_not_found(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        invoke(sandbox, "nothing")


def test_an_event_is_run_in_the_background(sandbox: Sandbox) -> None:
    sandbox.function("event", "def handler(event, context): return event")
    before = sandbox.status("functions")["invocations"]
    answer, _ = invoke(sandbox, "event", 1, InvocationType="Event")
    assert answer["StatusCode"] == 202
    wait_until(lambda: sandbox.status("functions")["invocations"] > before, "the event to be run")
