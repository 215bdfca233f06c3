"""An execution environment: one process of a function, warm between invocations.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from queue import Empty

import msgspec
from msgspec import Struct

from sandbox.functions.config import FunctionConfig
from sandbox.functions.logs import InvocationLog, LogSink
from sandbox.functions.runtime_api import PAYLOAD_BYTES, Invocation, RuntimeApi, RuntimeReport
from sandbox.state import ACCESS_KEY, SECRET_KEY

INIT_TIMEOUT_S = 10.0
"""Lambda's limit for a function's start, before the invocation timeout starts."""
_LAUNCHER = Path(__file__).with_name("launch.py")
_LOG_CHUNK_BYTES = 65536


class InvocationResult(Struct, frozen=True):
    """The result of an invocation: the response or the error document, and the log's tail."""

    payload: bytes
    failed: bool
    log_tail: bytes


class Environment:
    """One process, with its runtime API and its log stream. One invocation at a time."""

    def __init__(
        self, config: FunctionConfig, task_root: Path, runtime_dir: Path, endpoint_url: str, sink: LogSink
    ) -> None:
        self.config = config
        stream = time.strftime("%Y/%m/%d/", time.gmtime()) + f"[{config.version}]{uuid.uuid4().hex}"
        self._log = InvocationLog(sink, config.log_group, stream)
        self._wake_reader, self._wake_writer = os.pipe()
        self._wake_lock = threading.Lock()
        self._is_closed = False
        self._api = RuntimeApi(time.time, self._wake)
        self._started_s = time.monotonic()
        self._init_ms: float | None = None
        self._log_is_open = True
        self._log_reader, log_writer = os.pipe()
        os.set_blocking(self._log_reader, False)
        # The function's process ends when this pipe breaks, so it never survives the service.
        life_reader, self._life_writer = os.pipe()
        command = [sys.executable, "-I", "-S", str(_LAUNCHER), str(runtime_dir), str(life_reader), config.handler]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the user's function
                command,
                cwd=task_root,
                env=self._variables(task_root, runtime_dir, stream, endpoint_url),
                stdin=subprocess.DEVNULL,
                stdout=log_writer,
                stderr=log_writer,
                start_new_session=True,
                pass_fds=[life_reader],
            )
        finally:
            os.close(log_writer)
            os.close(life_reader)
        self._log.write(f"INIT_START Runtime Version: {config.runtime}\n".encode())

    @property
    def is_alive(self) -> bool:
        """Whether it can run a further invocation."""
        return self._process.poll() is None

    def invoke(self, invocation: Invocation) -> InvocationResult:
        """Run one invocation until its response, error, timeout or the end of the process."""
        self._log.begin()
        self._log.write(f"START RequestId: {invocation.request_id} Version: {self.config.version}\n".encode())
        self._api.hand_over(invocation)
        taken, report = self._wait()
        duration_ms = (time.monotonic() - taken) * 1000
        if report is None:
            payload, failed = self._end(invocation), True
        elif report.kind == "too_large":
            payload, failed = _too_large(), True
        else:
            payload, failed = report.body, report.kind != "response"
        self._drain()
        self._log.write(self._closing_lines(invocation, duration_ms))
        return InvocationResult(payload, failed, self._log.tail())

    def end(self) -> None:
        """End the process; a running invocation fails."""
        self._kill()

    def close(self) -> None:
        """End the process and its runtime API."""
        self._kill()
        self._api.close()
        self._drain()
        with self._wake_lock:
            self._is_closed = True
            for descriptor in (self._log_reader, self._wake_reader, self._wake_writer, self._life_writer):
                os.close(descriptor)

    def _wait(self) -> tuple[float, RuntimeReport | None]:
        """The time of the runtime's fetch, and its report; None after a timeout or the end of the process."""
        begun = time.monotonic()
        taken: float | None = None
        until = begun + self.config.timeout_s + (INIT_TIMEOUT_S if self._init_ms is None else 0)
        while True:
            # Checked before the queue, so that a last report is not missed.
            is_alive = self.is_alive
            report = self._next_report()
            if report is not None and report.kind == "taken":
                taken = time.monotonic()
                self._init_ms = (taken - self._started_s) * 1000 if self._init_ms is None else self._init_ms
                until = taken + self.config.timeout_s
            elif report is not None or not is_alive or time.monotonic() >= until:
                return taken or begun, report
            else:
                self._listen(until - time.monotonic())

    def _listen(self, seconds: float) -> None:
        """Wait for a report or for output, and take the output."""
        # The end of a process closes its output, unless a child process keeps it open: so the wait is limited.
        watched = [self._wake_reader, *([self._log_reader] if self._log_is_open else [])]
        readable, _, _ = select.select(watched, [], [], max(0.0, min(seconds, 0.5 if self._log_is_open else 0.02)))
        if self._wake_reader in readable:
            os.read(self._wake_reader, 4096)
        if self._log_reader in readable:
            self._drain()

    def _next_report(self) -> RuntimeReport | None:
        try:
            return self._api.reports.get_nowait()
        except Empty:
            return None

    def _end(self, invocation: Invocation) -> bytes:
        """Kill the remaining processes; return the error document for the missing response."""
        if self.is_alive:
            self._kill()
            message = f"Task timed out after {self.config.timeout_s:.2f} seconds"
            self._log.write(f"{_timestamp()} {invocation.request_id} {message}\n\n".encode())
            return _error("Sandbox.Timedout", f"RequestId: {invocation.request_id} Error: {message}")
        status = self._process.wait()
        reason = f"exit status {status}" if status >= 0 else f"signal: {-status}"
        message = f"RequestId: {invocation.request_id} Error: Runtime exited with error: {reason}"
        self._log.write(f"{message}\nRuntime.ExitError\n".encode())
        return _error("Runtime.ExitError", message)

    def _kill(self) -> None:
        """End the process and its child processes."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _drain(self) -> None:
        """Read the function's output so far."""
        while self._log_is_open:
            try:
                chunk = os.read(self._log_reader, _LOG_CHUNK_BYTES)
            except BlockingIOError:
                return
            self._log_is_open = bool(chunk)
            self._log.write(chunk)

    def _wake(self) -> None:
        with self._wake_lock:
            if not self._is_closed:
                os.write(self._wake_writer, b"\0")

    def _closing_lines(self, invocation: Invocation, duration_ms: float) -> bytes:
        init_ms, self._init_ms = self._init_ms, 0.0
        init = f"Init Duration: {init_ms:.2f} ms\t" if init_ms else ""
        return (
            f"END RequestId: {invocation.request_id}\n"
            f"REPORT RequestId: {invocation.request_id}\tDuration: {duration_ms:.2f} ms\t"
            f"Billed Duration: {int(duration_ms + init_ms if init_ms else duration_ms) + 1} ms\t"
            f"Memory Size: {self.config.memory_mb} MB\tMax Memory Used: {self._peak_memory_mb()} MB\t{init}\n"
        ).encode()

    def _peak_memory_mb(self) -> int:
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
        except OSError:
            return 0
        peak = next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")), "0")
        return int(peak) // 1024

    def _variables(self, task_root: Path, runtime_dir: Path, log_stream: str, endpoint_url: str) -> dict[str, str]:
        """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, and the sandbox's endpoint."""
        config = self.config
        return {
            "PATH": os.defpath,
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "AWS_ENDPOINT_URL": endpoint_url,
            **dict(config.environment),
            "_HANDLER": config.handler,
            "_X_AMZN_TRACE_ID": "",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_SESSION_TOKEN": "sandbox",
            "AWS_DEFAULT_REGION": config.region,
            "AWS_REGION": config.region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.runtime}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.memory_mb),
            "AWS_LAMBDA_FUNCTION_NAME": config.name,
            "AWS_LAMBDA_FUNCTION_VERSION": config.version,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": config.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "LAMBDA_RUNTIME_DIR": str(runtime_dir),
            "LAMBDA_TASK_ROOT": str(task_root),
        }


def _timestamp() -> str:
    now = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"


def _too_large() -> bytes:
    message = f"Response payload size exceeded maximum allowed payload size ({PAYLOAD_BYTES} bytes)."
    return _error("Function.ResponseSizeTooLarge", message)


def _error(kind: str, message: str) -> bytes:
    return msgspec.json.encode({"errorType": kind, "errorMessage": message})
