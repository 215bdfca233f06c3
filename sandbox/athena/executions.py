"""Query executions: run by a few threads, stored in files.

Each has `<id>.json` (the response of GetQueryExecution, and the result's columns) and its result, so both survive a
restart; a query that was running when the process ended counts as failed.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from sandbox.athena.commands import Commands, Session
from sandbox.athena.errors import SYSTEM, ApiError, StatementError
from sandbox.athena.execution import FINAL, QueryExecution, QueryParameters
from sandbox.athena.measuring import measured
from sandbox.athena.results import write_lines
from sandbox.athena.statements import Output, StatementKind, recognise
from sandbox.athena.statements.forms import Execute, SelectQuery
from sandbox.athena.types import ColumnInfo
from sandbox.state import region

_log = logging.getLogger(__name__)
_THREADS = 4
_MAX_REMEMBERED = 2000


@dataclass(frozen=True)
class Remembered:
    """A stored execution: the API's QueryExecution and its statistics, the result's columns and rows written."""

    execution: dict[str, Any]
    statistics: dict[str, Any]
    columns: list[ColumnInfo]
    update_count: int | None
    path: Path


class _Record(msgspec.Struct):
    execution: dict[str, Any]
    columns: list[ColumnInfo]
    update_count: int | None = None
    statistics: dict[str, Any] = {}


class Executions:
    """All query executions. `upload` copies a local file to an s3:// location."""

    def __init__(
        self, directory: Path, commands: Commands, upload: Callable[[Path, str], None], timeout_s: float
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._commands = commands
        self._upload = upload
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._live: dict[str, QueryExecution] = {}
        self._tokens: dict[str, tuple[str, QueryParameters]] = {}
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="query")
        self._past = self._recall()
        self.counts = {"queries": 0, "failed": 0}

    def start(self, request: QueryParameters, token: str | None) -> str:
        """Queue a query; return its id, or the id of the query with the same token.

        Raises:
            ApiError: the text is not a statement, or the token was used for a different request.
        """
        statement = recognise(request.sql)
        if isinstance(statement, Execute):
            statement = self._commands.prepared(statement, request.settings.workgroup)
        self._commands.check(statement, request.database)
        with self._lock:
            if token is not None and token in self._tokens:
                known, first = self._tokens[token]
                if _identity(first) != _identity(request):
                    raise ApiError("Idempotent parameters do not match", athena_code="IDEMPOTENT_PARAMETER_MISMATCH")
                return known
            execution = QueryExecution(str(uuid.uuid4()), request, statement, time.time())
            self._live[execution.id] = execution
            if token is not None:
                self._tokens[token] = (execution.id, request)
            self.counts["queries"] += 1
            self._write(execution)
        self._threads.submit(self._run, execution)
        return execution.id

    def get(self, execution_id: str) -> Remembered:
        """An execution; raises ApiError for an unknown id."""
        with self._lock:
            execution = self._live.get(execution_id)
            if execution is not None:
                return Remembered(
                    execution.described(),
                    execution.statistics(),
                    execution.columns,
                    execution.update_count,
                    self._path(execution),
                )
        if execution_id not in self._past:
            message = f"QueryExecution {execution_id} was not found"
            raise ApiError(message, athena_code="QUERY_EXECUTION_NOT_FOUND")
        return self._read(execution_id)

    def stop(self, execution_id: str) -> None:
        """Cancel a running query; no effect on a finished one."""
        remembered = self.get(execution_id)
        if remembered.execution["Status"]["State"] in FINAL:
            return
        with self._lock:
            execution = self._live[execution_id]
            execution.hold.stop()
            if execution.state == "QUEUED":
                self._end(execution, "CANCELLED", "Query cancelled by user")

    def listed(self, workgroup: str) -> list[str]:
        """The ids of a workgroup's executions, the latest first."""
        with self._lock:
            live = [(e.submitted_at, e.id) for e in self._live.values() if e.request.settings.workgroup == workgroup]
            past = [
                (at, key) for key, (at, group) in self._past.items() if group == workgroup and key not in self._live
            ]
        return [key for _, key in sorted(live + past, reverse=True)]

    def close(self) -> None:
        """Cancel running queries and wait for their threads."""
        with self._lock:
            for execution in self._live.values():
                if execution.state not in FINAL:
                    execution.hold.stop()
        self._threads.shutdown(cancel_futures=True)

    def _run(self, execution: QueryExecution) -> None:
        with self._lock:
            if execution.state != "QUEUED":
                return
            execution.state, execution.started_at = "RUNNING", time.time()
        timer = threading.Timer(self._timeout_s, execution.hold.stop)
        timer.daemon = True
        timer.start()
        try:
            if not self._reuse(execution):
                self._execute(execution)
        except Exception as error:
            self._fail(execution, error, timed_out=not timer.is_alive())
        else:
            self._finish(execution, "SUCCEEDED")
        finally:
            timer.cancel()

    def _fail(self, execution: QueryExecution, error: Exception, *, timed_out: bool) -> None:
        """End a query that failed; if it was stopped, it is cancelled, whatever error the interrupt caused."""
        if execution.hold.stopped:
            state, reason = ("FAILED", "Query timeout") if timed_out else ("CANCELLED", "Query cancelled by user")
            self._finish(execution, state, reason)
        elif isinstance(error, StatementError):
            self._finish(execution, "FAILED", error.reason, error)
        elif isinstance(error, ApiError):
            self._finish(execution, "FAILED", error.message, StatementError("", error.message))
        else:
            _log.error("query %s", execution.id, exc_info=error)
            internal = StatementError("GENERIC_INTERNAL_ERROR", str(error), SYSTEM)
            self._finish(execution, "FAILED", internal.reason, internal)

    def _execute(self, execution: QueryExecution) -> None:
        request, statement = execution.request, execution.statement
        path = self._path(execution)
        session = Session(
            id=execution.id,
            database=request.database,
            parameters=request.parameters,
            settings=request.settings,
            hold=execution.hold,
            path=path,
        )
        result = self._commands.run(statement, session)
        execution.columns, execution.rows = result.columns, result.rows
        execution.update_count, execution.scanned_bytes = result.update_count, result.scanned_bytes
        execution.manifest = result.manifest
        limit_bytes = request.settings.cutoff_bytes
        if limit_bytes is not None and result.scanned_bytes > limit_bytes:
            raise StatementError("EXCEEDED_SCAN_LIMIT", f"Bytes scanned limit of {limit_bytes} was exceeded")
        if result.lines is not None:
            write_lines(result.lines, path)
        self._publish(execution, path)

    def _publish(self, execution: QueryExecution, path: Path) -> None:
        """Upload the result's file, if the statement has one, and beside it the description of its columns."""
        if path.exists():
            execution.output_bytes = path.stat().st_size
            self._upload(path, execution.output_location)
        elif (
            execution.statement.output in {Output.TEXT, Output.CSV}
            and execution.statement.kind is not StatementKind.DML
        ):
            path.touch()
            self._upload(path, execution.output_location)
        if execution.columns:
            metadata = path.with_name(path.name + ".metadata")
            metadata.write_bytes(msgspec.json.encode({"ResultSetMetadata": {"ColumnInfo": execution.columns}}))
            self._upload(metadata, execution.output_location + ".metadata")
            metadata.unlink()

    def _reuse(self, execution: QueryExecution) -> bool:
        """Reuse the result of an earlier execution of the same query, if the request allows its age.

        https://docs.aws.amazon.com/athena/latest/ug/reusing-query-results.html: the text, the database, the catalogue
        and the workgroup are the same, and the query is a SELECT.
        """
        request = execution.request
        if request.reuse_minutes is None or not isinstance(execution.statement, SelectQuery):
            return False
        oldest = execution.submitted_at - request.reuse_minutes * 60
        with self._lock:
            found = [
                earlier
                for earlier in self._live.values()
                if earlier.state == "SUCCEEDED"
                and (earlier.completed_at or 0) >= oldest
                and _reusable(earlier.request) == _reusable(request)
                and self._path(earlier).exists()
            ]
        if not found:
            return False
        earlier = max(found, key=lambda e: e.completed_at or 0)
        execution.columns, execution.rows = list(earlier.columns), earlier.rows
        execution.update_count, execution.reused = earlier.update_count, True
        shutil.copyfile(self._path(earlier), self._path(execution))
        self._publish(execution, self._path(execution))
        return True

    def _path(self, execution: QueryExecution) -> Path:
        return self._directory / execution.file_name.replace("tables/", "")

    def _finish(
        self, execution: QueryExecution, state: str, reason: str | None = None, failure: StatementError | None = None
    ) -> None:
        with self._lock:
            self._end(execution, state, reason, failure)

    def _end(
        self, execution: QueryExecution, state: str, reason: str | None = None, failure: StatementError | None = None
    ) -> None:
        execution.completed_at = time.time()
        execution.state, execution.reason, execution.failure = state, reason, failure
        if state == "FAILED":
            self.counts["failed"] += 1
            _log.info("query %s failed: %s", execution.id, reason)
        self._measure(execution)
        self._write(execution)
        self._past[execution.id] = (execution.submitted_at, execution.request.settings.workgroup)
        if len(self._live) > _MAX_REMEMBERED:
            over = next(key for key, e in self._live.items() if e.state in FINAL)
            del self._live[over]

    def _measure(self, execution: QueryExecution) -> None:
        settings = execution.request.settings
        if settings.publishes_metrics:
            timeline = execution.statistics()["Timeline"]
            kind = execution.described()["StatementType"]
            measured(region(), settings.workgroup, execution.state, kind, execution.scanned_bytes, timeline)

    def _write(self, execution: QueryExecution) -> None:
        described, statistics = execution.described(), execution.statistics()
        self._keep(execution.id, _Record(described, execution.columns, execution.update_count, statistics))

    def _keep(self, execution_id: str, record: _Record) -> None:
        path = self._directory / f"{execution_id}.json"
        partial = path.with_suffix(".partial")
        partial.write_bytes(msgspec.json.encode(record))
        partial.replace(path)

    def _recall(self) -> dict[str, tuple[float, str]]:
        """The executions of previous processes; queries that were running count as failed."""
        past: dict[str, tuple[float, str]] = {}
        for path in self._directory.glob("*.json"):
            remembered = self._read(path.stem)
            execution, status = remembered.execution, remembered.execution["Status"]
            past[path.stem] = (status["SubmissionDateTime"], execution["WorkGroup"])
            if status["State"] not in FINAL:
                reason = "GENERIC_INTERNAL_ERROR: The sandbox's Athena ended while the query ran"
                status |= {"State": "FAILED", "StateChangeReason": reason, "CompletionDateTime": time.time()}
                self._keep(path.stem, _Record(execution, remembered.columns))
        return past

    def _read(self, execution_id: str) -> Remembered:
        record = msgspec.json.decode((self._directory / f"{execution_id}.json").read_bytes(), type=_Record)
        name = record.execution["ResultConfiguration"]["OutputLocation"].rpartition("/")[2]
        path = self._directory / name
        return Remembered(record.execution, record.statistics, record.columns, record.update_count, path)


def _identity(request: QueryParameters) -> tuple[str, str, str, str]:
    """The members that two requests with one token must share; the parameters and the workgroup are not compared.

    Measured by aoyagikouhei/athena-local, docs/api.md.
    """
    context = request.context
    return request.sql, context.get("Catalog", ""), context.get("Database", ""), request.settings.output_location


def _reusable(request: QueryParameters) -> tuple[object, ...]:
    return request.sql, request.database, request.parameters, request.settings
