"""The Lambda Runtime API of one execution environment, on its own port.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from queue import SimpleQueue
from typing import Literal

import msgspec
from msgspec import Struct

from sandbox.functions.http_handler import Handler

PAYLOAD_BYTES = 6_291_556
"""The maximum size of a function's response."""

_NEXT = "/2018-06-01/runtime/invocation/next"
_INIT_ERROR = "/2018-06-01/runtime/init/error"
_REPORT = re.compile(r"/2018-06-01/runtime/invocation/([^/]+)/(response|error)")


class Invocation(Struct, frozen=True):
    """An event for the function, with `timeout_s` from the runtime's fetch to its response."""

    request_id: str
    function_arn: str
    timeout_s: float
    payload: bytes
    trace_id: str
    client_context: str | None = None


class RuntimeReport(Struct, frozen=True):
    """A report of the runtime: the invocation was fetched, a response, an error, or an initialisation error."""

    kind: Literal["taken", "response", "error", "init_error", "too_large"]
    body: bytes = b""


class RuntimeApi:
    """Passes one invocation at a time to the runtime, and its reports to the caller.

    `notify` is called from the API's threads for each report.
    """

    def __init__(self, clock: Callable[[], float], notify: Callable[[], None]) -> None:
        self.reports: SimpleQueue[RuntimeReport] = SimpleQueue()
        self._clock = clock
        self._notify = notify
        self._invocations: SimpleQueue[Invocation | None] = SimpleQueue()
        self._current = ""
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """host:port for AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def hand_over(self, invocation: Invocation) -> None:
        """Queue this invocation for the runtime's next request."""
        self._invocations.put(invocation)

    def close(self) -> None:
        """Stop serving."""
        self._invocations.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next_invocation(self) -> tuple[bytes, dict[str, str]] | None:
        """Wait for an invocation; its payload and headers, or None when the environment closes."""
        invocation = self._invocations.get()
        if invocation is None:
            return None
        self._current = invocation.request_id
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((self._clock() + invocation.timeout_s) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
            "Lambda-Runtime-Trace-Id": invocation.trace_id,
        }
        if invocation.client_context is not None:
            headers["Lambda-Runtime-Client-Context"] = invocation.client_context
        self.report(RuntimeReport("taken"))
        return invocation.payload, headers

    def accept(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Accept a report of the runtime; return the response's status and body."""
        if path == _INIT_ERROR:
            self.report(RuntimeReport("init_error", body))
            return HTTPStatus.ACCEPTED, b""
        match = _REPORT.fullmatch(path)
        if match is None:
            return HTTPStatus.NOT_FOUND, b""
        if match[1] != self._current:
            return HTTPStatus.BAD_REQUEST, _error("InvalidRequestID", "Invalid request ID")
        if len(body) > PAYLOAD_BYTES:
            self.report(RuntimeReport("too_large"))
            message = f"Exceeded maximum allowed payload size ({PAYLOAD_BYTES} bytes)."
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _error("RequestEntityTooLarge", message)
        self.report(RuntimeReport("response" if match[2] == "response" else "error", body))
        return HTTPStatus.ACCEPTED, b""

    def report(self, report: RuntimeReport) -> None:
        """Notify the caller."""
        self.reports.put(report)
        self._notify()


def _error(kind: str, message: str) -> bytes:
    return msgspec.json.encode({"errorType": kind, "errorMessage": message})


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api: RuntimeApi) -> None:
        self.api = api
        super().__init__(("127.0.0.1", 0), _RuntimeHandler)


class _RuntimeHandler(Handler):
    @property
    def _api(self) -> RuntimeApi:
        assert isinstance(self.server, _Server)  # noqa: S101 - the type of this handler's server
        return self.server.api

    def do_GET(self) -> None:  # noqa: N802 - http.server's name
        invocation = self._api.next_invocation() if self.path == _NEXT else None
        if invocation is None:
            self.close_connection = True  # the process has ended, or the path is unknown
        else:
            self.answer(HTTPStatus.OK, *invocation)

    def do_POST(self) -> None:  # noqa: N802 - http.server's name
        self.answer(*self._api.accept(self.path, self.read_body()))
