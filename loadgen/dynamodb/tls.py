"""TLS of one connection, apart from any socket: bytes for the wire out, bytes from the wire in.

The event loop's own TLS transport costs three times as much processor time a
request: it is made for streams of any kind, and this for one request after
the other. The protocol itself is OpenSSL's in both.
"""

from __future__ import annotations

import ssl

# A read of a whole record leaves none of it behind.
_RECORD_BYTES = 1 << 14


class Tls:
    """The client's side of a connection to `host`, whose certificate is checked as the context says.

    After `handshake` has said that it is done, `encrypt` and `decrypt` may be
    used. All but `encrypt` raise ssl.SSLError for what the other side does wrong.
    """

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._read, self._write = self._object.read, self._object.write
        self.ended = False
        """Whether the other side has said that it sends no more."""

    def handshake(self, received: bytes = b"") -> bool:
        """Go on with what was received; whether the handshake is done. What is to be sent is `unsent`."""
        if received:
            self._incoming.write(received)
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def unsent(self) -> bytes:
        """What is to go on the wire, such as a part of the handshake or an alert."""
        return self._outgoing.read()

    def encrypt(self, data: bytes) -> bytes:
        """The records that carry `data`."""
        # To a buffer in memory OpenSSL writes all at once.
        self._write(data)
        return self._outgoing.read()

    def decrypt(self, received: bytes) -> bytes:
        """What the records received so far carry; b"" while the first is not whole."""
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
