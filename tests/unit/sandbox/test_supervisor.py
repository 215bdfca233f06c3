"""The supervisor follows what the endpoint has: it starts, replaces and ends workers, one for each resource."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from sandbox.state import StateDir
from sandbox.supervisor import Supervisor, UnsupportedError, WorkerKind
from sandbox.unread import Source


@dataclass(frozen=True)
class Thing:
    """A configuration: what `made` says is the identity, what `text` says can change."""

    made: int = 0
    text: str = ""

    @property
    def identity(self) -> str:
        return str(self.made)


class Working:
    """A worker that does nothing, and ends when it is asked unless it is stubborn."""

    def __init__(self, config: Thing, *, stubborn: bool) -> None:
        self.config = config
        self.is_alive = False
        self.stops: list[bool] = []
        self._stubborn = stubborn
        self.trouble: str | None = None
        self.source = Source("arn:aws:kinesis:eu-west-1:123456789012:stream/s", {})

    def start(self) -> None:
        self.is_alive = True

    def request_stop(self, *, deliver: bool) -> None:
        self.stops.append(deliver)

    def join(self, timeout_s: float) -> None:
        del timeout_s
        self.is_alive = self._stubborn

    def status(self) -> Mapping[str, Any]:
        return {"records_in": 2, "lag_ms": 5}


@dataclass
class Things(WorkerKind[Thing]):
    """Resources in a dict: a configuration, None for a stopped one, or an error."""

    there: dict[str, Thing | Exception | None] = field(default_factory=dict[str, Thing | Exception | None])
    versions: bool = False
    unreachable: bool = False
    stubborn: bool = False
    made: list[Working] = field(default_factory=list[Working])
    asked: int = 0
    lists: int = 0
    noun = "thing"
    plural = "things"
    totals = ("records_in",)
    stop_timeout_s = 0.0

    def listed(self) -> Mapping[str, object]:
        self.lists += 1
        if self.unreachable:
            raise EndpointConnectionError(endpoint_url="http://nowhere")
        return {name: repr(config) if self.versions else None for name, config in self.there.items()}

    def configuration(self, name: str) -> Thing | None:
        self.asked += 1
        config = self.there[name]
        if isinstance(config, Exception):
            raise config
        return config

    def worker(self, config: Thing) -> Working:
        self.made.append(Working(config, stubborn=self.stubborn))
        return self.made[-1]


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    return StateDir(tmp_path)


def test_a_resource_has_a_worker_while_it_is_there(state: StateDir) -> None:
    things = Things({"a": Thing(), "b": None})
    supervisor = Supervisor(things, "things", state)
    supervisor.follow()
    (a,) = things.made
    assert a.is_alive
    assert supervisor.counters() == {
        "records_in": 2,
        "lag_ms": 5,
        "things": {"a": {"records_in": 2, "lag_ms": 5}},
        "unsupported": {},
        "failing": {},
    }
    supervisor.follow()
    assert things.made == [a]
    del things.there["a"]
    supervisor.follow()
    assert a.stops == [False], "what is deleted loses what it holds"
    assert supervisor.counters()["things"] == {}


@pytest.mark.parametrize(
    ("after", "delivered"),
    [(Thing(0, "changed"), True), (Thing(1), False), (None, True), (UnsupportedError("no"), True)],
)
def test_a_change_ends_the_worker(state: StateDir, after: Thing | Exception | None, delivered: bool) -> None:
    things = Things({"a": Thing()})
    supervisor = Supervisor(things, "things", state)
    supervisor.follow()
    things.there["a"] = after
    supervisor.follow()
    assert things.made[0].stops == [delivered]
    assert [worker.config for worker in things.made[1:]] == ([after] if isinstance(after, Thing) else [])


def test_only_what_has_changed_is_described(state: StateDir) -> None:
    things = Things({"a": Thing()}, versions=True)
    supervisor = Supervisor(things, "things", state)
    for _ in range(3):
        supervisor.follow()
    assert things.asked == 1


def test_what_the_server_says_is_unchanged_is_not_listed_again(state: StateDir) -> None:
    things = Things({"a": Thing()})
    revision: list[bytes | None] = [b"1"]
    supervisor = Supervisor(things, "things", state, revision=lambda: revision[0])
    for _ in range(3):
        supervisor.follow()
    assert (things.lists, things.asked) == (1, 1)
    things.made[0].is_alive = False
    supervisor.follow()
    assert [worker.is_alive for worker in things.made] == [False, True], "the dead are started again all the same"
    things.there["a"] = Thing(text="changed")
    revision[0] = b"2"
    supervisor.follow()
    assert things.made[-1].config == Thing(text="changed")
    revision[0] = None
    supervisor.follow()
    supervisor.follow()
    assert things.lists == 4, "a server that does not tell is asked for the list"


def test_a_list_that_fails_is_asked_for_again(state: StateDir) -> None:
    things = Things({"a": Thing()}, unreachable=True)
    supervisor = Supervisor(things, "things", state, revision=lambda: b"1")
    supervisor.follow()
    things.unreachable = False
    supervisor.follow()
    assert [worker.is_alive for worker in things.made] == [True]


def test_a_worker_that_has_died_is_started_again(state: StateDir) -> None:
    things = Things({"a": Thing()}, versions=True)
    supervisor = Supervisor(things, "things", state)
    supervisor.follow()
    things.made[0].is_alive = False
    supervisor.follow()
    assert [worker.is_alive for worker in things.made] == [False, True]


def test_a_worker_that_does_not_end_has_no_successor_beside_it(state: StateDir) -> None:
    things = Things({"a": Thing()}, versions=True, stubborn=True)
    supervisor = Supervisor(things, "things", state)
    supervisor.follow()
    things.there["a"] = Thing(text="changed")
    supervisor.follow()
    supervisor.follow()
    assert not any(worker.is_alive for worker in things.made[1:])
    things.made[0].is_alive = False
    supervisor.follow()
    assert [worker.is_alive for worker in things.made].count(True) == 1
    assert things.made[-1].is_alive


def test_what_cannot_run_is_logged_once_and_is_in_the_status(state: StateDir, caplog: pytest.LogCaptureFixture) -> None:
    things = Things({"a": UnsupportedError("it is square"), "b": Thing()})
    supervisor = Supervisor(things, "things", state)
    with caplog.at_level(logging.ERROR):
        supervisor.follow()
        supervisor.follow()
    assert [record.getMessage() for record in caplog.records] == ["thing a does not run: it is square"]
    assert supervisor.counters()["unsupported"] == {"a": "it is square"}
    assert things.made[0].is_alive
    things.there["a"] = Thing()
    supervisor.follow()
    assert supervisor.counters()["unsupported"] == {}


def test_an_endpoint_that_does_not_answer_changes_nothing(state: StateDir, caplog: pytest.LogCaptureFixture) -> None:
    things = Things({"a": Thing()})
    supervisor = Supervisor(things, "things", state)
    supervisor.follow()
    things.unreachable = True
    with caplog.at_level(logging.WARNING):
        supervisor.follow()
        supervisor.follow()
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == ["the things cannot be listed"]
    assert things.made[0].is_alive


def test_what_is_to_work_and_does_not_is_failing(state: StateDir) -> None:
    things = Things({"dies": Thing(), "troubled": Thing(), "unsupported": UnsupportedError("no such source")})
    supervisor = Supervisor(things, "things", state)
    supervisor.follow()
    dies, troubled = things.made
    dies.is_alive, dies.trouble = False, "It failed: KeyError"
    troubled.trouble = "Its source cannot be read"
    supervisor.follow()
    assert len(things.made) == 3, "what has died is started again"
    failing = {"dies": "It failed: KeyError", "troubled": troubled.trouble, "unsupported": "no such source"}
    assert supervisor.counters()["failing"] == failing
    troubled.trouble = None
    del things.there["dies"]
    supervisor.follow()
    assert supervisor.counters()["failing"] == {"unsupported": "no such source"}
