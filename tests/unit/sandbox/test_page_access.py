"""Who may use the console's page: the token, Host and Origin, over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, CookieJar, web
from aiohttp.test_utils import TestServer
from yarl import URL

from sandbox.page import access
from tests.conftest import free_port

_TOKEN = "a-token"


async def _done(_: web.Request) -> web.Response:
    return web.json_response({})


@pytest.fixture
async def address() -> AsyncIterator[str]:
    """A server with one page and one call, behind the guard."""
    port = free_port()
    app = web.Application(middlewares=[access.guard(_TOKEN, port)])
    app.add_routes([web.get("/", _done), web.post("/api/faults", _done)])
    async with TestServer(app, host="127.0.0.1", port=port):
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture
async def browser(address: str) -> AsyncIterator[ClientSession]:
    """A client that has opened the printed address."""
    async with ClientSession(address, cookie_jar=CookieJar(unsafe=True)) as session:
        async with session.get("/", params={access.TOKEN: _TOKEN}) as response:
            assert response.status == 200
            assert "token" not in str(response.url)
        yield session


async def test_the_printed_address_opens_the_page(browser: ClientSession) -> None:
    async with browser.get("/") as response:
        assert response.status == 200


async def test_every_answer_has_the_content_security_policy(browser: ClientSession, address: str) -> None:
    async with browser.get("/") as allowed, ClientSession() as stranger, stranger.get(address) as refused:
        for response in (allowed, refused):
            assert response.headers["Content-Security-Policy"] == access.POLICY
            assert response.headers["X-Content-Type-Options"] == "nosniff"
    # Nothing from elsewhere, nothing inline, in no frame: https://www.w3.org/TR/CSP3/
    assert "unsafe" not in access.POLICY
    assert "default-src 'none'" in access.POLICY
    assert "frame-ancestors 'none'" in access.POLICY


async def test_the_cookie_is_neither_for_scripts_nor_for_other_sites(address: str) -> None:
    url = URL(address).with_query({access.TOKEN: _TOKEN})
    async with ClientSession() as session, session.get(url, allow_redirects=False) as response:
        cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


@pytest.mark.parametrize("query", [{}, {"token": ""}, {"token": "another"}])
async def test_without_the_token_nothing_is_answered(address: str, query: dict[str, str]) -> None:
    async with ClientSession() as session, session.get(URL(address).with_query(query)) as response:
        assert response.status == 403
        assert "python -m sandbox console" in (await response.json())["message"]


async def test_another_name_for_this_machine_is_refused(browser: ClientSession) -> None:
    async with browser.get("/", headers={"Host": "example.org"}) as response:
        assert response.status == 403


@pytest.mark.parametrize("origin", [None, "http://example.org", "null"])
async def test_a_change_from_another_site_is_refused(browser: ClientSession, origin: str | None) -> None:
    headers = {} if origin is None else {"Origin": origin}
    async with browser.post("/api/faults", headers=headers) as response:
        assert response.status == 403


async def test_a_change_from_the_page_is_taken(browser: ClientSession, address: str) -> None:
    async with browser.post("/api/faults", headers={"Origin": address.rstrip("/")}) as response:
        assert response.status == 200
