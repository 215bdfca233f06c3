"""Invocations: the function, its environment, and the Event queue."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.awsjson import CallError
from sandbox.faults.points import POINTS
from sandbox.functions import metrics
from sandbox.functions.config import FunctionConfig, parse_function, why_not_here
from sandbox.functions.environment import Environment, InvocationResult
from sandbox.functions.faulty import faulty
from sandbox.functions.logs import LogSink
from sandbox.functions.package import PackageError, runtime_modules, unpack
from sandbox.functions.pool import ClosedError, Pool, ThrottledError
from sandbox.functions.runtime_api import Invocation
from sandbox.state import StateDir, client

log = logging.getLogger(__name__)

REQUEST_BYTES = 6 * 1024 * 1024
EVENT_BYTES = 1024 * 1024
EVENT_RETRIES = 2
EVENT_RETRY_DELAY_S = 60.0
"""Lambda retries an event after one minute, then after two."""
_CONFIG_FRESH_S = 2.0
_EVENT_THREADS = 4


class InvokeError(Exception):
    """A refused invocation, with the error of Lambda's API."""

    def __init__(self, status: int, code: str, message: str, **details: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details


@dataclass
class InvocationCounters:
    """Counters since the service started. Durations in milliseconds."""

    invocations: int = 0
    errors: int = 0
    throttles: int = 0
    cold_starts: int = 0
    events: int = 0
    event_failures: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    duration_ms: int = 0


class Invoker:
    """Finds functions at the endpoint and runs them. Thread-safe."""

    def __init__(self, endpoint_url: str, state: StateDir) -> None:
        self._endpoint_url = endpoint_url
        self._directory = state.path / "functions"
        self._lambda: Any = client("lambda", endpoint_url)
        self._runtime_dir = runtime_modules(self._directory)
        self._lock = threading.Lock()
        self._start_lock = threading.Lock()
        self._configs: dict[str, tuple[float, FunctionConfig, int | None]] = {}
        self._pools: dict[str, Pool] = {}
        self._sinks: dict[str, LogSink] = {}
        self._counters = InvocationCounters()
        self._running: dict[str, int] = {}
        self._events = ThreadPoolExecutor(_EVENT_THREADS, thread_name_prefix="event")
        self._closing = threading.Event()

    def invoke(
        self, name: str, qualifier: str | None, request_id: str, payload: bytes, client_context: str | None = None
    ) -> InvocationResult:
        """Run the function and wait for its result.

        Raises:
            InvokeError: the function cannot be run.
        """
        if len(payload) > REQUEST_BYTES:
            raise _too_large(REQUEST_BYTES)
        config, reserved = self._describe(name, qualifier)
        _check_json(payload)
        reason = why_not_here(config)
        if reason is not None:
            body = msgspec.json.encode({"errorType": "Sandbox.UnsupportedRuntime", "errorMessage": reason})
            return InvocationResult(body, failed=True, log_tail=b"")
        invocation = Invocation(request_id, config.arn, config.timeout_s, payload or b"{}", _trace(), client_context)
        began = time.monotonic()
        with self._lock:
            self._running[config.name] = concurrent = self._running.get(config.name, 0) + 1
        POINTS.reach("before-invocation")
        try:
            result = faulty(config, invocation, lambda: self._pool(config.name).invoke(config, reserved, invocation))
        except ThrottledError as error:
            self._count(throttles=1)
            metrics.throttled(config.region, config.name)
            reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
            raise InvokeError(429, "TooManyRequestsException", "Rate Exceeded.", Reason=reason) from error
        except PackageError as error:
            raise InvokeError(502, "InvalidZipFileException", str(error)) from error
        except CallError as error:
            raise InvokeError(503, "ServiceUnavailableException", str(error)) from error
        except ClosedError as error:
            raise InvokeError(503, "ServiceUnavailableException", "The service is stopping.") from error
        finally:
            with self._lock:
                self._running[config.name] -= 1
        spent_ms = (time.monotonic() - began) * 1000
        metrics.invoked(config.region, config.name, failed=result.failed, duration_ms=spent_ms, concurrent=concurrent)
        self._count(
            invocations=1,
            errors=int(result.failed),
            bytes_in=len(payload),
            bytes_out=len(result.payload),
            duration_ms=round(spent_ms),
        )
        POINTS.reach("after-invocation")
        return result

    def check(self, name: str, qualifier: str | None) -> None:
        """Raise the InvokeError that an invocation would raise."""
        self._describe(name, qualifier)

    def enqueue(self, name: str, qualifier: str | None, request_id: str, payload: bytes) -> None:
        """Queue an event; a failure is retried twice.

        Raises:
            InvokeError: the function does not exist, or the event is too large.
        """
        if len(payload) > EVENT_BYTES:
            raise _too_large(EVENT_BYTES)
        config, _ = self._describe(name, qualifier)
        _check_json(payload)
        self._count(events=1)
        metrics.received(config.region, config.name)
        self._events.submit(self._run_event, name, qualifier, request_id, payload)

    def counters(self) -> dict[str, Any]:
        """The counters since the start."""
        with self._lock:
            return asdict(self._counters)

    def close(self) -> None:
        """End every function; events that await a retry are dropped."""
        self._closing.set()
        self._events.shutdown(wait=False, cancel_futures=True)
        for pool in self._pools.values():
            pool.close()
        for sink in self._sinks.values():
            sink.close()

    def _run_event(self, name: str, qualifier: str | None, request_id: str, payload: bytes) -> None:
        for attempt in range(EVENT_RETRIES + 1):
            if attempt and self._closing.wait(EVENT_RETRY_DELAY_S * attempt):
                return
            try:
                if not self.invoke(name, qualifier, request_id, payload).failed:
                    return
            except InvokeError as error:
                log.warning("event for %s: %s", name, error)
        self._count(event_failures=1)
        config, _ = self._describe(name, qualifier)
        metrics.dropped(config.region, config.name)
        log.warning("event %s for %s failed %d times and is dropped", request_id, name, EVENT_RETRIES + 1)

    def _describe(self, name: str, qualifier: str | None) -> tuple[FunctionConfig, int | None]:
        """The function's configuration and reserved concurrency, cached for a few seconds."""
        key = f"{name}:{qualifier or ''}"
        known = self._configs.get(key)
        if known is not None and time.monotonic() - known[0] < _CONFIG_FRESH_S:
            return known[1], known[2]
        arguments = {"FunctionName": name} | ({"Qualifier": qualifier} if qualifier else {})
        try:
            config = parse_function(self._lambda.get_function_configuration(**arguments))
            reserved = self._lambda.get_function_concurrency(FunctionName=config.name)
        except ClientError as error:
            if "ResourceNotFoundException" in str(error):
                raise InvokeError(404, "ResourceNotFoundException", f"Function not found: {name}") from error
            raise InvokeError(503, "ServiceUnavailableException", str(error)) from error
        except BotoCoreError as error:
            raise InvokeError(503, "ServiceUnavailableException", str(error)) from error
        limit: int | None = reserved.get("ReservedConcurrentExecutions")
        self._configs[key] = (time.monotonic(), config, limit)
        return config, limit

    def _pool(self, name: str) -> Pool:
        with self._lock:
            if name not in self._pools:
                self._pools[name] = Pool(self._start)
            return self._pools[name]

    def _start(self, config: FunctionConfig) -> Environment:
        with self._start_lock:
            task_root = unpack(config, self._endpoint_url, self._directory)
            if config.region not in self._sinks:
                self._sinks[config.region] = LogSink(self._endpoint_url, config.region)
        self._count(cold_starts=1)
        return Environment(config, task_root, self._runtime_dir, self._endpoint_url, self._sinks[config.region])

    def _count(self, **increments: int) -> None:
        with self._lock:
            for name, increment in increments.items():
                setattr(self._counters, name, getattr(self._counters, name) + increment)


def _too_large(limit: int) -> InvokeError:
    message = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
    return InvokeError(413, "RequestTooLargeException", message)


def _check_json(payload: bytes) -> None:
    try:
        msgspec.json.decode(payload or b"{}", type=msgspec.Raw)
    except msgspec.DecodeError as error:
        message = f"Could not parse request body into json: {error}"
        raise InvokeError(400, "InvalidRequestContentException", message) from error


def _trace() -> str:
    return f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Sampled=0"
