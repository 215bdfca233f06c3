"""A client's connection is reset, and no descriptor is left."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from sandbox.front.connections import reset


def _descriptors() -> set[str]:
    return {path.name for path in Path("/dev/fd").iterdir()}


def test_a_reset_reaches_the_client_and_leaves_no_descriptor(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, (tmp_path / "other").open("w"):
        client = socket.create_connection(listener.getsockname())
        served, address = listener.accept()
        before = _descriptors()
        with client, served:
            client.sendall(b"request")
            assert reset(address)
            assert _descriptors() == before
            if sys.platform == "linux":
                with pytest.raises(ConnectionResetError):
                    client.recv(1)
            else:
                assert client.recv(1) == b""


def test_a_connection_that_is_gone_is_no_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert not reset(("127.0.0.1", listener.getsockname()[1]))
