"""moto's own server, called as a function from a request to its reply."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from typing import Any, Protocol, cast
from urllib.parse import unquote_to_bytes

from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from sandbox.front.reply import Headers, HttpReply, Request

_NO_BODY_STATUSES = frozenset({204, 304})


class _WsgiApp(Protocol):
    def __call__(self, environ: dict[str, Any], start_response: object) -> Iterable[bytes]: ...


class MotoApp:
    """moto behind the WSGI interface. Not thread-safe: moto's stores have no locks."""

    def __init__(self, host: str, port: int) -> None:
        self._app = cast("_WsgiApp", DomainDispatcherApplication(_backend_app))
        self._server = {"SERVER_NAME": host, "SERVER_PORT": str(port)}

    def __call__(self, request: Request) -> HttpReply:
        """Handle a request with moto.

        Raises:
            NotImplementedError: moto lacks the service or the operation.
        """
        status, headers = "500 Internal Server Error", Headers()

        def start_response(line: str, fields: Headers, exc_info: object = None) -> None:  # noqa: ARG001 - PEP 3333
            nonlocal status, headers
            status, headers = line, fields

        chunks = self._app(environ_of(request) | self._server, start_response)
        try:
            body = b"".join(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        code = int(status.split(" ", 1)[0])
        if request.method != "HEAD":
            # The server computes a body's length itself; for HEAD, only moto has the length.
            headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
        return HttpReply(code, headers, b"" if code in _NO_BODY_STATUSES else body)


def _backend_app(service: Any) -> Any:
    """moto's application for a service; its dispatcher passes None for a service that moto lacks."""
    if service is None:
        raise NotImplementedError("moto does not support the service")
    return create_backend_app(service)


def environ_of(request: Request) -> dict[str, Any]:
    """The WSGI environment (PEP 3333) of a request, for a server on this machine."""
    # The path is percent-decoded, and its bytes are passed as Latin-1.
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": request.query,
        "RAW_URI": f"{request.path}?{request.query}" if request.query else request.path,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
    }
    preserved: dict[str, str] = {}
    for name, value in request.headers:
        if name in ("content-length", "transfer-encoding"):
            continue
        key = environ_key_for_header(name)
        environ[key] = f"{environ[key]},{value}" if key in environ else value
        if should_preserve_original_header_name(name):
            preserved[key] = name
    environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = preserved
    return environ
