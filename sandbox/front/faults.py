"""The effects of the server's faults on a request, and the endpoint that switches them on and off.

GET    /_sandbox/faults             the faults with their counters, the number of held-back records, the kinds
    POST   /_sandbox/faults             a Fault: switches it on
    DELETE /_sandbox/faults?id=f1&id=f2 switches these off; without an id, all
    POST   /_sandbox/faults/strike      a Strike: returns to a different process whether a fault strikes it now

Only for programs on this machine: the sandbox's credentials are required in a header that a browser does not send
cross-origin by itself, and requests of web pages are refused.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from sandbox.dynamodb.admission import throttled
from sandbox.errors import SandboxError
from sandbox.faults import errors
from sandbox.faults.active import ACTIVE_FAULTS, Standing
from sandbox.faults.fault import Fault
from sandbox.faults.kinds import described
from sandbox.faults.strikes import PATH, STRIKE_PATH, Strike
from sandbox.front.calls import Called, called_of
from sandbox.front.connections import reset
from sandbox.front.dynamodb import service_error
from sandbox.front.native import HELD
from sandbox.front.protocols import signed_for
from sandbox.front.reply import HttpReply, Request, ServiceError, json_reply
from sandbox.state import ACCESS_KEY, ACCOUNT_ID, region

Message = MutableMapping[str, Any]
Serve = Callable[[], Awaitable[HttpReply]]

_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_READS = ("Get", "BatchGet", "Query", "Scan", "TransactGet", "Describe", "List")


class ResetError(Exception):
    """The client's connection was reset: there is no reply."""


# Requests


async def serve_with_faults(scope: Message, request: Request, serve: Serve) -> HttpReply:
    """Handle a request by `serve`, with the effects of the faults.

    Raises:
        ServiceError: a fault causes the service to refuse the call or to fail.
        ResetError: a fault has reset the connection.
    """
    called = called_of(request)
    await _delay(called)
    _crash(called, "before-call")
    _refuse(called, request)
    _fail(called, scope, "before")
    reply = await serve()
    _crash(called, "after-call")
    _fail(called, scope, "after")
    return reply


async def _delay(called: Called) -> None:
    for standing in _of("latency", called):
        fault = standing.fault
        jitter_ms = standing.random.uniform(0, fault.number("jitter_ms"))
        await asyncio.sleep((fault.number("ms") + jitter_ms) / 1000)


def _crash(called: Called, point: str) -> None:
    for standing in ACTIVE_FAULTS.matching("crash", "server", called.operation):
        if standing.fault.text("point") == point and ACTIVE_FAULTS.strikes(standing, urgent=True):
            os.kill(os.getpid(), signal.SIGKILL)


def _refuse(called: Called, request: Request) -> None:
    for standing in _of("throttle", called):
        code = standing.fault.text("error")
        form = errors.form_of(called.service, code)
        if called.service == "dynamodb":
            verb = "Read" if called.operation.startswith(_READS) else "Write"
            raise service_error(throttled(code, form.message, _table_arn(request), verb))
        raise ServiceError(code, form.message, form.status)
    for _ in _of("expired-iterator", called):
        form = errors.EXPIRED[called.service]
        raise ServiceError(errors.EXPIRED_ITERATOR, form.message, form.status)


def _fail(called: Called, scope: Message, when: str) -> None:
    for standing in _of("error", called, when):
        code = standing.fault.text("error")
        form = errors.form_of(called.service, code)
        raise ServiceError(code, form.message, form.status)
    for _ in _of("reset", called, when):
        if client := scope.get(
            "client"
        ):  # not over HTTP/2, which arrives on a Unix socket: its stream ends without a reply
            reset((str(client[0]), int(client[1])))
        raise ResetError


def _of(kind: str, called: Called, when: str = "") -> list[Standing]:
    """The faults of a kind that may strike a call, except those for one table or partition: the engine has these."""
    struck: list[Standing] = []
    for standing in ACTIVE_FAULTS.matching(kind, called.service, called.operation):
        fault = standing.fault
        caller = fault.text("caller")
        concerns = (
            fault.text("when") in ("", when)
            and not (fault.text("table") or fault.text("partition"))
            and (caller in ("", "all") or (caller == "worker") == called.by_worker)
        )
        if concerns and ACTIVE_FAULTS.strikes(standing):
            struck.append(standing)
    return struck


def _table_arn(request: Request) -> str:
    """The ARN of the table that a request names, for the reason of its refusal; "" if it names none."""
    try:
        named = msgspec.json.decode(request.body, type=_Named)
    except msgspec.DecodeError:
        return ""
    name = named.TableName or next(iter(named.RequestItems), "")
    if not name or name.startswith("arn:"):
        return name
    signed = signed_for(request)
    return f"arn:aws:dynamodb:{signed.region if signed else region()}:{ACCOUNT_ID}:table/{name}"


class _Named(msgspec.Struct):
    TableName: str = ""
    RequestItems: dict[str, Any] = {}


# The control endpoint


def control(request: Request) -> HttpReply:
    """Handle a request to the control endpoint."""
    refused = _refusal_of_stranger(request)
    if refused is not None:
        return _answer(403, {"message": refused})
    try:
        return _control(request)
    except SandboxError as error:
        return _answer(400, {"message": str(error)})
    except msgspec.MsgspecError as error:
        return _answer(400, {"message": f"The request is not a valid fault: {error}."})


def _control(request: Request) -> HttpReply:
    if request.path == STRIKE_PATH and request.method == "POST":
        asked = msgspec.json.decode(request.body, type=Strike)
        standing = ACTIVE_FAULTS.first(asked.kind, asked.service, asked.operation, **asked.parameters)
        return _answer(200, {"fault": None if standing is None else standing.fault})
    if request.path != PATH:
        return _answer(404, {"message": f"The endpoint {request.path} does not exist."})
    if request.method == "POST":
        return _answer(200, ACTIVE_FAULTS.add(msgspec.json.decode(request.body, type=Fault)))
    if request.method == "DELETE":
        return _answer(200, {"faults": ACTIVE_FAULTS.remove(parse_qs(request.query).get("id", []))})
    return _answer(200, {"faults": ACTIVE_FAULTS.listed(), "held": len(HELD), "kinds": described()})


def _refusal_of_stranger(request: Request) -> str | None:
    headers = dict(request.headers)
    if f"Credential={ACCESS_KEY}/" not in headers.get("authorization", ""):
        return "The request is not signed with the sandbox's credentials."
    if "origin" in headers:
        return "A web page must not switch faults."
    host = urlsplit(f"http://{headers.get('host', '')}").hostname
    if host not in _HOSTS:
        return "The request is for a different host."
    return None


def _answer(status: int, value: object) -> HttpReply:
    return json_reply(status, msgspec.json.encode(value), "application/json")
