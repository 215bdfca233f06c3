"""Conversions of IP addresses: 16 bytes, of which an IPv4 address has the last four after ::ffff:0:0/96.

Sources: trino 435, io.trino.type.IpAddressOperators and io.trino.operator.scalar.IpAddressFunctions; Guava's
InetAddresses, whose texts are RFC 5952's.
"""

from __future__ import annotations

import ipaddress
import re

from sandbox.athena.native import Native, TrinoError
from sandbox.athena.types import Type
from sandbox.athena.values import fail

_INVALID = "INVALID_FUNCTION_ARGUMENT"
_MAPPED = bytes(10) + b"\xff\xff"
_IPV4 = re.compile(r"\d{1,3}(\.\d{1,3}){3}", re.ASCII)
_BITS = 128


def convert(sql: str, source: Type, target: Type) -> str:
    """Convert an address to bytes, or text or bytes to an address; others fail with INVALID_CAST_ARGUMENT."""
    if target.name == "varbinary":
        return sql
    if source.name == "varchar":
        return f"athena_ip_of_text({sql})"
    wrong = fail("INVALID_CAST_ARGUMENT", f"'Invalid IP address binary length: ' || octet_length({sql})", target)
    return (
        f"CASE octet_length({sql}) WHEN 4 THEN unhex('{_MAPPED.hex()}' || hex({sql})) WHEN 16 THEN {sql}"
        f" ELSE CASE WHEN {sql} IS NOT NULL THEN {wrong} END END"
    )


def address_of(text: str) -> bytes:
    """The bytes of an address.

    Raises:
        ValueError: the text is no address.
    """
    found = ipaddress.ip_address(text)
    if isinstance(found, ipaddress.IPv4Address):
        return _MAPPED + found.packed
    if found.scope_id is not None:
        raise ValueError(text)
    return found.packed


def is_address(text: str) -> bool:
    """Return whether a text is an address."""
    try:
        address_of(text)
    except ValueError:
        return False
    return True


def address_text(octets: bytes) -> str:
    """The text of an address: 10.0.0.1, 2001:db8::1."""
    if octets.startswith(_MAPPED):
        return str(ipaddress.IPv4Address(octets[12:]))
    return str(ipaddress.IPv6Address(octets))


def _of_text(text: str) -> bytes:
    try:
        return address_of(text)
    except ValueError:
        raise TrinoError("INVALID_CAST_ARGUMENT", f"Cannot cast value to IPADDRESS: {text}") from None


def _contains(network: str, address: bytes) -> bool:
    """Whether an address is in a network in CIDR notation, whose other bits are zero if it is of IPv4."""
    base, separator, length = network.partition("/")
    if not separator:
        raise TrinoError(_INVALID, "Invalid CIDR")
    try:
        first = address_of(base)
    except ValueError:
        raise TrinoError(_INVALID, "Invalid network IP address") from None
    try:
        prefix = int(length)
    except ValueError:
        raise TrinoError("GENERIC_INTERNAL_ERROR", f'For input string: "{length}"') from None
    if prefix < 0:
        raise TrinoError(_INVALID, "Invalid prefix length")
    number = int.from_bytes(first)
    is_ipv4 = _IPV4.fullmatch(base) is not None
    rest = 32 - prefix if is_ipv4 else _BITS - prefix
    if rest < 0 or (is_ipv4 and number & ((1 << rest) - 1)):
        raise TrinoError(_INVALID, "Invalid CIDR")
    return prefix == 0 or number >> rest == int.from_bytes(address) >> rest


NATIVES = (
    Native("athena_ip_of_text", _of_text, ("VARCHAR",), "BLOB"),
    Native("athena_ip_text", address_text, ("BLOB",), "VARCHAR"),
    Native("athena_ip_contains", _contains, ("VARCHAR", "BLOB"), "BOOLEAN"),
)
