"""The console's API over a running pipeline, as its page asks."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestServer

from sandbox.lifecycle import Sandbox
from sandbox.page import access
from sandbox.page.app import STATIC, application
from sandbox.page.clients import Clients
from sandbox.state import StateDir
from tests.conftest import free_port
from tests.e2e.orders import order
from tests.e2e.pipeline import Pipeline

_TOKEN = "a-token"
_PATIENCE_S = 30.0


class _Page:
    """The API, asked as the page does."""

    def __init__(self, session: ClientSession, origin: str) -> None:
        self._session = session
        self._origin = origin

    async def ask(self, method: str, path: str, body: object = None, *, status: int = 200) -> Any:
        headers = {"Origin": self._origin}
        async with self._session.request(method, f"/api/{path}", json=body, headers=headers) as response:
            answer = await response.json()
            assert response.status == status, answer
            return answer

    async def event(self, name: str) -> str:
        """The data of the next event with this name."""
        async with self._session.get("/api/events") as response:
            async for line in response.content:
                if line == f"event: {name}\n".encode():
                    return (await response.content.readline()).decode().removeprefix("data: ")
        raise AssertionError(name)

    async def after(self, id_: str, *states: str) -> Any:
        """A query once it is in none of the states."""
        deadline = time.monotonic() + _PATIENCE_S
        while (query := await self.ask("GET", f"queries/{id_}"))["state"] in states:
            assert time.monotonic() < deadline
        return query


@pytest.fixture
async def page(pipeline: Pipeline) -> AsyncIterator[_Page]:
    """The page of the shared pipeline."""
    port = free_port()
    clients = Clients(Sandbox(StateDir(pipeline.state_dir), lambda _: None))
    async with (
        TestServer(application(clients, _TOKEN, port), host="127.0.0.1", port=port) as server,
        ClientSession(server.make_url("/"), cookie_jar=CookieJar(unsafe=True)) as session,
    ):
        async with session.get("/", params={access.TOKEN: _TOKEN}) as response:
            assert "<main" in await response.text()
        yield _Page(session, f"http://127.0.0.1:{port}")


async def test_an_order_is_followed_from_the_write_to_the_query(page: _Page, pipeline: Pipeline) -> None:
    item = order(1, 1, Random(1)) | {"order_id": {"S": "followed'one"}}
    pipeline.write([("insert", item)])
    with pipeline.verified() as verified:
        assert verified.report.ok, verified.report
    found = await page.ask("GET", "items/followed'one")
    assert found["item"]["order_id"] == item["order_id"]
    (change,) = found["changes"]
    assert change["op"] == "INSERT"
    assert change["steps"][0]["name"] == "written"
    assert {"in the stream", "in the lake, and found by this query"} <= {step["name"] for step in change["steps"]}
    changes = await page.ask("GET", "changes")
    assert "followed'one" in {row[changes["columns"].index("order_id")] for row in changes["rows"]}
    missing = await page.ask("GET", "items/no-such-order")
    assert missing == {"key": "no-such-order", "item": None, "changes": []}


async def test_the_picture_is_sent_each_second(page: _Page) -> None:
    assert '"stages":[{"name":"table"' in await page.event("snapshot")
    state = await page.ask("GET", "state")
    assert state["snapshot"]["stages"][0]["resource"] == state["outputs"]["table_name"]


async def test_a_page_that_is_new_is_told_the_alarms(page: _Page) -> None:
    assert "-dead-letters" in await page.event("alarms")


async def test_a_query_runs_is_paged_and_is_stopped(page: _Page) -> None:
    (saved, *_) = await page.ask("GET", "queries")
    assert saved["text"]
    sql = "SELECT x, NULL AS nothing FROM UNNEST(sequence(1, 1200)) AS t(x) ORDER BY x"
    id_ = (await page.ask("POST", "queries", {"sql": sql}))["id"]
    assert (await page.after(id_, "QUEUED", "RUNNING"))["state"] == "SUCCEEDED"
    first = await page.ask("GET", f"queries/{id_}/rows")
    assert first["columns"] == ["x", "nothing"]
    rows = first["rows"]
    while first["next"]:
        first = await page.ask("GET", f"queries/{id_}/rows?token={first['next']}")
        rows += first["rows"]
    assert rows == [[str(x), None] for x in range(1, 1201)]
    many = "UNNEST(sequence(1, 10000))"
    endless = f"SELECT count(*) FROM {many} AS a(x), {many} AS b(y), {many} AS c(z) WHERE x * y * z % 7 = 3"
    id_ = (await page.ask("POST", "queries", {"sql": endless}))["id"]
    assert (await page.after(id_, "QUEUED"))["state"] == "RUNNING"
    await page.ask("DELETE", f"queries/{id_}")
    assert (await page.after(id_, "QUEUED", "RUNNING"))["state"] == "CANCELLED"


async def test_a_fault_is_switched_on_and_off(page: _Page) -> None:
    wanted = {"kind": "latency", "service": "glue", "operation": "GetTable", "share": 0.5, "forS": 60}
    active = await page.ask("POST", "faults", wanted)
    listed = await page.ask("GET", "faults")
    assert active["id"] in {each["id"] for each in listed["faults"]}
    assert {"throttle", "crash"} <= {each["kind"] for each in listed["kinds"]}
    await page.ask("DELETE", f"faults/{active['id']}")


async def test_nothing_has_failed_and_the_dashboard_is_the_deployed_one(page: _Page) -> None:
    failed = await page.ask("GET", "failures")
    assert failed["records"]["records"] == 0
    body = await page.ask("GET", "dashboard")
    graphs = [widget["properties"]["title"] for widget in body["widgets"] if widget["type"] == "metric"]
    data = await page.ask("GET", "metrics?minutes=15")
    assert [graph["title"] for graph in data] == graphs
    assert all(len(line["times"]) == len(line["values"]) for graph in data for line in graph["lines"])


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("POST", "queries", {"sql": " "}, "The query is empty"),
        ("POST", "queries", {"text": "SELECT 1"}, "unknown field"),
        ("GET", "queries/none", None, "none"),
        ("GET", "metrics?minutes=-1", None, "whole number from 1"),
        ("POST", "faults", {"kind": "no-such"}, "no-such"),
        ("POST", "faults", {"kind": "throttle", "share": "all"}, "share"),
        ("POST", "replay", [], "object"),
    ],
)
async def test_what_the_api_does_not_know_is_refused_in_a_sentence(
    page: _Page, method: str, path: str, body: object, words: str
) -> None:
    refused = await page.ask(method, path, body, status=400)
    assert words in refused["message"]


async def test_an_unknown_path_is_not_found(page: _Page) -> None:
    assert "Not Found" in (await page.ask("GET", "no-such", status=404))["message"]


def test_the_page_takes_nothing_from_elsewhere() -> None:
    for path in STATIC.rglob("*"):
        if path.suffix in {".html", ".js", ".css"} and "uplot" not in path.parts:
            text = path.read_text()
            assert "http://" not in text.replace("http://www.w3.org", ""), path
            assert "https://" not in text, path
            assert "innerHTML" not in text, path
