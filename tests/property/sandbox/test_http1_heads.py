"""Heads of requests are read in C as in Python, which is the oracle."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.http1.bodies import BadRequestError
from sandbox.http1.requests import Head, parse_head

NAMES = st.binary(max_size=70) | st.text("aZ-09_:! \t", max_size=6).map(str.encode)
VALUES = st.binary(max_size=20) | st.text("aZ \t:;\r\n\0\x7f", max_size=8).map(str.encode)
LINES = st.lists(st.tuples(NAMES, st.sampled_from([b":", b": ", b":\t ", b""]), VALUES).map(b"".join), max_size=4)
FIRST = st.sampled_from([b"GET / HTTP/1.1", b"POST http://a/b?c HTTP/1.0", b"GET /"])


def _read(received: bytes, end: int) -> Head | tuple[int, str]:
    try:
        return parse_head(received, end)
    except BadRequestError as error:
        return error.status, str(error)


@given(FIRST, LINES, st.binary(max_size=4))
def test_a_head_is_read_as_by_the_slow_path(first: bytes, lines: list[bytes], rest: bytes) -> None:
    received = b"\r\n".join([first, *lines]) + b"\r\n\r\n" + rest
    end = received.find(b"\r\n\r\n")
    found = _read(received, end)
    with patch("sandbox.http1.requests.native", None):
        assert found == _read(received, end)


@pytest.mark.parametrize("line", [b"Content-Length:  2 ", b"X-Amz-Target: A.B", b"a:"])
def test_usual_fields_lose_the_white_space_around_their_values(line: bytes) -> None:
    received = b"GET / HTTP/1.1\r\n" + line
    name, _, value = line.partition(b":")
    assert parse_head(received, len(received)).headers == [(name.lower(), value.strip())]
