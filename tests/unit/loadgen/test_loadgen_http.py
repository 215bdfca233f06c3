"""Answers of the wire, whole and in pieces."""

import zlib

import pytest

from loadgen.dynamodb.http import HttpError, ResponseTemplate, is_plain_success, parse, reply_of
from loadgen.dynamodb.writes import OK, Outcome


def answer(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    lines = (b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers)
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


CRC = b"x-amz-crc32: %d" % zlib.crc32(b"{}")


def test_the_usual_answer_is_recognised_at_sight() -> None:
    assert is_plain_success(answer(b"{}", CRC))


@pytest.mark.parametrize(
    "data",
    [
        answer(b"{}", CRC, b"Connection: close"),
        answer(b"{}", b"x-amz-crc32: 1"),
        answer(b"{}"),
        answer(b"{}", CRC, status=b"500 Internal Server Error"),
        answer(b'{"a":{}}', CRC),
        answer(b"{}", CRC)[:-1],
        answer(b"{}", CRC).replace(b"Content-Length: 2", b"Content-Length: 3"),
    ],
)
def test_nothing_else_passes_for_it(data: bytes) -> None:
    assert not is_plain_success(data)


def test_an_answer_in_pieces_is_whole_only_at_its_end() -> None:
    whole = answer(b'{"a":1}', b"x-amz-crc32: %d" % zlib.crc32(b'{"a":1}'))
    for size in range(len(whole)):
        assert parse(whole[:size]) is None
    parsed = parse(whole)
    assert parsed is not None
    assert (parsed.status, parsed.body, parsed.intact, parsed.reusable) == (200, b'{"a":1}', True, True)


def test_header_names_are_of_any_case() -> None:
    parsed = parse(b"HTTP/1.1 200 OK\r\ncONTENT-lENGTH: 2\r\nX-AMZ-CRC32: 7\r\nCONNECTION: Close\r\n\r\n{}")
    assert parsed is not None
    assert not parsed.intact
    assert not parsed.reusable


def test_chunks_are_joined() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    whole = head + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
    for size in range(len(head), len(whole)):
        assert parse(whole[:size]) is None
    parsed = parse(whole)
    assert parsed is not None
    assert parsed.body == b"abcde"


def test_without_a_length_the_answer_ends_with_the_connection() -> None:
    data = b"HTTP/1.1 200 OK\r\n\r\nabc"
    assert parse(data) is None
    parsed = parse(data, ended=True)
    assert parsed is not None
    assert parsed.body == b"abc"
    assert not parsed.reusable


@pytest.mark.parametrize(
    "data", [b"SSH-2.0-OpenSSH", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n"]
)
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    with pytest.raises(HttpError):
        parse(data)


@pytest.mark.parametrize(
    ("status", "body", "outcome", "code"),
    [
        (b"400", b'{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}',
         Outcome.THROTTLED, "ProvisionedThroughputExceededException"),
        (b"400", b'{"__type":"com.amazon.coral.availability#ThrottlingException"}',
         Outcome.THROTTLED, "ThrottlingException"),
        (b"400", b'{"__type":"x#RequestLimitExceeded"}', Outcome.THROTTLED, "RequestLimitExceeded"),
        (b"400", b'{"__type":"x#ConditionalCheckFailedException"}',
         Outcome.CONDITION, "ConditionalCheckFailedException"),
        (b"400", b'{"__type":"com.amazon.coral.validate#ValidationException","message":"m"}',
         Outcome.INVALID, "ValidationException"),
        (b"400", b'{"__type":"x#ExpiredTokenException"}', Outcome.CREDENTIALS, "ExpiredTokenException"),
        (b"500", b'{"__type":"x#InternalServerError"}', Outcome.SERVER_ERROR, "InternalServerError"),
        (b"503", b"<html>", Outcome.SERVER_ERROR, "503"),
        (b"404", b"", Outcome.INVALID, "404"),
    ],
)  # fmt: skip
def test_errors_are_classified(status: bytes, body: bytes, outcome: Outcome, code: str) -> None:
    parsed = parse(answer(body, status=status + b" Reason"))
    assert parsed is not None
    reply = reply_of(parsed)
    assert (reply.outcome, reply.code) == (outcome, code)


def test_a_wrong_checksum_is_never_a_success() -> None:
    parsed = parse(answer(b"{}", b"x-amz-crc32: 1"))
    assert parsed is not None
    assert reply_of(parsed).outcome is Outcome.CORRUPT
    parsed = parse(answer(b"{}", CRC))
    assert parsed is not None
    assert reply_of(parsed) is OK


def dated(
    *, day: bytes = b"Thu, 01 Jan 2026 00:00:00 GMT", request_id: bytes = b"B8OMN3E4", more: bytes = b""
) -> bytes:
    headers = (b"Date: " + day, b"Content-Type: x", b"x-amzn-RequestId: " + request_id, CRC)
    return answer(b"{}", *headers, *((more,) if more else ()))


def test_an_answer_is_familiar_whatever_its_date_and_request_id() -> None:
    template = ResponseTemplate()
    for data in (dated(), dated(day=b"Fri, 02 Jan 2026 11:11:11 GMT"), dated(request_id=b"AAAABBBB"), dated()):
        assert template.is_plain_success(data)


def test_nothing_that_differs_elsewhere_is_familiar() -> None:
    template = ResponseTemplate()
    known = dated()
    assert template.is_plain_success(known)
    free = [known.index(b"Thu"), known.index(b"B8OM")]
    for at in set(range(len(known))) - set(range(free[0], free[0] + 29)) - set(range(free[1], free[1] + 8)):
        changed = known[:at] + bytes([known[at] ^ 1]) + known[at + 1 :]
        assert template.is_plain_success(changed) == is_plain_success(changed)
    for data in (dated(more=b"Connection: close"), known[:-1], known + b"x", answer(b"{}"), b""):
        assert not template.is_plain_success(data)
    assert template.is_plain_success(known)
