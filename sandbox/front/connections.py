"""The reset of a client's connection, for which servers have no interface."""

from __future__ import annotations

import ctypes
import os
import socket
import stat
from pathlib import Path

_DESCRIPTORS = Path("/dev/fd")
_UNSPECIFIED = (ctypes.c_uint16 * 8)()
"""A socket address of the family AF_UNSPEC, which is 0."""


def reset(client: tuple[str, int]) -> bool:
    """Abort this process's connection with an address; return False if it has none.

    Linux sends a reset for a socket that is connected to AF_UNSPEC (connect(2)); other systems close the connection.
    """
    for entry in list(_DESCRIPTORS.iterdir()):
        peer = _with_peer(int(entry.name), client)
        if peer is None:
            continue
        with peer:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.connect(peer.fileno(), _UNSPECIFIED, ctypes.sizeof(_UNSPECIFIED)) != 0:
                peer.shutdown(socket.SHUT_RDWR)
        return True
    return False


def _with_peer(descriptor: int, client: tuple[str, int]) -> socket.socket | None:
    """A duplicate of a descriptor if it is the connection with an address, else None."""
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            return None
        duplicate = socket.socket(fileno=os.dup(descriptor))
    except OSError:  # closed in the meantime
        return None
    try:
        if duplicate.type == socket.SOCK_STREAM and duplicate.getpeername() == client:
            return duplicate
    except OSError:
        pass
    duplicate.close()
    return None
