"""The checksums that S3 computes of objects, where moto takes CRC-32 for those of packages that it does not install."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

from sandbox.checksums import crc32c, crc64nvme

_COMPUTED = {"CRC32C": crc32c, "CRC64NVME": crc64nvme}


def computing_checksum(original: Callable[[bytes, str, bool], bytes]) -> Callable[..., bytes]:
    """Wrap moto's computation of a checksum by the name of its algorithm."""

    def compute(body: bytes, algorithm: str, encode_base64: bool = True) -> bytes:
        computed = _COMPUTED.get(algorithm)
        if computed is None:
            return original(body, algorithm, encode_base64)
        return b64encode(computed(body)) if encode_base64 else computed(body)

    return compute
