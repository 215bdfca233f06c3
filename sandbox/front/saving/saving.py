"""The saving of each call's changes before its reply, and their recovery after a restart."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping

import msgspec

from sandbox.front.control.call import ControlCall
from sandbox.front.protocols import signed_for
from sandbox.front.reply import HttpReply, Request
from sandbox.front.saving import bodies, messages, objects
from sandbox.front.saving.ahead import hold_back
from sandbox.front.saving.checkpoint import newest_snapshot
from sandbox.front.saving.pickling import dumps, services_in_use
from sandbox.front.saving.recorded import COLLECTION, RECORDED, RecordedCall
from sandbox.front.saving.restoring import Restoring, fill_accounts
from sandbox.front.saving.services import ServiceFiles, service_named
from sandbox.front.saving.touching import touch_object, touch_queue
from sandbox.front.tables import journal_copies
from sandbox.journal.entries import element_entry
from sandbox.journal.in_use import use
from sandbox.journal.journal import Journal
from sandbox.journal.recovery import recover
from sandbox.journal.version import mark
from sandbox.state import StateDir

_READS = re.compile(
    r"(Batch)?(Get|List|Describe|Head|Search|Lookup|Select|Query|Scan|Filter|Estimate|Simulate|Test|Check|Verify"
    r"|Encrypt|Decrypt|ReEncrypt|GenerateDataKey|GenerateRandom|Sign)[A-Z]?.*"
)
_OF_MESSAGES = re.compile(r"(Send|Receive|Delete|Change)Message\w*|PurgeQueue")
_SAVED_LATER = frozenset({("events", "PutEvents"), ("sns", "Publish"), ("sns", "PublishBatch")})
"""Their messages are saved where they arrive; the calls themselves only leave records for moto's own tests."""
_SAVED_ELSEWHERE = frozenset({("cloudwatch", "PutMetricData")})
"""Metrics have a separate file (`sandbox.monitoring.metric_file`)."""
_ALSO: Mapping[str, tuple[str, ...]] = {"dynamodb": ("kms",), "s3control": ("s3",)}
"""Additional services that a call to a service changes."""
_MAX_RECORDED = 500
"""How many calls are recorded before their service's state is saved."""


class Recovered(msgspec.Struct, frozen=True):
    """What was recovered at the start: the number of entries of each kind, and the duration."""

    writes: int = 0
    records: int = 0
    objects: int = 0
    messages: int = 0
    ms: int = 0


class Saving:
    """The server's persistent state under a state directory."""

    def __init__(self, state: StateDir, *, sync: bool = False) -> None:
        self.syncs = sync
        mark(state)
        self._unsaved: dict[str, None] = {}
        self._began_ns = time.time_ns()
        self._changes: dict[str, int] = {}
        self._noted = False
        self._sweep = False
        self._recorded: dict[str, int] = {}
        self._calls: list[RecordedCall] = []
        self.held: dict[str, bytes] = {}
        bodies.keep_in(state.path / "objects")
        self._files = ServiceFiles(state.path / "services")
        self._directory = state.path / "journal"
        self.journal, self.recovered = self._recover(state)

    def repeat_calls(self, moto: Callable[[Request], HttpReply]) -> None:
        """Repeat the calls that were saved as they arrived."""
        for call in self._calls:
            if call.generation >= self._files.generations.get(call.service, 0):
                moto(Request(call.method, call.path, call.query, call.headers, call.body))
        self._calls = []

    def note(self, request: Request, call: ControlCall | None) -> None:
        """Record that a call was handled which is not a data call of an SDK's JSON protocol."""
        self._noted = True
        if call is None:
            self._note_unparsed(request)
            return
        what = (call.service, call.operation)
        if what in RECORDED:
            self._record(call)
        elif call.service == "sqs" and _OF_MESSAGES.fullmatch(call.operation):
            if not call.operation.startswith("Send"):
                touch_queue(call)
        elif what in _SAVED_LATER:
            self._sweep = True
        elif what in _SAVED_ELSEWHERE:
            return
        elif not _READS.fullmatch(call.operation):
            self._touch(call.service)

    def changed(self, service: str) -> None:
        """Save a service whose state has changed without a call."""
        self._noted = True
        self._touch(service)
        self.settle()

    def revision(self, service: str) -> int:
        """A number that changes whenever a call may have changed a service's state, and when the server starts."""
        return self._began_ns + self._changes.get(service, 0)

    def settle(self) -> None:
        """Write all changes; the caller replies only after this returns.

        Raises:
            OSError: they cannot be written.
        """
        if self._noted:
            self._settle_calls()
            self._noted = False
        self.journal.commit()

    def _settle_calls(self) -> None:
        if "dynamodb" in self._unsaved:
            journal_copies()
            self.journal.commit()
        self._save_services()
        for uid, name in objects.pending():
            state = objects.state_of(uid, name)
            self.journal.add(element_entry(uid, name, None if state is None else dumps(state)))
            objects.saved(uid, name)
        for uid, name, message in messages.take_changes():
            self.journal.add(element_entry(uid, name, None if message is None else dumps(message)))
        for fd in bodies.take_fresh():
            self.journal.sync_also(fd, _done)
        self.journal.commit()
        for path in bodies.take_gone():
            self.journal.when_synced(lambda path=path: path.unlink(missing_ok=True))

    async def reach_disk(self) -> None:
        """Wait until everything written is on the disk."""
        await self.journal.synced()

    def sweep(self) -> None:
        """Save what calls have changed in services that they were not addressed to."""
        if self._sweep:
            self._sweep = False
            recorded = {service for service, _ in RECORDED}
            for backends in services_in_use():
                if backends.service_name not in recorded:
                    self._files.save(backends, self.journal)

    def close(self) -> None:
        """Write everything and close the files."""
        self._noted = True
        self._unsaved.update(dict.fromkeys(backends.service_name for backends in services_in_use()))
        self.settle()
        self.journal.close()

    def save_recorded(self) -> None:
        """Save the services whose calls are recorded, so that the journal before this point can be deleted."""
        for service in list(self._recorded):
            self._save(service)

    def _recover(self, state: StateDir) -> tuple[Journal, Recovered]:
        began_s = time.monotonic()
        self._files.load()
        fill_accounts()
        restoring = Restoring()
        position = newest_snapshot(self._directory, restoring)
        journal = use(recover(self._directory, restoring, position))
        restoring.finish()
        hold_back(state)
        self._calls = restoring.calls
        self.held = restoring.held
        ms = int((time.monotonic() - began_s) * 1000)
        return journal, Recovered(restoring.writes, restoring.records, restoring.objects, restoring.messages, ms)

    def _note_unparsed(self, request: Request) -> None:
        if request.method in ("GET", "HEAD"):
            return
        signed = signed_for(request)
        if signed is None or signed.service == "s3":
            touch_object(request)
            if "x-amz-tagging" in dict(request.headers) or "tagging" in request.query:
                self._touch("s3")
        else:
            self._touch(signed.service)

    def _touch(self, service: str) -> None:
        for name in (service, *_ALSO.get(service, ())):
            self._unsaved[name] = None
            self._changes[name] = self._changes.get(name, 0) + 1
        self._sweep = True

    def _record(self, call: ControlCall) -> None:
        request = call.request
        generation = self._files.generations.get(call.service, 0)
        recorded = RecordedCall(
            call.service, generation, request.method, request.path, request.query, request.headers, request.body
        )
        self.journal.add(element_entry(COLLECTION, call.service, msgspec.msgpack.encode(recorded)))
        self._recorded[call.service] = self._recorded.get(call.service, 0) + 1
        if self._recorded[call.service] >= _MAX_RECORDED:
            self._unsaved[call.service] = None

    def _save_services(self) -> None:
        while self._unsaved:
            service, _ = self._unsaved.popitem()
            try:
                self._save(service)
            except OSError:
                self._unsaved[service] = None
                raise

    def _save(self, service: str) -> None:
        backends = service_named(service)
        if backends is not None:
            self._files.save(backends, self.journal)
        self._recorded.pop(service, None)


def _done() -> None:
    """Do nothing: an object's file needs no further action once it is on the disk."""
