"""The routes of the page, and its server.

GET  /api/state          the stack's outputs, and a first snapshot
GET  /api/events         server-sent events: `snapshot` each second, `alarms` when they may have changed
GET  /api/dashboard      the deployed dashboard's body     GET /api/metrics?minutes=N   the data of its graphs
GET  /api/alarms         the alarms and their history
GET  /api/changes        the latest changes of the change log
GET  /api/items/{key}    one item, followed from the write to the query
GET  /api/failures       failed records and dead letters   POST /api/replay {deadLetters, cause}
GET  /api/queries        the saved queries                 POST /api/queries {sql}
GET  /api/queries/{id}   one that runs                     DELETE /api/queries/{id}       stop it
GET  /api/queries/{id}/rows?token=T
GET  /api/faults         kinds and what is on              POST /api/faults, DELETE /api/faults/{id}

A refusal is `{"message": sentence}` with status 400, 403 or 404, or 502 if the sandbox does not respond.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.monitoring.raised import RaisedAlarm, raised_alarms
from sandbox.page import access, failures, faults, journey, monitoring
from sandbox.page.clients import Clients
from sandbox.page.queries import Workgroup
from sandbox.page.stages import Snapshot, snapshot

STATIC = Path(__file__).parent / "static"
_INTERVAL_S = 1.0
_RAISED_EVERY = 5
_ALARMS_EVERY = 60
_COUNT_EVERY_S = 5.0
_MAX_MINUTES = 24 * 60
_LATEST_CHANGES = 50
_MAX_BODY_BYTES = 1 << 20
_encoder = msgspec.json.Encoder()
_Body = TypeVar("_Body")


class QueryText(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a query to start."""

    sql: str


class ReplayOf(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """The body of a replay: of the dead letters, or of the failed records of one cause ("" for all)."""

    dead_letters: bool = False
    cause: str = ""


class Page:
    """The handlers of the API for one running sandbox."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._queries = Workgroup(clients)
        self._listeners: set[asyncio.Queue[bytes]] = set()
        self._raised: list[RaisedAlarm] | None = None
        self._items, self._queued = 0, dict[str, int]()
        self._counted_s = -math.inf

    def routes(self) -> list[web.RouteDef]:
        """Every route of the API."""
        return [
            web.get("/api/state", self._state),
            web.get("/api/events", self._events),
            web.get("/api/dashboard", self._dashboard),
            web.get("/api/metrics", self._metrics),
            web.get("/api/alarms", self._alarms),
            web.get("/api/changes", self._changes),
            web.get("/api/items/{key}", self._item),
            web.get("/api/failures", self._failures),
            web.post("/api/replay", self._replay),
            web.get("/api/queries", self._saved),
            web.post("/api/queries", self._start),
            web.get("/api/queries/{id}", self._running),
            web.delete("/api/queries/{id}", self._stop),
            web.get("/api/queries/{id}/rows", self._rows),
            web.get("/api/faults", self._faults),
            web.post("/api/faults", self._fault_on),
            web.delete("/api/faults/{id}", self._fault_off),
        ]

    async def publish(self, _: web.Application) -> AsyncGenerator[None]:
        """Publish snapshots and alarms while the server runs and has listeners."""
        task = asyncio.create_task(self._publish())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def _publish(self) -> None:
        # The first snapshot creates the clients, which takes longer than all else: it is taken before a page opens.
        await asyncio.to_thread(self._snapshot)
        for turn in range(1 << 62):
            if self._listeners:
                self._tell("snapshot", await asyncio.to_thread(self._snapshot))
                if turn % _RAISED_EVERY == 0:
                    await self._tell_alarms(anyway=turn % _ALARMS_EVERY == 0)
            await asyncio.sleep(_INTERVAL_S)

    async def _tell_alarms(self, *, anyway: bool) -> None:
        """Publish the alarms if others are raised than before, if a page is new, or anyway: DescribeAlarms is slow."""
        raised = await asyncio.to_thread(raised_alarms, self._clients.outputs["endpoint_url"])
        if raised == self._raised and not anyway:
            return
        self._raised = raised
        with contextlib.suppress(BotoCoreError, ClientError):
            self._tell("alarms", await asyncio.to_thread(monitoring.alarms, self._clients))

    def _tell(self, event: str, value: object) -> None:
        message = b"event: " + event.encode() + b"\ndata: " + _encoder.encode(value) + b"\n\n"
        for listener in self._listeners:
            # A slow listener receives only the newest.
            while listener.full():
                listener.get_nowait()
            listener.put_nowait(message)

    def _snapshot(self) -> Snapshot:
        if time.monotonic() - self._counted_s > _COUNT_EVERY_S:
            self._items, self._queued = self._counted()
            self._counted_s = time.monotonic()
        return snapshot(self._clients.outputs, self._clients.sandbox.health(), self._items, self._queued)

    def _counted(self) -> tuple[int, dict[str, int]]:
        """The counts that no process reports: the table's items, and the messages of the queues by name."""
        outputs, attribute = self._clients.outputs, "ApproximateNumberOfMessages"
        try:
            table = self._clients.dynamodb.describe_table(TableName=outputs["table_name"])["Table"]
            found = self._clients.sqs.get_queue_attributes(
                QueueUrl=outputs["dead_letter_queue_url"], AttributeNames=[attribute]
            )
        except (BotoCoreError, ClientError):
            return 0, {}
        return table["ItemCount"], {"the dead-letter queue": int(found["Attributes"][attribute])}

    async def _state(self, _: web.Request) -> web.Response:
        return _json({"outputs": self._clients.outputs, "snapshot": await asyncio.to_thread(self._snapshot)})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        access.secured(response)
        await response.prepare(request)
        listener: asyncio.Queue[bytes] = asyncio.Queue(maxsize=8)
        self._listeners.add(listener)
        self._raised = None
        try:
            while True:
                await response.write(await listener.get())
        except ConnectionResetError:
            return response
        finally:
            self._listeners.discard(listener)

    async def _dashboard(self, _: web.Request) -> web.Response:
        return _json(await asyncio.to_thread(monitoring.dashboard, self._clients))

    async def _metrics(self, request: web.Request) -> web.Response:
        text = request.query.get("minutes", "60")
        if not text.isdecimal() or not 1 <= int(text) <= _MAX_MINUTES:
            raise ValueError(f"minutes is {text!r}: give a whole number from 1 to {_MAX_MINUTES}.")
        return _json(await asyncio.to_thread(monitoring.data, self._clients, int(text)))

    async def _alarms(self, _: web.Request) -> web.Response:
        def both() -> dict[str, Any]:
            return {"alarms": monitoring.alarms(self._clients), "history": monitoring.history(self._clients)}

        return _json(await asyncio.to_thread(both))

    async def _changes(self, _: web.Request) -> web.Response:
        outputs = self._clients.outputs
        sql = (
            f'SELECT * FROM "{outputs["database_name"]}"."{outputs["change_log_name"]}" '
            f"ORDER BY changed_at DESC, sequence DESC LIMIT {_LATEST_CHANGES}"
        )

        def latest() -> object:
            id_ = self._queries.finished(sql)
            return self._queries.rows(id_)

        return _json(await asyncio.to_thread(latest))

    async def _item(self, request: web.Request) -> web.Response:
        return _json(await asyncio.to_thread(journey.follow, self._clients, self._queries, request.match_info["key"]))

    async def _failures(self, _: web.Request) -> web.Response:
        return _json(await asyncio.to_thread(failures.listed, self._clients))

    async def _replay(self, request: web.Request) -> web.Response:
        of = await _body(request, ReplayOf)

        def replayed() -> dict[str, Any]:
            return failures.replay(self._clients, dead_letters=of.dead_letters, cause=of.cause)

        return _json(await asyncio.to_thread(replayed))

    async def _saved(self, _: web.Request) -> web.Response:
        return _json(await asyncio.to_thread(self._queries.saved))

    async def _start(self, request: web.Request) -> web.Response:
        text = await _body(request, QueryText)
        return _json({"id": await asyncio.to_thread(self._queries.start, text.sql)})

    async def _running(self, request: web.Request) -> web.Response:
        return _json(await asyncio.to_thread(self._queries.running, request.match_info["id"]))

    async def _stop(self, request: web.Request) -> web.Response:
        await asyncio.to_thread(self._queries.stop, request.match_info["id"])
        return _json({})

    async def _rows(self, request: web.Request) -> web.Response:
        id_, token = request.match_info["id"], request.query.get("token")
        return _json(await asyncio.to_thread(self._queries.rows, id_, token))

    async def _faults(self, _: web.Request) -> web.Response:
        active = await asyncio.to_thread(faults.listed, self._clients.outputs["endpoint_url"])
        return _json({"kinds": faults.kinds(), "faults": active})

    async def _fault_on(self, request: web.Request) -> web.Response:
        wanted = await _body(request, faults.Wanted)
        return _json(await asyncio.to_thread(faults.on, self._clients.outputs["endpoint_url"], wanted))

    async def _fault_off(self, request: web.Request) -> web.Response:
        endpoint_url = self._clients.outputs["endpoint_url"]
        return _json(await asyncio.to_thread(faults.off, endpoint_url, request.match_info["id"]))


@web.middleware
async def _sentences(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Return every error as one sentence."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _json({"message": f"{request.method} {request.path}: {error.reason}."}, error.status)
    except ValueError as error:
        return _json({"message": str(error)}, 400)
    except (BotoCoreError, ClientError) as error:
        return _json({"message": f"The sandbox does not respond: {error}"}, 502)


async def _body(request: web.Request, type_: type[_Body]) -> _Body:
    """Return the request's JSON.

    Raises:
        ValueError: it does not match the route's type; the text is a sentence.
    """
    try:
        return msgspec.json.decode(await request.read(), type=type_)
    except msgspec.DecodeError as error:
        raise ValueError(f"The body of {request.method} {request.path} is wrong: {error}.") from error


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(body=_encoder.encode(value), status=status, content_type="application/json")


async def _index(_: web.Request) -> web.FileResponse:
    return web.FileResponse(STATIC / "index.html")


def application(clients: Clients, token: str, port: int) -> web.Application:
    """Return the application for a sandbox's page, which requires the token."""
    page = Page(clients)
    app = web.Application(middlewares=[access.guard(token, port), _sentences], client_max_size=_MAX_BODY_BYTES)
    app.add_routes([*page.routes(), web.get("/", _index), web.static("/static", STATIC)])
    app.cleanup_ctx.append(page.publish)
    return app
