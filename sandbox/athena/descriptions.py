"""Glue's descriptions of tables, by cheap calls: a query requests each table and view that it reads."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.awsjson import AwsJson, RemoteError
from sandbox.state import region

_TIMES = ("CreateTime", "LastAccessTime", "LastAnalyzedTime", "UpdateTime")
Place = tuple[str, str]
"""A database and the name of a table or view in it."""


class TableDescriptions:
    """GetTable and GetTables at an endpoint, over one connection for each thread."""

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
        return _with_times(answer["Table"])

    def several(self, database: str, names: Collection[str]) -> dict[str, dict[str, Any]]:
        """The descriptions of those of the tables and views that exist, by name, in one call.

        Raises:
            CallError: the catalogue does not respond.
        """
        expression = "|".join(f"{re.escape(name)}$" for name in sorted(names))
        request = {"DatabaseName": database, "Expression": expression}
        try:
            answer = self._glue.call("GetTables", request, dict[str, Any])
        except RemoteError as error:
            if error.code == "EntityNotFoundException":
                return {}
            raise
        return {described["Name"]: _with_times(described) for described in answer["TableList"]}

    @property
    def _glue(self) -> AwsJson:
        found: AwsJson | None = getattr(self._of_thread, "glue", None)
        if found is None:
            found = self._of_thread.glue = AwsJson(self._endpoint_url, "glue", region())
        return found


@dataclass(frozen=True)
class Together:
    """The descriptions that one statement sees, each as of its first use.

    `used` returns the tables and views that a table or view was last used with: their descriptions come in one call.
    """

    source: TableDescriptions
    used: Callable[[str, str], Collection[Place]]
    _known: dict[Place, dict[str, Any] | None] = field(default_factory=dict[Place, "dict[str, Any] | None"])

    def get(self, database: str, name: str) -> dict[str, Any] | None:
        """A table's or view's description as in boto3; None if it or the database does not exist."""
        place = (database, name)
        if place not in self._known:
            names = {other for schema, other in self.used(database, name) if schema == database} | {name}
            if len(names) == 1:
                self._known[place] = self.source.get(database, name)
            else:
                found = self.source.several(database, names)
                self._known.update({(database, one): found.get(one) for one in names})
        return self._known[place]


def _with_times(described: dict[str, Any]) -> dict[str, Any]:
    return described | {time: datetime.fromtimestamp(described[time], UTC) for time in _TIMES if time in described}
