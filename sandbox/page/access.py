"""Access control of the page: only for clients with the token that the command prints, and not from other sites.

The first URL has the token; from then on it is a cookie that scripts cannot read and other sites cannot send (HttpOnly,
SameSite=Strict). Host must be the server's own, so a foreign name that resolves to 127.0.0.1 is refused (DNS
rebinding). A request that changes something must name the page's own Origin.
"""

from __future__ import annotations

import hmac

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from sandbox.processes import HOST

COOKIE = "sandbox_console"
TOKEN = "token"  # noqa: S105 - the name of the URL's parameter
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_SAFE = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})


def hosts(port: int) -> frozenset[str]:
    """The server's own values of Host."""
    return frozenset({f"{HOST}:{port}", f"localhost:{port}"})


def guard(token: str, port: int) -> Middleware:
    """Return a middleware that refuses requests without the token, with a foreign Host or from a different site."""
    own = hosts(port)
    origins = frozenset(f"http://{host}" for host in own)

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.get(hdrs.HOST) not in own:
            response: web.StreamResponse = _refused(f"Open the console at http://{HOST}:{port}.")
        elif (origin := request.headers.get(hdrs.ORIGIN)) is None and request.method not in _SAFE:
            response = _refused("The request names no Origin: send it from the console's page.")
        elif origin is not None and origin not in origins:
            response = _refused("The request comes from a different site.")
        elif request.path == "/" and _same(request.query.get(TOKEN, ""), token):
            # Removes the token from the address bar, from the history, and from copied addresses.
            response = web.Response(status=303, headers={hdrs.LOCATION: "/"})
            response.set_cookie(COOKIE, token, httponly=True, samesite="Strict", path="/")
        elif not _same(request.cookies.get(COOKIE, ""), token):
            response = _refused("Open the whole address that `python -m sandbox console` has printed.")
        else:
            response = await handler(request)
        if not response.prepared:
            response.headers.update(_HEADERS)
        return response

    return guarded


def secured(response: web.StreamResponse) -> None:
    """Add the security headers to a response that its handler prepares itself."""
    response.headers.update(_HEADERS)


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())


def _refused(sentence: str) -> web.Response:
    return web.json_response({"message": sentence}, status=403)
