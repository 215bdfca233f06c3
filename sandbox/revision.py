"""The revision of a service's resources: a number of the server's that changes whenever a call may have changed them.

A worker asks for it once per second instead of listing and describing its resources, which costs the server and the
worker some fifty times as much.
"""

from __future__ import annotations

from sandbox.awsjson import CallError, HttpClient

PATH = "/_sandbox/revision"


class RevisionClient:
    """A client of the server for one service's revision; `service` is botocore's name. Not thread-safe."""

    def __init__(self, endpoint_url: str, service: str) -> None:
        self._http = HttpClient(endpoint_url, timeout_s=5.0)
        self._path = f"{PATH}?{service}"

    def ask(self) -> bytes | None:
        """Return the revision; None if the server does not tell it."""
        try:
            response = self._http.request("GET", self._path)
        except CallError:
            return None
        return response.body if response.status == 200 else None
