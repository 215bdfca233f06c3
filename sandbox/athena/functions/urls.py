"""URL functions: https://trino.io/docs/435/functions/url.html. Text that java.net.URI refuses returns NULL."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote_plus, unquote_plus

from sandbox.athena.functions.building import INVALID
from sandbox.athena.functions.function import TrinoFunction, entry
from sandbox.athena.functions.native import Native, TrinoError

# RFC 2396 as in java.net.URI: characters beyond ASCII are accepted, a space is not.
_URI = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?"
    r"(?:(?P<opaque>(?<=:)[^/#][^#]*)|(?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?)"
    r"(?:#(?P<fragment>.*))?"
)
_ILLEGAL = re.compile(r"[\x00-\x20\"<>\\^`{|}\x7f]|%(?![0-9A-Fa-f]{2})")
_HOST = re.compile(r"(?:[^@]*@)?(?P<host>\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9-]+\.)*[A-Za-z0-9-]*\.?)(?::(?P<port>\d*))?")
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def _parts(url: str) -> dict[str, str | None] | None:
    found = _URI.fullmatch(url)
    if found is None or _ILLEGAL.search(url) or ("[" in url and "[" not in (found["authority"] or "")):
        return None
    behind = url[len(found["scheme"]) + 1 :] if found["scheme"] is not None else url
    if found["scheme"] is not None and not behind:
        return None
    # A colon in the path's first segment would end a scheme, which neither 1:2 nor :: has.
    first_segment = re.split("[/?#]", url, maxsplit=1)[0]
    if found["scheme"] is None and ":" in first_segment:
        return None
    if behind == "//":
        return None
    return found.groupdict()


def _decoded(text: str | None) -> str:
    """Replace escapes as java.net.URI does, including an invalid sequence of UTF-8."""
    if text is None:
        return ""
    return _ESCAPES.sub(lambda run: bytes.fromhex(run[0].replace("%", "")).decode(errors="replace"), text)


def _part(name: str) -> Callable[[str | None], str | None]:
    def extract(url: str | None) -> str | None:
        parts = None if url is None else _parts(url)
        if parts is None:
            return None
        return parts[name] or "" if name == "scheme" else _decoded(parts[name])

    return extract


def _authority(parts: dict[str, str | None]) -> re.Match[str] | None:
    return _HOST.fullmatch(parts["authority"] or "")


def _host(url: str | None) -> str | None:
    parts = None if url is None else _parts(url)
    if parts is None:
        return None
    found = _authority(parts)
    return found["host"] if found else ""


def _port(url: str | None) -> int | None:
    parts = None if url is None else _parts(url)
    found = None if parts is None else _authority(parts)
    return int(found["port"]) if found and found["port"] else None


def _parameter(url: str | None, name: str | None) -> str | None:
    parts = None if url is None or name is None else _parts(url)
    if parts is None or parts["query"] is None:
        return None
    for argument in parts["query"].split("&"):
        key, _, value = argument.partition("=")
        if key == name:
            return unquote_plus(value)
    return None


def _encode(text: str) -> str:
    return quote_plus(text, safe="*-._").replace("~", "%7E")


def _decode(text: str) -> str:
    if _BAD_ESCAPE.search(text):
        raise TrinoError(INVALID, f'URLDecoder: Illegal hex characters in escape (%) pattern in "{text}"')
    return unquote_plus(text)


_URL = "'https://ex.com:8080/a%20b?q=1&r=%C3%BC#top'"


def _of_url(name: str, answer: str, result: str = "varchar(x)") -> TrinoFunction:
    return entry(f"{name}(varchar(x)) -> {result}", f"athena_{name}", f"{name}({_URL})", answer)


FUNCTIONS = (
    _of_url("url_extract_protocol", "https"),
    _of_url("url_extract_host", "ex.com"),
    _of_url("url_extract_port", "8080", "bigint"),
    _of_url("url_extract_path", "/a b"),
    _of_url("url_extract_query", "q=1&r=ü"),
    _of_url("url_extract_fragment", "top"),
    entry(
        "url_extract_parameter(varchar(x), varchar(y)) -> varchar(x)",
        "athena_url_extract_parameter",
        f"url_extract_parameter({_URL}, 'r')",
        "ü",
    ),
    entry(
        "url_encode(varchar(x)) -> varchar(min(2147483647, x * 12))",
        "athena_url_encode",
        "url_encode('b&ü')",
        "b%26%C3%BC",
    ),
    entry("url_decode(varchar(x)) -> varchar(x)", "athena_url_decode", "url_decode('a+b%C3%BC')", "a bü"),
)
MACROS: tuple[str, ...] = ()
NATIVES = (
    Native("athena_url_extract_protocol", _part("scheme"), ("VARCHAR",), "VARCHAR", takes_null=True),
    Native("athena_url_extract_path", _part("path"), ("VARCHAR",), "VARCHAR", takes_null=True),
    Native("athena_url_extract_query", _part("query"), ("VARCHAR",), "VARCHAR", takes_null=True),
    Native("athena_url_extract_fragment", _part("fragment"), ("VARCHAR",), "VARCHAR", takes_null=True),
    Native("athena_url_extract_host", _host, ("VARCHAR",), "VARCHAR", takes_null=True),
    Native("athena_url_extract_port", _port, ("VARCHAR",), "BIGINT", takes_null=True),
    Native("athena_url_extract_parameter", _parameter, ("VARCHAR", "VARCHAR"), "VARCHAR", takes_null=True),
    Native("athena_url_encode", _encode, ("VARCHAR",), "VARCHAR"),
    Native("athena_url_decode", _decode, ("VARCHAR",), "VARCHAR"),
)
