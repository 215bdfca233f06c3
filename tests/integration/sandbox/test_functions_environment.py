"""Functions in separate processes with AWS's runtime client: their environment, and the ways they end."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from sandbox.functions.config import FunctionConfig, host_architecture, host_runtime
from sandbox.functions.environment import Environment, InvocationResult
from sandbox.functions.logs import LogSink
from sandbox.functions.package import runtime_modules
from sandbox.functions.runtime_api import Invocation

Start = Callable[..., Environment]


class Sink(LogSink):
    """Stores the log's lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.streams: set[tuple[str, str]] = set()

    def put(self, group: str, stream: str, lines: list[str]) -> None:
        self.streams.add((group, stream))
        self.lines += lines


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture(scope="module")
def runtime_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return runtime_modules(tmp_path_factory.mktemp("runtime"))


@pytest.fixture
def start(tmp_path: Path, runtime_dir: Path, sink: Sink) -> Generator[Start]:
    started: list[Environment] = []

    def starter(source: str, timeout_s: float = 10, **environment: str) -> Environment:
        (tmp_path / "index.py").write_text(source)
        config = FunctionConfig(
            name="orders",
            arn="arn:aws:lambda:eu-west-1:123456789012:function:orders",
            handler="index.handler",
            runtime=host_runtime(),
            architecture=host_architecture(),
            timeout_s=timeout_s,
            memory_mb=256,
            code_sha256="sha",
            log_group="/aws/lambda/orders",
            environment=tuple(environment.items()),
        )
        started.append(Environment(config, tmp_path, runtime_dir, "http://127.0.0.1:4566", sink))
        return started[-1]

    yield starter
    for environment in started:
        environment.close()


def invoke(environment: Environment, event: object = None) -> InvocationResult:
    config = environment.config
    payload = json.dumps(event).encode()
    return environment.invoke(Invocation(str(uuid.uuid4()), config.arn, config.timeout_s, payload, "Root=1-0-0"))


def answer(result: InvocationResult) -> Any:
    return json.loads(result.payload)


def test_a_function_answers_and_stays_warm(start: Start) -> None:
    environment = start(
        "count = 0\ndef handler(event, context):\n    global count\n    count += 1\n    return [event, count]"
    )
    assert [answer(invoke(environment, {"n": i})) for i in range(3)] == [[{"n": 0}, 1], [{"n": 1}, 2], [{"n": 2}, 3]]


def test_a_function_finds_what_lambda_gives_it(start: Start) -> None:
    environment = start(
        """
import os, time
def handler(event, context):
    return {
        "env": dict(os.environ),
        "cwd": os.getcwd(),
        "zone": time.tzname[0],
        "arn": context.invoked_function_arn,
        "id": context.aws_request_id,
        "left": context.get_remaining_time_in_millis(),
        "memory": context.memory_limit_in_mb,
    }
""",
        60,
        STAGE="test",
    )
    found = answer(invoke(environment))
    variables = found["env"]
    assert variables["STAGE"] == "test"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == "orders"
    assert variables["_HANDLER"] == "index.handler"
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == found["memory"] == "256"
    assert variables["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/orders"
    assert variables["LAMBDA_TASK_ROOT"] == found["cwd"]
    assert variables["_X_AMZN_TRACE_ID"] == "Root=1-0-0"
    assert "VIRTUAL_ENV" not in variables
    assert found["zone"] == "UTC"
    assert found["arn"] == environment.config.arn
    assert 30_000 < found["left"] <= 60_000


@pytest.mark.parametrize("module", ["msgspec", "pybase64", "pytest", "sandbox"])
def test_what_is_not_in_the_zip_is_missing_here_too(start: Start, module: str) -> None:
    result = invoke(start(f"import {module}\ndef handler(event, context): return 1"))
    assert result.failed
    document = answer(result)
    assert document["errorType"] == "Runtime.ImportModuleError"
    assert f"No module named '{module}'" in document["errorMessage"]


def test_the_sdk_is_there_as_on_aws(start: Start) -> None:
    assert answer(invoke(start("import boto3\ndef handler(event, context): return boto3.__name__"))) == "boto3"


def test_an_exception_is_the_functions_answer(start: Start) -> None:
    environment = start("def handler(event, context):\n    raise KeyError('no order')")
    result = invoke(environment)
    assert result.failed
    assert answer(result)["errorType"] == "KeyError"
    assert "no order" in answer(result)["errorMessage"]
    assert environment.is_alive


def test_a_handler_that_is_not_there(start: Start) -> None:
    result = invoke(start("other = 1"))
    assert answer(result)["errorType"] == "Runtime.HandlerNotFound"


def test_a_function_that_takes_too_long_is_ended(start: Start) -> None:
    environment = start("import time\ndef handler(event, context): time.sleep(60)", timeout_s=0.5)
    began = time.monotonic()
    result = invoke(environment)
    assert time.monotonic() - began < 20
    assert result.failed
    document = answer(result)
    assert document["errorType"] == "Sandbox.Timedout"
    assert document["errorMessage"].endswith("Error: Task timed out after 0.50 seconds")
    assert not environment.is_alive


@pytest.mark.parametrize(
    ("ending", "reason"), [("os._exit(3)", "exit status 3"), ("os.kill(os.getpid(), 9)", "signal: 9")]
)
def test_a_function_that_ends_its_process(start: Start, ending: str, reason: str) -> None:
    environment = start(f"import os\ndef handler(event, context):\n    {ending}")
    document = answer(invoke(environment))
    assert document["errorType"] == "Runtime.ExitError"
    assert document["errorMessage"].endswith(f"Error: Runtime exited with error: {reason}")
    assert not environment.is_alive


def test_an_answer_of_more_than_6_mb_is_refused(start: Start) -> None:
    environment = start("def handler(event, context): return 'x' * event")
    assert not invoke(environment, 6_291_000).failed
    result = invoke(environment, 6_291_556)
    assert result.failed
    assert answer(result)["errorType"] == "Function.ResponseSizeTooLarge"


def test_what_a_function_writes_is_in_its_log(start: Start, sink: Sink) -> None:
    environment = start(
        """
import logging, sys
print("starting")
def handler(event, context):
    print("to stdout")
    print("to stderr", file=sys.stderr)
    logging.getLogger().warning("logged")
    raise ValueError("seen")
"""
    )
    result = invoke(environment)
    kinds = [line.split()[0] for line in sink.lines]
    assert kinds[:2] == ["INIT_START", "START"]
    assert kinds[-2:] == ["END", "REPORT"]
    assert {"starting", "to stdout", "to stderr"} <= set(sink.lines)
    assert any(line.startswith("[WARNING]") and line.endswith("logged") for line in sink.lines)
    assert any(line.startswith("[ERROR] ValueError: seen\nTraceback") for line in sink.lines)
    assert "Init Duration" in sink.lines[-1]
    assert b"seen" in result.log_tail
    assert result.log_tail.rstrip().splitlines()[-1].startswith(b"REPORT RequestId")
    ((group, stream),) = sink.streams
    assert group == "/aws/lambda/orders"
    assert "[$LATEST]" in stream


def test_the_tail_is_the_last_4_kb_of_one_invocation(start: Start) -> None:
    environment = start("def handler(event, context): print('x' * event)")
    assert len(invoke(environment, 10_000).log_tail) == 4096
    tail = invoke(environment, 1).log_tail
    assert len(tail) < 500
    assert tail.startswith(b"START")


def test_output_larger_than_a_pipe_does_not_stop_a_function(start: Start) -> None:
    environment = start("def handler(event, context):\n    print('x' * 1_000_000)\n    return 1")
    assert answer(invoke(environment)) == 1
