"""The checksums that the standard library lacks, compiled and not: those that are published, and the same of both."""

from __future__ import annotations

from collections.abc import Callable
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import checksums
from sandbox.checksums import crc32c, crc64nvme
from sandbox.compiled import native


@pytest.mark.parametrize(
    ("checksum", "content", "expected"),
    [
        # https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4, in the order of its bytes
        (crc32c, bytes(32), "8a9136aa"),
        (crc32c, b"\xff" * 32, "62a8ab43"),
        (crc32c, bytes(range(32)), "46dd794e"),
        # "Check" of https://reveng.sourceforge.io/crc-catalogue/all.htm
        (crc32c, b"123456789", "e3069283"),
        (crc64nvme, b"123456789", "ae8b14860a799888"),
        (crc64nvme, b"", "0" * 16),
    ],
)
def test_published_checksums(checksum: Callable[[bytes], bytes], content: bytes, expected: str) -> None:
    assert checksum(content).hex() == expected
    with patch("sandbox.checksums.native", None):
        assert checksum(content).hex() == expected


@given(content=st.binary(max_size=2000))
def test_the_compiled_checksum_is_the_slow_one(content: bytes) -> None:
    assert checksums.native is not None
    fast = [crc32c(content), crc64nvme(content)]
    with patch("sandbox.checksums.native", None):
        assert [crc32c(content), crc64nvme(content)] == fast


def test_a_checksum_of_another_width_is_refused() -> None:
    assert native is not None
    with pytest.raises(ValueError, match="4 for CRC-32C or 8 for CRC-64/NVME"):
        native.checksum(b"", 5)
