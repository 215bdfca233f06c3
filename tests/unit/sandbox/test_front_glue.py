"""The catalogue's descriptions of tables, which the front keeps as JSON: each is of the table as it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from moto.glue.models import GlueBackend, glue_backends

from sandbox.front.backends import backend_of
from sandbox.front.control import parse
from sandbox.front.control.services.glue import get_table, get_tables
from sandbox.front.reply import HttpReply, Request, ServiceError
from sandbox.state import region
from tests.unit.sandbox.test_front_control import Wire


@pytest.fixture
def glue() -> Iterator[tuple[Any, GlueBackend, str]]:
    backend, name = backend_of(glue_backends, region()), uuid4().hex
    backend.create_database(name, {"Name": name})
    yield Wire("glue", _answer).client, backend, name
    backend.delete_database(name)


def _answer(request: Request) -> HttpReply:
    call = parse(request)
    assert call is not None
    reply = {"GetTable": get_table, "GetTables": get_tables}[call.operation](call)
    assert isinstance(reply, HttpReply)
    return reply


def test_a_description_is_of_the_table_as_it_is(glue: tuple[Any, GlueBackend, str]) -> None:
    client, backend, database = glue

    def described(name: str) -> dict[str, Any]:
        """A table's description, which both calls give."""
        alone = client.get_table(DatabaseName=database, Name=name)["Table"]
        assert client.get_tables(DatabaseName=database, Expression=f"{name}$")["TableList"] == [alone]
        return alone

    for name in ("a", "b"):
        backend.create_table(database, name, {"Name": name, "Parameters": {"is": name}})
    first = described("a")
    assert (first, described("b")["Parameters"]) == (described("a"), {"is": "b"})
    assert first["CreateTime"].tzinfo is not None
    assert [t["Name"] for t in client.get_tables(DatabaseName=database)["TableList"]] == ["a", "b"]
    backend.update_table(database, "a", {"Name": "a", "Parameters": {"is": "changed"}})
    second = described("a")
    assert (second["Parameters"], second["VersionId"]) == ({"is": "changed"}, "2")
    backend.get_table(database, "a").get_version("2")["Parameters"]["is"] = "changed in place"
    assert described("a")["Parameters"] == {"is": "changed in place"}
    backend.delete_table(database, "a")
    with pytest.raises(ServiceError):
        client.get_table(DatabaseName=database, Name="a")
    backend.create_table(database, "a", {"Name": "a"})
    assert "Parameters" not in described("a")
