"""CBOR, against botocore's own codec and what RFC 8949 and the SDK for Java write."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.front import cbor

parsers: Any = import_module("botocore.parsers")
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(
    lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000)
)
# Without null, which botocore leaves out of a map.
LEAVES = st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


def by_botocore(content: bytes) -> Any:
    parser = parsers.RpcV2CBORParser()
    return parser.parse_data_item(parser.get_peekable_stream_from_bytes(content))


@given(VALUES)
@settings(max_examples=50)
def test_what_is_written_is_read_here_and_by_botocore(value: object) -> None:
    content = cbor.encode(value, cbor.SECONDS)
    assert cbor.decode(content, cbor.SECONDS) == value
    assert by_botocore(content) == value


@given(TIMES)
@settings(max_examples=50)
def test_a_time_keeps_its_milliseconds_in_either_unit(time: datetime) -> None:
    for unit in (cbor.SECONDS, cbor.MILLISECONDS):
        assert abs(cbor.decode(cbor.encode(time, unit), unit) - time).total_seconds() < 1e-3
    assert by_botocore(cbor.encode(time, cbor.SECONDS)) == time


def test_aws_s_own_cbor_has_times_in_milliseconds() -> None:
    """As version 2.57.8 of the SDK for Java sent 2026-01-02T03:04:05.678Z in GetShardIterator to Kinesis."""
    sent = bytes.fromhex("c11b0000019b7ca98f2e")
    assert cbor.decode(sent, cbor.MILLISECONDS) == datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
    assert cbor.encode(datetime(2026, 1, 2, 3, 4, 5, 678000, UTC), cbor.MILLISECONDS) == sent


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ("9f01820203ff", [1, [2, 3]]),
        ("bf6346756ef563416d7421ff", {"Fun": True, "Amt": -2}),
        ("7f657374726561646d696e67ff", "streaming"),
        ("5f42010243030405ff", b"\1\2\3\4\5"),
        ("f93c00", 1.0),
        ("fa47c35000", 100000.0),
        ("f7", None),
    ],
)
def test_the_examples_of_the_standard_are_read(content: str, value: object) -> None:
    """https://www.rfc-editor.org/rfc/rfc8949.html#name-examples-of-encoded-cbor-da"""
    assert cbor.decode(bytes.fromhex(content), cbor.SECONDS) == value


@pytest.mark.parametrize(
    "content",
    [
        "",
        "ff",
        "82",
        "8201",
        "820102ff",
        "61ff",
        "bf01ff",
        "5f6161ff",
        "9b7fffffffffffffff",
        "0000",
        "c16161",
        "1c",
        "e0",
    ],
)
def test_what_is_no_cbor_is_an_error(content: str) -> None:
    with pytest.raises(cbor.CborError):
        cbor.decode(bytes.fromhex(content.strip("-")), cbor.SECONDS)


def test_what_is_nested_without_end_is_an_error() -> None:
    with pytest.raises(cbor.CborError, match="64 levels"):
        cbor.decode(b"\x81" * 100_000, cbor.SECONDS)
