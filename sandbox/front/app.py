"""The ASGI application, which routes each request to the part of the sandbox that handles it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote

import msgspec

from sandbox.faults.active import ACTIVE_FAULTS
from sandbox.faults.strikes import PATH as FAULTS
from sandbox.front import eventstream
from sandbox.front.alarms import coming, evaluate_due, raised
from sandbox.front.cbor import CborError
from sandbox.front.control import ControlPlane, refuses
from sandbox.front.control.absent import failed
from sandbox.front.control.translation import translation_of
from sandbox.front.control.working import watch
from sandbox.front.counting.refused import count_refused
from sandbox.front.data_calls import DataCalls, malformed
from sandbox.front.faults import ResetError, control, serve_with_faults
from sandbox.front.functions import function_code
from sandbox.front.install import install
from sandbox.front.long_polls import LongPolls, is_receive
from sandbox.front.monitoring import MONITORING
from sandbox.front.moto_app import MotoApp
from sandbox.front.native import HELD
from sandbox.front.protocols import Protocol, error_in_protocol, protocol_of, signed_for
from sandbox.front.reply import HttpReply, Request, ServiceError, json_reply, random_hex
from sandbox.front.saving.saving import Saving
from sandbox.front.services import Services, refused, service_of
from sandbox.front.throughput import follow_faults
from sandbox.front.unread import unread
from sandbox.http1.requests import Head
from sandbox.kinesis.subscription import AWS_CBOR, OPERATION, Subscriptions
from sandbox.monitoring.raised import COMING_PATH as COMING_ALARMS
from sandbox.monitoring.raised import PATH as ALARMS
from sandbox.monitoring.reporting import PATH as METRICS
from sandbox.refusals import refuse
from sandbox.revision import PATH as REVISION
from sandbox.state import StateDir
from sandbox.unread import PATH as UNREAD
from sandbox.unread import Source

log = logging.getLogger(__name__)
refuses(refuse)

Message = MutableMapping[str, Any]

_AWS_CBOR = AWS_CBOR.encode()
_SUBSCRIBE = f"Kinesis_20131202.{OPERATION}"
_HEALTH_PATH = b"/_sandbox/health"
_REVISION_PATH = REVISION.encode()
_HEALTH = HttpReply(200, [("content-type", "application/json")], b'{"status":"ok"}')


class _GoneError(Exception):
    """The client has disconnected: no reply is needed, and the request may be incomplete."""


class Front:
    """The ASGI application. Everything except the forwarding runs in the loop's thread, without a switch of task."""

    def __init__(self, host: str, port: int, state: StateDir, *, sync: bool = False) -> None:
        install()
        moto = MotoApp(host, port)
        self.saving = Saving(state, sync=sync)
        self._control = ControlPlane(moto, self.saving.note)
        self.saving.repeat_calls(moto)
        self._services = Services(state)
        watch(state)
        follow_faults()
        ACTIVE_FAULTS.open(state)
        MONITORING.open(state)
        HELD.open(self.saving.held)
        self._calls = DataCalls()
        self._subscriptions = Subscriptions()
        self._long_polls = LongPolls()

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        """Handle one request. https://asgi.readthedocs.io/en/latest/specs/www.html"""
        try:
            body = await _body(receive)
        except _GoneError:
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        target = headers.get(b"x-amz-target", b"").decode("latin-1")
        if is_receive(target, scope["query_string"], body) and not await self._long_polls.wait(
            _request(scope, body), receive
        ):
            return
        try:
            if ACTIVE_FAULTS.on and not scope["path"].startswith("/_sandbox/"):
                reply = await serve_with_faults(
                    scope, _request(scope, body), lambda: self._answer_saved(scope, headers, target, body)
                )
            else:
                reply = await self._answer_saved(scope, headers, target, body)
        except ResetError:
            return
        except ServiceError as error:
            count_refused(_request(scope, body), error)
            reply = error_in_protocol(_request(scope, body), error)
        except Exception as error:
            reply = self._failed(target or f"{scope['method']} {scope['path']}", _request(scope, body), error)
        fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
        if not body and b"expect" in headers:
            # The client offered to wait for "100 Continue" and then had no body to send: it is out of step with the
            # server, and its next request on this connection would wait half a minute, until the server closes it.
            fields.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": reply.status, "headers": fields})
        if reply.chunks is None:
            await send({"type": "http.response.body", "body": reply.body})
        else:
            await self._send_on(reply.chunks, receive, send)

    def at_once(self, head: Head, body: bytes) -> HttpReply | None:
        """Return the reply to a data call in JSON, or to what workers ask once per second; None for others.

        While faults are on, only the latter.

        Nothing here waits, so that such a call needs no task. Its changes are persisted after `settle`.
        """
        fields = head.fields
        if head.path == _HEALTH_PATH:
            return _HEALTH
        if head.path == _REVISION_PATH:
            return HttpReply(200, [], b"%d" % self.saving.revision(head.query.decode("latin-1")))
        target = fields.get(b"x-amz-target")
        if target is None or ACTIVE_FAULTS.on or b"expect" in fields or fields.get(b"content-type") == _AWS_CBOR:
            return None
        if self.saving.syncs:
            return None
        try:
            return self._calls.answer(target.decode("latin-1"), fields.get(b"authorization", b""), body)
        except Exception as error:
            return self.failed(head, body, error)

    def settle(self) -> None:
        """Write the changes of the calls so far.

        Raises:
            OSError: they cannot be written.
        """
        self.saving.settle()

    def failed(self, head: Head, body: bytes, error: Exception) -> HttpReply:
        """The reply to a request at which the sandbox itself has failed."""
        return self._failed(head.fields.get(b"x-amz-target", head.path).decode("latin-1"), _whole(head, body), error)

    def _failed(self, what: str, request: Request, error: Exception) -> HttpReply:
        log.error("%s failed", what, exc_info=error)
        return error_in_protocol(request, failed(what, error))

    def end_waiting(self) -> None:
        """End the replies that are streamed or wait, so that the server can stop."""
        self._subscriptions.end()
        self._long_polls.end()

    def evaluate_alarms(self) -> None:
        """Evaluate the alarms that are due, and persist their changes."""
        if evaluate_due(time.time()):
            self.saving.changed("cloudwatch")

    async def close(self) -> None:
        """Deliver the held-back records, and close the services' connections and the files."""
        HELD.deliver_all()
        MONITORING.close()
        await self._services.close()
        self.saving.close()

    async def _send_on(
        self,
        chunks: AsyncIterator[bytes],
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Send the parts of a streamed reply until it ends or the client disconnects."""
        gone = asyncio.ensure_future(receive())
        try:
            async for chunk in chunks:
                if gone.done():
                    break
                self.saving.settle()
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            else:
                await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()

    async def _answer_saved(self, scope: Message, headers: dict[bytes, bytes], target: str, body: bytes) -> HttpReply:
        """Return the response once the call's changes are persisted."""
        try:
            reply = await self._answer(scope, headers, target, body)
        finally:
            # Nothing else runs between a change and this line, so no client sees a change that is not persisted.
            self.saving.settle()
        if self.saving.syncs:
            await self.saving.reach_disk()
        return reply

    async def _answer(self, scope: Message, headers: dict[bytes, bytes], target: str, body: bytes) -> HttpReply:
        path: str = scope["path"]
        if path.startswith("/_sandbox/"):
            return _internal(_request(scope, body))
        if target == _SUBSCRIBE:
            return self._subscribe(_request(scope, body))
        if headers.get(b"content-type") == _AWS_CBOR:
            translation = translation_of(_request(scope, body))
            if translation is not None:
                return translation.reply(await self._in_model_protocol(translation.request, target))
        reply = self._calls.answer(target, headers.get(b"authorization", b""), body)
        if reply is not None:
            return reply
        return await self._elsewhere(_request(scope, body), target)

    def _subscribe(self, request: Request) -> HttpReply:
        signed = signed_for(request)
        if signed is None:
            return self._control(request)
        try:
            messages = self._subscriptions.subscribe(
                signed.region, request.body, protocol_of(request) is Protocol.AWS_CBOR
            )
        except msgspec.ValidationError as error:
            raise malformed("kinesis", OPERATION, request.body, error) from None
        except (msgspec.DecodeError, CborError, RecursionError) as error:
            raise ServiceError("SerializationException", str(error)) from None
        return HttpReply(
            200, [("content-type", eventstream.CONTENT_TYPE), ("x-amzn-requestid", random_hex(16))], b"", messages
        )

    async def _in_model_protocol(self, request: Request, target: str) -> HttpReply:
        authorization = dict(request.headers).get("authorization", "")
        reply = self._calls.answer(target, authorization.encode("latin-1"), request.body)
        return await self._elsewhere(request, target) if reply is None else reply

    async def _elsewhere(self, request: Request, target: str) -> HttpReply:
        service = service_of(request.method, request.path, target)
        if service is not None:
            if error := refused(request, target):
                raise error
            return await self._services.forward(service, request)
        return self._control(request)


def _internal(request: Request) -> HttpReply:
    if request.path == "/_sandbox/health":
        return _HEALTH
    if request.path == UNREAD:
        return json_reply(200, msgspec.json.encode(unread(msgspec.json.decode(request.body, type=Source))))
    if request.path == ALARMS:
        return json_reply(200, msgspec.json.encode(raised()))
    if request.path == COMING_ALARMS:
        return json_reply(200, msgspec.json.encode(coming()))
    if request.path == METRICS:
        return MONITORING.receive(request)
    if request.path.startswith(FAULTS):
        return control(request)
    code = function_code(unquote(request.path), request.query)
    if code is None:
        return HttpReply(404, [("content-type", "text/plain")], b"The sandbox has no such resource.")
    return HttpReply(200, [("content-type", "application/zip")], code)


def _whole(head: Head, body: bytes) -> Request:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers]
    return Request(head.method, head.path.decode("latin-1"), head.query.decode("latin-1"), headers, body)


def _request(scope: Message, body: bytes) -> Request:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    raw_path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    return Request(scope["method"], raw_path.decode("latin-1"), query.decode("latin-1"), headers, body)


async def _body(receive: Callable[[], Awaitable[Message]]) -> bytes:
    """Return the whole body.

    Raises:
        _GoneError: the client disconnects before the end of the body.
    """
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise _GoneError
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)
