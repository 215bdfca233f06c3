"""The Invoke API on a Unix socket. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""

from __future__ import annotations

import base64
import binascii
import logging
import re
import socketserver
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
from msgspec import Struct

from sandbox.functions.config import parse_name
from sandbox.functions.http_handler import Handler
from sandbox.functions.invoker import InvokeError, Invoker
from sandbox.state import StateDir, StopSignal, WorkerStatus

log = logging.getLogger(__name__)

_INVOCATIONS = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
_STATUS_INTERVAL_S = 0.5
_KINDS = ("Event", "RequestResponse", "DryRun")


class InvokeResponse(Struct, frozen=True):
    """Status, headers and body of an HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes


class FunctionsService:
    """Serves Invoke until the stop is requested."""

    def __init__(self, endpoint_url: str, state: StateDir) -> None:
        self._state = state
        self._socket: Path = state.socket("functions")
        self._invoker = Invoker(endpoint_url, state)

    def run(self, stop: StopSignal) -> None:
        """Serve until the stop is requested; then end every function."""
        self._socket.unlink(missing_ok=True)
        server = _Server(self._socket, self._invoker)
        thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
        thread.start()
        status = WorkerStatus(self._state, "functions", self._invoker.counters())
        log.info("listening at %s", self._socket)
        try:
            while not stop.wait(_STATUS_INTERVAL_S):
                status.counters = dict(self._invoker.counters())
                status.tick()
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
            self._socket.unlink(missing_ok=True)
            self._invoker.close()
            status.counters = dict(self._invoker.counters())
            status.write()
            log.info("stopped")


def invoke(invoker: Invoker, target: str, headers: Mapping[str, str], body: bytes) -> InvokeResponse:
    """Handle one request for `target`, a path with its query; header names are in lower case."""
    request_id = str(uuid.uuid4())
    parts = urlsplit(target)
    match = _INVOCATIONS.fullmatch(parts.path)
    try:
        if match is None:
            raise InvokeError(404, "ResourceNotFoundException", f"The path {parts.path} does not exist.")
        name, qualifier = parse_name(unquote(match[1]), parse_qs(parts.query).get("Qualifier", [None])[0])
        kind = headers.get("x-amz-invocation-type") or "RequestResponse"
        if kind not in _KINDS:
            sentence = (
                f"1 validation error detected: Value '{kind}' at 'invocationType' failed to satisfy constraint: "
                f"Member must satisfy enum value set: [{', '.join(_KINDS)}]"
            )
            raise InvokeError(400, "ValidationException", sentence)
        if kind == "DryRun":
            invoker.check(name, qualifier)
            return InvokeResponse(204, {"X-Amzn-RequestId": request_id}, b"")
        if kind == "Event":
            invoker.enqueue(name, qualifier, request_id, body)
            return InvokeResponse(202, {"X-Amzn-RequestId": request_id}, b"")
        result = invoker.invoke(name, qualifier, request_id, body, _client_context(headers))
    except InvokeError as error:
        return _refusal(error, request_id)
    answer = {
        "Content-Type": "application/json",
        "X-Amzn-RequestId": request_id,
        "X-Amz-Executed-Version": "$LATEST",
    }
    if result.failed:
        answer["X-Amz-Function-Error"] = "Unhandled"
    if headers.get("x-amz-log-type") == "Tail":
        answer["X-Amz-Log-Result"] = base64.b64encode(result.log_tail).decode()
    return InvokeResponse(200, answer, result.payload)


def _client_context(headers: Mapping[str, str]) -> str | None:
    encoded = headers.get("x-amz-client-context")
    if encoded is None:
        return None
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvokeError(400, "InvalidRequestContentException", f"Client context is not base64: {error}") from error


def _refusal(error: InvokeError, request_id: str) -> InvokeResponse:
    headers = {
        "Content-Type": "application/json",
        "X-Amzn-RequestId": request_id,
        "X-Amzn-ErrorType": error.code,
    }
    fields = {"Type": "User" if error.status < 500 else "Service", "Message": error.message, "message": error.message}
    return InvokeResponse(error.status, headers, msgspec.json.encode({"__type": error.code} | fields | error.details))


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, path: Path, invoker: Invoker) -> None:
        self.invoker = invoker
        super().__init__(str(path), _InvokeHandler)


class _InvokeHandler(Handler):
    def do_POST(self) -> None:  # noqa: N802 - http.server's name
        assert isinstance(self.server, _Server)  # noqa: S101 - the type of this handler's server
        began = time.monotonic()
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = invoke(self.server.invoker, self.path, headers, self.read_body())
        if answer.status >= 400 or "X-Amz-Function-Error" in answer.headers:
            spent_ms = (time.monotonic() - began) * 1000
            detail = answer.body[:300].decode(errors="replace")
            log.warning("%s: HTTP %d after %.0f ms: %s", self.path, answer.status, spent_ms, detail)
        self.answer(answer.status, answer.body, answer.headers)

    def address_string(self) -> str:
        """Return "": a Unix socket's peer has no address."""
        return "unix"
