"""The checksums of S3 that the standard library lacks: CRC-32C and CRC-64/NVME.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html. Packages for both are the client's
runtime of AWS, with which botocore behaves otherwise, or compute one of the two.
"""

from __future__ import annotations

from functools import cache

from sandbox.compiled import native

_CRC32C, _CRC64NVME = 0x82F63B78, 0x9A6C9329AC4BC9B5
"""The polynomials, reflected: https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4, and the NVM Command Set."""


def crc32c(content: bytes) -> bytes:
    """CRC-32C, most significant byte first."""
    return _slow(content, _CRC32C, 4) if native is None else native.checksum(content, 4)


def crc64nvme(content: bytes) -> bytes:
    """CRC-64/NVME, most significant byte first."""
    return _slow(content, _CRC64NVME, 8) if native is None else native.checksum(content, 8)


def _slow(content: bytes, polynomial: int, width: int) -> bytes:
    inverted = (1 << 8 * width) - 1
    rest, table = inverted, _table(polynomial)
    for byte in content:
        rest = rest >> 8 ^ table[(rest ^ byte) & 0xFF]
    return (rest ^ inverted).to_bytes(width, "big")


@cache
def _table(polynomial: int) -> tuple[int, ...]:
    table = list(range(256))
    for _ in range(8):
        table = [rest >> 1 ^ (polynomial if rest & 1 else 0) for rest in table]
    return tuple(table)
