"""Parses HTTP/1.1 responses in the forms that DynamoDB and compatible servers send."""

from __future__ import annotations

import zlib

import msgspec
from msgspec import Struct

from loadgen.dynamodb.answers import classify
from loadgen.dynamodb.writes import OK, Outcome, Reply

_END = b"\r\n\r\n"
# The parts of the response to a successful write or batch of writes; see `is_plain_success`.
_SUCCESS = b"HTTP/1.1 200 "
_EMPTIES = tuple(
    (b"\r\n\r\n" + body, b"\r\nContent-Length: %d\r\n" % len(body), b"\r\nx-amz-crc32: %d\r\n" % zlib.crc32(body))
    for body in (b"{}", b'{"UnprocessedItems":{}}')
)
_CLOSING = b": close\r\n"
_DATE = b"\r\nDate: "
_REQUEST_ID = b"\r\nx-amzn-RequestId: "
_EMPTY_CRC = zlib.crc32(b"{}")


class HttpResponse(Struct, gc=False):
    """A whole response: status, body, whether the CRC-32 matches, and whether the connection is reusable."""

    status: int
    body: bytes
    intact: bool
    reusable: bool


class _Error(Struct):
    type: str = msgspec.field(name="__type", default="")
    message: str | None = None
    capital_message: str | None = msgspec.field(name="Message", default=None)


class HttpError(Exception):
    """The received bytes are not an HTTP response."""


def is_plain_success(data: bytes) -> bool:
    """Return whether `data` is a whole response of plain success on a connection that stays open.

    A plain success has status 200, a body that is `{}` or lists nothing unprocessed, and the body's CRC-32. It is by
    far the most frequent response; a few searches in DynamoDB's spelling recognise it. False proves nothing: the
    response must then be parsed.
    """
    return (
        data.startswith(_SUCCESS)
        and _CLOSING not in data
        and any(data.endswith(body) and length in data and crc in data for body, length, crc in _EMPTIES)
    )


Template = tuple[bytes, bytes, bytes, int, int]
"""Parts of a response before the date, from there to the id, and after it; the second's place; all bytes."""


class ResponseTemplate:
    """Recognises a plain success by comparison with the last one: equal bytes, except the date and the request id.

    This takes a third of the time of `is_plain_success`, which decides about all other responses.
    """

    __slots__ = ("_begin", "_between", "_date_ends", "_end", "_length", "parts")

    def __init__(self) -> None:
        self._length = -1
        self._begin = self._between = self._end = b""
        self._date_ends = 0
        self.parts: Template | None = None
        """What each plain success is compared with; None before the first."""

    def is_plain_success(self, data: bytes) -> bool:
        """Return whether `data` is a plain success. False proves nothing."""
        if (
            len(data) == self._length
            and data.startswith(self._begin)
            and data.startswith(self._between, self._date_ends)
            and data.endswith(self._end)
        ):
            return True
        if not is_plain_success(data):
            return False
        self._learn(data)
        return True

    def _learn(self, data: bytes) -> None:
        """Store this response for comparisons if it has a date and, after it, a request id."""
        date, request_id = data.find(_DATE) + len(_DATE), data.find(_REQUEST_ID) + len(_REQUEST_ID)
        if len(_DATE) <= date < request_id - len(_REQUEST_ID):
            self._length = len(data)
            self._date_ends = data.index(b"\r", date)
            self._begin, self._between = data[:date], data[self._date_ends : request_id]
            self._end = data[data.index(b"\r", request_id) :]
            self.parts = self._begin, self._between, self._end, self._date_ends, self._length


def parse(data: bytes, *, ended: bool = False) -> HttpResponse | None:
    """Return the response in `data`; None while it is incomplete. `ended` means that the stream has ended.

    Raises: HttpError: the bytes can never become a response.
    """
    end = data.find(_END)
    if end < 0:
        if not data.startswith(b"HTTP/1."[: len(data)]):
            raise HttpError(f"not an HTTP answer: {data[:40]!r}")
        return None
    head = data[:end].lower() + b"\r\n"
    try:
        status = int(head[9:12])
        length = _header(head, b"\r\ncontent-length:")
        if length is not None:
            body = data[end + 4 : end + 4 + int(length)]
            if len(body) < int(length):
                return None
        elif b"\r\ntransfer-encoding: chunked" in head:
            chunks = _unchunk(data, end + 4)
            if chunks is None:
                return None
            body = chunks
        elif ended:
            body = data[end + 4 :]
        else:
            return None
        crc = _header(head, b"\r\nx-amz-crc32:")
        intact = crc is None or int(crc) == (_EMPTY_CRC if body == b"{}" else zlib.crc32(body))
    except ValueError as error:
        raise HttpError(f"not an HTTP answer: {error}") from None
    return HttpResponse(status, body, intact, not ended and b"\r\nconnection: close" not in head)


def reply_of(answer: HttpResponse) -> Reply:
    """Return what a response means for the call."""
    if not answer.intact:
        return Reply(Outcome.CORRUPT, "ChecksumError", "the response's body does not match its CRC-32")
    if answer.status == 200:
        return OK if answer.body == b"{}" else Reply(Outcome.OK, body=answer.body)
    try:
        error = msgspec.json.decode(answer.body, type=_Error)
    except msgspec.MsgspecError:
        error = _Error()
    code = error.type.rpartition("#")[2] or str(answer.status)
    message = error.message or error.capital_message or ""
    return Reply(classify(answer.status, code, answer.body), code, message, answer.body)


def _header(head: bytes, name: bytes) -> bytes | None:
    """Return the value of a header; `name` is in lower case between the line's break and the colon."""
    at = head.find(name)
    if at < 0:
        return None
    at += len(name)
    return head[at : head.index(b"\r\n", at)]


def _unchunk(data: bytes, at: int) -> bytes | None:
    """Return the body of chunks that begin at `at`; None when the last is missing."""
    body = b""
    while True:
        line = data.find(b"\r\n", at)
        if line < 0:
            return None
        size = int(data[at:line].split(b";")[0], 16)
        start = line + 2
        if len(data) < start + size + 2:
            return None
        if size == 0:
            return body
        body += data[start : start + size]
        at = start + size + 2
