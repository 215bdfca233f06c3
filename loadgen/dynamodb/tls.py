"""TLS of one connection, independent of sockets: bytes for the wire out, bytes from the wire in.

The event loop's own TLS transport costs three times as much processor time a request: it supports streams of any kind,
this class only one request after the other. The protocol itself is OpenSSL's in both.
"""

from __future__ import annotations

import ssl

# A read of a whole record leaves none of it behind.
_RECORD_BYTES = 1 << 14


class Tls:
    """The client's side of a connection to `host`, whose certificate is checked as the context says.

    Use `encrypt` and `decrypt` only after `handshake` has returned True. All methods except `encrypt` raise
    ssl.SSLError for the other side's errors.
    """

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._read, self._write = self._object.read, self._object.write
        self.ended = False
        """Whether the other side has sent close_notify."""

    def handshake(self, received: bytes = b"") -> bool:
        """Continue the handshake; return whether it is complete. `unsent` has the bytes to send."""
        if received:
            self._incoming.write(received)
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def unsent(self) -> bytes:
        """Return the bytes to send, such as a part of the handshake or an alert."""
        return self._outgoing.read()

    def encrypt(self, data: bytes) -> bytes:
        """Return the records that carry `data`."""
        # OpenSSL writes to a buffer in memory without partial writes.
        self._write(data)
        return self._outgoing.read()

    def decrypt(self, received: bytes) -> bytes:
        """Return the data of the records received so far; b"" while the first is incomplete."""
        incoming, read = self._incoming, self._read
        incoming.write(received)
        data = b""
        try:
            while incoming.pending:
                record = read(_RECORD_BYTES)
                if not record:
                    self.ended = True
                    break
                data = data + record if data else record
        except ssl.SSLWantReadError:
            pass
        return data
