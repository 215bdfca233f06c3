"""Glue's descriptions of single tables, by a cheap call: a query requests each table and view that it reads."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

from sandbox.awsjson import AwsJson, RemoteError
from sandbox.state import region

_TIMES = ("CreateTime", "LastAccessTime", "LastAnalyzedTime", "UpdateTime")


class TableDescriptions:
    """GetTable at an endpoint, over one connection for each thread."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._of_thread = threading.local()

    def get(self, database: str, name: str) -> dict[str, Any] | None:
        """A table's or view's description as in boto3; None if it or the database does not exist.

        Raises:
            CallError: the catalogue does not respond.
        """
        try:
            answer = self._glue.call("GetTable", {"DatabaseName": database, "Name": name}, dict[str, Any])
        except RemoteError as error:
            if error.code == "EntityNotFoundException":
                return None
            raise
        described: dict[str, Any] = answer["Table"]
        return described | {time: datetime.fromtimestamp(described[time], UTC) for time in _TIMES if time in described}

    @property
    def _glue(self) -> AwsJson:
        found: AwsJson | None = getattr(self._of_thread, "glue", None)
        if found is None:
            found = self._of_thread.glue = AwsJson(self._endpoint_url, "glue", region())
        return found
