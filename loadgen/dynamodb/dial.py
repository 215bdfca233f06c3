"""Opens a connection: to the fastest of the host's addresses, with the TLS handshake."""

from __future__ import annotations

import asyncio
import socket
import ssl

from aiohappyeyeballs import start_connection  # pyright: ignore[reportUnknownVariableType]
from msgspec import Struct

from loadgen.dynamodb.tls import Tls

_READ_BYTES = 1 << 16
# As RFC 8305 recommends, and curl and browsers do.
_NEXT_ADDRESS_S = 0.25


class Address(Struct, frozen=True):
    """Where to connect; `tls` is None for plain HTTP."""

    host: str
    port: int
    tls: ssl.SSLContext | None


async def dial(address: Address) -> tuple[socket.socket, Tls | None]:
    """Return a connected non-blocking socket and its TLS after the handshake. Raises: OSError: a failure of either."""
    loop = asyncio.get_running_loop()
    infos = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    connected = await start_connection(infos, happy_eyeballs_delay=_NEXT_ADDRESS_S)
    try:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if address.tls is None:
            return connected, None
        tls = Tls(address.tls, address.host)
        received = b""
        while not tls.handshake(received):
            await loop.sock_sendall(connected, tls.unsent())
            received = await loop.sock_recv(connected, _READ_BYTES)
            if not received:
                raise ConnectionResetError("the connection closed during the TLS handshake")
        await loop.sock_sendall(connected, tls.unsent())
    except BaseException:
        connected.close()
        raise
    return connected, tls
