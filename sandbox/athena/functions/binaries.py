"""Binary and bitwise functions: https://trino.io/docs/435/functions/binary.html, …/bitwise.html."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
import zlib
from collections.abc import Callable

from sandbox.athena.functions.building import INVALID
from sandbox.athena.functions.function import TrinoFunction, TypedCall, entry
from sandbox.athena.functions.native import Native, TrinoError

_BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}
_MASK = 2**64 - 1
_M1, _M2 = 0x87C37B91114253D5, 0x4CF5AD432745937F
_DIGESTS = ("md5", "sha1", "sha256", "sha512")
_DUCKDB_DIGESTS = ("md5", "sha1", "sha256")
"""The digests that DuckDB has, in hexadecimal."""


def _digest(name: str, answer: str) -> TrinoFunction:
    sql = f"unhex({name}({{0}}))" if name in _DUCKDB_DIGESTS else f"athena_{name}"
    return entry(f"{name}(varbinary) -> varbinary", sql, f"{name}(to_utf8('a'))", answer)


def _hmac(name: str, answer: str) -> TrinoFunction:
    signature = f"hmac_{name}(varbinary, varbinary) -> varbinary"
    return entry(signature, f"athena_hmac_{name}", f"to_hex(hmac_{name}(to_utf8('a'), to_utf8('k')))", answer)


def _hashed(name: str) -> Callable[[bytes], bytes]:
    return lambda octets: hashlib.new(name, octets, usedforsecurity=False).digest()


def _keyed(name: str) -> Callable[[bytes, bytes], bytes]:
    def digest(octets: bytes, key: bytes) -> bytes:
        if not key:
            raise TrinoError(INVALID, "Empty key")
        return hmac.new(key, octets, name).digest()

    return digest


def _rotated(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & _MASK


_P1, _P2, _P3, _P4, _P5 = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)


def _round(state: int, lane: int) -> int:
    return _rotated((state + lane * _P2) & _MASK, 31) * _P1 & _MASK


def xxhash64(octets: bytes) -> bytes:
    """XXH64 with seed 0: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md."""
    at, length = 0, len(octets)
    if length >= 32:
        lanes = [(_P1 + _P2) & _MASK, _P2, 0, -_P1 & _MASK]
        while at + 32 <= length:
            lanes = [_round(v, w) for v, w in zip(lanes, struct.unpack_from("<4Q", octets, at), strict=True)]
            at += 32
        state = sum(_rotated(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True)) & _MASK
        for lane in lanes:
            state = ((state ^ _round(0, lane)) * _P1 + _P4) & _MASK
    else:
        state = _P5
    return struct.pack(">Q", _avalanche(_tail((state + length) & _MASK, octets, at)))


def _tail(state: int, octets: bytes, at: int) -> int:
    while at + 8 <= len(octets):
        lane = struct.unpack_from("<Q", octets, at)[0]
        state = (_rotated(state ^ _round(0, lane), 27) * _P1 + _P4) & _MASK
        at += 8
    if at + 4 <= len(octets):
        lane = struct.unpack_from("<I", octets, at)[0]
        state = (_rotated(state ^ (lane * _P1 & _MASK), 23) * _P2 + _P3) & _MASK
        at += 4
    for octet in octets[at:]:
        state = _rotated(state ^ (octet * _P5 & _MASK), 11) * _P1 & _MASK
    return state


def _avalanche(state: int) -> int:
    state = (state ^ (state >> 33)) * _P2 & _MASK
    state = (state ^ (state >> 29)) * _P3 & _MASK
    return state ^ (state >> 32)


def murmur3(octets: bytes) -> bytes:
    """MurmurHash3_x64_128 with seed 0: https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp."""
    one, two = 0, 0
    whole = len(octets) & ~15
    for at in range(0, whole, 16):
        low, high = struct.unpack_from("<2Q", octets, at)
        one = _rotated(one ^ _mixed(low, _M1, 31, _M2), 27) + two & _MASK
        one = one * 5 + 0x52DCE729 & _MASK
        two = _rotated(two ^ _mixed(high, _M2, 33, _M1), 31) + one & _MASK
        two = two * 5 + 0x38495AB5 & _MASK
    low, high = struct.unpack("<2Q", octets[whole:].ljust(16, b"\0"))
    one ^= _mixed(low, _M1, 31, _M2) ^ len(octets)
    two ^= _mixed(high, _M2, 33, _M1) ^ len(octets)
    one = one + two & _MASK
    two = two + one & _MASK
    one, two = _finished(one), _finished(two)
    one = one + two & _MASK
    return struct.pack("<2Q", one, two + one & _MASK)


def _mixed(lane: int, before: int, bits: int, after: int) -> int:
    return _rotated(lane * before & _MASK, bits) * after & _MASK


def _finished(state: int) -> int:
    state = (state ^ (state >> 33)) * 0xFF51AFD7ED558CCD & _MASK
    state = (state ^ (state >> 33)) * 0xC4CEB9FE1A85EC53 & _MASK
    return state ^ (state >> 33)


def _from_base(name: str, decode: Callable[[bytes], bytes], unit: int) -> Callable[[bytes], bytes]:
    def decoded(text: bytes) -> bytes:
        padded = text.rstrip(b"=")
        try:
            return decode(padded + b"=" * (-len(padded) % unit))
        except binascii.Error as error:
            raise TrinoError(INVALID, f"Illegal {name} input: {error}") from error

    return decoded


def _from_hex(text: bytes) -> bytes:
    if len(text) % 2:
        raise TrinoError(INVALID, f"invalid input length {len(text)}")
    try:
        return binascii.unhexlify(text)
    except binascii.Error as error:
        raise TrinoError(INVALID, "not a hexadecimal digit") from error


def _unpacked(form: str, size: int) -> Callable[[bytes], int | float]:
    def number(octets: bytes) -> int | float:
        if len(octets) != size:
            raise TrinoError(INVALID, f"expected {size}-byte input, but got instead: {len(octets)}")
        return struct.unpack(form, octets)[0]

    return number


def _packed(form: str) -> Callable[[int | float], bytes]:
    return lambda number: struct.pack(form, number)


def _padded(left: bool) -> Callable[[bytes, int, bytes], bytes]:
    def pad(octets: bytes, size: int, padding: bytes) -> bytes:
        if not 0 <= size <= 2147483647:
            raise TrinoError(INVALID, "Target length must be in the range [0..2147483647]")
        if not padding:
            raise TrinoError(INVALID, "Padding bytes must not be empty")
        missing = max(size - len(octets), 0)
        filling = (padding * (missing // len(padding) + 1))[:missing]
        return (filling + octets if left else octets + filling)[:size] if missing else octets[:size]

    return pad


def _bit_count(number: int, bits: int) -> int:
    if not 2 <= bits <= 64:
        raise TrinoError(INVALID, f"Bits specified in bit_count must be between 2 and 64, got {bits}")
    if not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        message = "Number must be representable with the bits specified."
        raise TrinoError(INVALID, f"{message} {number} cannot be represented with {bits} bits")
    return (number & (2**bits - 1)).bit_count()


def _shifted(direction: str) -> Callable[[int, int, int], int]:
    """Shifts of a number of bits; a greater distance leaves 0, or in an arithmetic shift the sign."""

    def shift(number: int, distance: int, bits: int) -> int:
        if not 0 <= distance < bits:
            return -1 if direction == "arithmetic" and number < 0 else 0
        if direction == "arithmetic":
            return number >> distance
        unsigned = number & (2**bits - 1)
        moved = (unsigned << distance if direction == "left" else unsigned >> distance) & (2**bits - 1)
        return moved - 2**bits if moved >= 2 ** (bits - 1) else moved

    return shift


def _shift(name: str, native: str, example: str, answer: str) -> TrinoFunction:
    def sql(call: TypedCall) -> str:
        bits = _BITS[call.type.name]
        return f"CAST({native}({call[0]}, {call[1]}, {bits}) AS {call.type.physical})"

    return entry("; ".join(f"{name}({type_}, integer) -> {type_}" for type_ in _BITS), sql, example, answer)


FUNCTIONS = (
    _digest("md5", "0c c1 75 b9 c0 f1 b6 a8 31 c3 99 e2 69 77 26 61"),
    _digest("sha1", "86 f7 e4 37 fa a5 a7 fc e1 5d 1d dc b9 ea ea ea 37 76 67 b8"),
    _digest(
        "sha256",
        "ca 97 81 12 ca 1b bd ca fa c2 31 b3 9a 23 dc 4d a7 86 ef f8 14 7c 4e 72 b9 80 77 85 af ee 48 bb",
    ),
    entry("sha512(varbinary) -> varbinary", "athena_sha512", "substr(to_hex(sha512(to_utf8('a'))), 1, 8)", "1F40FC92"),
    _digest("xxhash64", "d2 4e c4 f1 a9 8c 6e 5b"),
    _digest("murmur3", "89 78 59 f6 65 55 55 85 5a 89 0e 51 48 3a b5 e6"),
    _hmac("md5", "DDCF3D210049E7135F61AFFAE73731CD"),
    _hmac("sha1", "40E7D441CADB17B07F050341AA23A6820ED81C8B"),
    _hmac("sha256", "78DA91511E675587F5B9DF78BEDEBAF5560DA2ABB88162EE875DCDF744951D9E"),
    _hmac(
        "sha512",
        "82E0C15E0D62AB17984BEA225BF7D28AD54F343DD6520C283C3A2CD43852A2F7"
        "9C349CC9B7583317399EE38D722489B45A942667E55BC38C42A5BB203C0900C7",
    ),
    entry("crc32(varbinary) -> bigint", "athena_crc32", "crc32(to_utf8('a'))", "3904355907"),
    entry("to_hex(varbinary) -> varchar", "hex", "to_hex(X'00ff')", "00FF"),
    entry(
        "from_hex(varchar(x)) -> varbinary; from_hex(varbinary) -> varbinary",
        lambda call: f"athena_from_hex({_octets(call)})",
        "from_hex('4D')",
        "4d",
    ),
    entry("to_base64(varbinary) -> varchar", "to_base64", "to_base64(to_utf8('Mü'))", "TcO8"),
    entry("to_base64url(varbinary) -> varchar", "athena_to_base64url", "to_base64url(X'ffff')", "__8="),
    entry("to_base32(varbinary) -> varchar", "athena_to_base32", "to_base32(X'61')", "ME======"),
    *(
        entry(
            f"{name}(varchar(x)) -> varbinary; {name}(varbinary) -> varbinary",
            lambda call: f"athena_{call.name}({_octets(call)})",
            f"{name}('{text}')",
            answer,
        )
        for name, text, answer in (
            ("from_base64", "TcO8", "4d c3 bc"),
            ("from_base64url", "__8=", "ff ff"),
            ("from_base32", "ME======", "61"),
        )
    ),
    entry("to_big_endian_32(integer) -> varbinary", "athena_to_big_endian_32", "to_big_endian_32(1)", "00 00 00 01"),
    entry("to_big_endian_64(bigint) -> varbinary", "athena_to_big_endian_64", "length(to_big_endian_64(1))", "8"),
    entry(
        "from_big_endian_32(varbinary) -> integer", "athena_from_big_endian_32", "from_big_endian_32(X'00000001')", "1"
    ),
    entry(
        "from_big_endian_64(varbinary) -> bigint",
        "athena_from_big_endian_64",
        "from_big_endian_64(X'ffffffffffffffff')",
        "-1",
    ),
    entry("to_ieee754_32(real) -> varbinary", "athena_to_ieee754_32", "to_ieee754_32(REAL '1')", "3f 80 00 00"),
    entry(
        "to_ieee754_64(double) -> varbinary", "athena_to_ieee754_64", "to_hex(to_ieee754_64(1e0))", "3FF0000000000000"
    ),
    entry(
        "from_ieee754_32(varbinary) -> real",
        "CASE WHEN {0} IS NOT NULL THEN coalesce(athena_from_ieee754_32({0}), 'nan'::FLOAT) END",
        "from_ieee754_32(X'3f800000')",
        "1.0",
    ),
    entry(
        "from_ieee754_64(varbinary) -> double",
        "CASE WHEN {0} IS NOT NULL THEN coalesce(athena_from_ieee754_64({0}), 'nan'::DOUBLE) END",
        "from_ieee754_64(X'3ff0000000000000')",
        "1.0",
    ),
    entry("lpad(varbinary, bigint, varbinary) -> varbinary", "athena_bytes_lpad", "lpad(X'01', 3, X'00')", "00 00 01"),
    entry(
        "rpad(varbinary, bigint, varbinary) -> varbinary", "athena_bytes_rpad", "rpad(X'01', 3, X'0203')", "01 02 03"
    ),
    entry("bitwise_and(bigint, bigint) -> bigint", "({0} & {1})", "bitwise_and(6, 3)", "2"),
    entry("bitwise_or(bigint, bigint) -> bigint", "({0} | {1})", "bitwise_or(6, 3)", "7"),
    entry("bitwise_xor(bigint, bigint) -> bigint", "xor", "bitwise_xor(6, 3)", "5"),
    entry("bitwise_not(bigint) -> bigint", "(~{0})", "bitwise_not(5)", "-6"),
    entry("bit_count(bigint, bigint) -> bigint", "athena_bit_count", "bit_count(-1, 8)", "8"),
    _shift("bitwise_left_shift", "athena_shift_left", "bitwise_left_shift(1, 31)", "-2147483648"),
    _shift("bitwise_right_shift", "athena_shift_right", "bitwise_right_shift(-8, 1)", "2147483644"),
    _shift("bitwise_right_shift_arithmetic", "athena_shift_arithmetic", "bitwise_right_shift_arithmetic(-8, 1)", "-4"),
)


def _octets(call: TypedCall) -> str:
    return f"encode({call[0]})" if call.arguments[0].type.name == "varchar" else call[0]


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode()


def _base32(octets: bytes) -> str:
    return base64.b32encode(octets).decode()


def _crc32(octets: bytes) -> int:
    return zlib.crc32(octets)


def _strict64(text: bytes) -> bytes:
    return base64.b64decode(text, validate=True)


def _strict64url(text: bytes) -> bytes:
    return base64.b64decode(text, altchars=b"-_", validate=True)


MACROS: tuple[str, ...] = ()
NATIVES = (
    Native("athena_sha512", _hashed("sha512"), ("BLOB",), "BLOB"),
    *(Native(f"athena_hmac_{name}", _keyed(name), ("BLOB", "BLOB"), "BLOB") for name in _DIGESTS),
    Native("athena_xxhash64", xxhash64, ("BLOB",), "BLOB"),
    Native("athena_murmur3", murmur3, ("BLOB",), "BLOB"),
    Native("athena_crc32", _crc32, ("BLOB",), "BIGINT"),
    Native("athena_from_hex", _from_hex, ("BLOB",), "BLOB"),
    Native("athena_to_base64url", _base64url, ("BLOB",), "VARCHAR"),
    Native("athena_to_base32", _base32, ("BLOB",), "VARCHAR"),
    Native("athena_from_base64", _from_base("base64", _strict64, 4), ("BLOB",), "BLOB"),
    Native("athena_from_base64url", _from_base("base64url", _strict64url, 4), ("BLOB",), "BLOB"),
    Native("athena_from_base32", _from_base("base32", base64.b32decode, 8), ("BLOB",), "BLOB"),
    Native("athena_to_big_endian_32", _packed(">i"), ("INTEGER",), "BLOB"),
    Native("athena_to_big_endian_64", _packed(">q"), ("BIGINT",), "BLOB"),
    Native("athena_from_big_endian_32", _unpacked(">i", 4), ("BLOB",), "INTEGER"),
    Native("athena_from_big_endian_64", _unpacked(">q", 8), ("BLOB",), "BIGINT"),
    Native("athena_to_ieee754_32", _packed(">f"), ("FLOAT",), "BLOB"),
    Native("athena_to_ieee754_64", _packed(">d"), ("DOUBLE",), "BLOB"),
    Native("athena_from_ieee754_32", _unpacked(">f", 4), ("BLOB",), "FLOAT"),
    Native("athena_from_ieee754_64", _unpacked(">d", 8), ("BLOB",), "DOUBLE"),
    Native("athena_bytes_lpad", _padded(left=True), ("BLOB", "BIGINT", "BLOB"), "BLOB"),
    Native("athena_bytes_rpad", _padded(left=False), ("BLOB", "BIGINT", "BLOB"), "BLOB"),
    Native("athena_bit_count", _bit_count, ("BIGINT", "BIGINT"), "BIGINT"),
    Native("athena_shift_left", _shifted("left"), ("BIGINT", "BIGINT", "INTEGER"), "BIGINT"),
    Native("athena_shift_right", _shifted("right"), ("BIGINT", "BIGINT", "INTEGER"), "BIGINT"),
    Native("athena_shift_arithmetic", _shifted("arithmetic"), ("BIGINT", "BIGINT", "INTEGER"), "BIGINT"),
)
