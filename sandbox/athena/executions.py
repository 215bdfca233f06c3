"""Query executions: run by a few threads, stored in files.

Each has `<id>.json` (the response of GetQueryExecution, and the result's columns) and its result, so both survive a
restart; a query that was running when the process ended counts as failed.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from sandbox.athena.errors import SYSTEM, ApiError, QueryError
from sandbox.athena.results import write_text
from sandbox.athena.runner import Interruptible, QueryCancelledError, Runner
from sandbox.athena.statements import Statement, Statements, recognise
from sandbox.athena.types import ColumnInfo
from sandbox.athena.workgroups import Settings

_log = logging.getLogger(__name__)
_THREADS = 4
_MAX_REMEMBERED = 2000
FINAL = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})


@dataclass(frozen=True)
class Request:
    """The parameters of StartQueryExecution, with defaults."""

    sql: str
    database: str
    catalog: str
    parameters: tuple[str, ...]
    settings: Settings


@dataclass
class Execution:
    """One query execution; its state changes only under the registry's lock. Times are epoch seconds."""

    id: str
    request: Request
    statement: Statement
    submitted_at: float
    state: str = "QUEUED"
    reason: str | None = None
    category: int | None = None
    started_at: float | None = None
    completed_at: float | None = None
    columns: list[ColumnInfo] = field(default_factory=list[ColumnInfo])
    rows: int = 0
    scanned_bytes: int = 0
    hold: Interruptible = field(default_factory=Interruptible)

    @property
    def suffix(self) -> str:
        """The suffix of the result's name: csv for a SELECT, otherwise txt."""
        return "csv" if self.statement.sort == "SELECT" else "txt"

    @property
    def output_location(self) -> str:
        """The S3 location of the result."""
        return f"{self.request.settings.output_location}{self.id}.{self.suffix}"

    def described(self) -> dict[str, Any]:
        """The QueryExecution of the API."""
        now = self.completed_at or time.time()
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted_at}
        if self.completed_at is not None:
            status["CompletionDateTime"] = self.completed_at
        if self.reason is not None:
            status["StateChangeReason"] = self.reason
        if self.category is not None:
            status["AthenaError"] = {
                "ErrorCategory": self.category,
                "ErrorType": 1 if self.category == SYSTEM else 1301,
                "Retryable": self.category == SYSTEM,
                "ErrorMessage": self.reason,
            }
        total_ms = int((now - self.submitted_at) * 1000)
        queued_ms = int(((self.started_at or now) - self.submitted_at) * 1000)
        settings = self.request.settings
        described: dict[str, Any] = {
            "QueryExecutionId": self.id,
            "Query": self.request.sql,
            "StatementType": self.statement.kind.value,
            "SubstatementType": self.statement.sort,
            "ResultConfiguration": {"OutputLocation": self.output_location, **settings.result_configuration},
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
            "QueryExecutionContext": {"Database": self.request.database, "Catalog": self.request.catalog.lower()},
            "Status": status,
            "Statistics": {
                "EngineExecutionTimeInMillis": max(total_ms - queued_ms, 0),
                "DataScannedInBytes": self.scanned_bytes,
                "TotalExecutionTimeInMillis": total_ms,
                "QueryQueueTimeInMillis": queued_ms,
                "ServicePreProcessingTimeInMillis": 0,
                "QueryPlanningTimeInMillis": 0,
                "ServiceProcessingTimeInMillis": 0,
                "ResultReuseInformation": {"ReusedPreviousResult": False},
            },
            "WorkGroup": settings.workgroup,
            "EngineVersion": settings.engine_version,
        }
        if self.request.parameters:
            described["ExecutionParameters"] = list(self.request.parameters)
        return described


@dataclass(frozen=True)
class Remembered:
    """A stored execution: the API's QueryExecution, the result's columns, its number of rows."""

    execution: dict[str, Any]
    columns: list[ColumnInfo]
    path: Path


class _Record(msgspec.Struct):
    execution: dict[str, Any]
    columns: list[ColumnInfo]


class Executions:
    """All query executions. `upload` copies a local file to an s3:// location."""

    def __init__(
        self,
        directory: Path,
        runner: Runner,
        statements: Statements,
        upload: Callable[[Path, str], None],
        timeout_s: float,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._runner = runner
        self._statements = statements
        self._upload = upload
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._live: dict[str, Execution] = {}
        self._tokens: dict[str, tuple[str, Request]] = {}
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="query")
        self._past = self._recall()
        self.counts = {"queries": 0, "failed": 0}

    def start(self, request: Request, token: str | None) -> str:
        """Queue a query; returns its id, or the id of the query with the same token.

        Raises ApiError when the text is not a query, or the token was used for another request.
        """
        statement = recognise(request.sql)
        if statement.sort == "SELECT":
            self._runner.check_syntax(request.sql)
        with self._lock:
            if token is not None and token in self._tokens:
                known, first = self._tokens[token]
                if first != request:
                    raise ApiError("Idempotent parameters do not match", athena_code="INVALID_INPUT")
                return known
            execution = Execution(str(uuid.uuid4()), request, statement, time.time())
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
                path = self._directory / f"{execution_id}.{execution.suffix}"
                return Remembered(execution.described(), execution.columns, path)
        if execution_id not in self._past:
            raise ApiError(f"QueryExecution {execution_id} was not found")
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

    def _run(self, execution: Execution) -> None:
        with self._lock:
            if execution.state != "QUEUED":
                return
            execution.state, execution.started_at = "RUNNING", time.time()
        timer = threading.Timer(self._timeout_s, execution.hold.stop)
        timer.daemon = True
        timer.start()
        try:
            self._execute(execution)
        except QueryCancelledError:
            timed_out = not timer.is_alive()
            state, reason = ("FAILED", "Query timeout") if timed_out else ("CANCELLED", "Query cancelled by user")
            self._finish(execution, state, reason)
        except QueryError as error:
            self._finish(execution, "FAILED", error.reason, error.category)
        except Exception as error:
            _log.exception("query %s", execution.id)
            self._finish(execution, "FAILED", f"GENERIC_INTERNAL_ERROR: {error}", SYSTEM)
        else:
            self._finish(execution, "SUCCEEDED")
        finally:
            timer.cancel()

    def _execute(self, execution: Execution) -> None:
        request = execution.request
        path = self._directory / f"{execution.id}.{execution.suffix}"
        if execution.statement.sort == "SELECT":
            outcome = self._runner.select(request.sql, request.parameters, request.database, path, execution.hold)
            execution.columns, execution.rows = outcome.columns, outcome.rows
            execution.scanned_bytes = outcome.scanned_bytes
            limit_bytes = request.settings.cutoff_bytes
            if limit_bytes is not None and outcome.scanned_bytes > limit_bytes:
                raise QueryError("EXCEEDED_SCAN_LIMIT", f"Bytes scanned limit of {limit_bytes} was exceeded")
        else:
            answer = self._statements.run(execution.statement, request.database)
            execution.columns, execution.rows = answer.infos, len(answer.rows)
            write_text(answer.rows, path)
        metadata = path.with_name(path.name + ".metadata")
        metadata.write_bytes(msgspec.json.encode({"ResultSetMetadata": {"ColumnInfo": execution.columns}}))
        self._upload(path, execution.output_location)
        self._upload(metadata, execution.output_location + ".metadata")
        metadata.unlink()

    def _finish(self, execution: Execution, state: str, reason: str | None = None, category: int | None = None) -> None:
        with self._lock:
            self._end(execution, state, reason, category)

    def _end(self, execution: Execution, state: str, reason: str | None = None, category: int | None = None) -> None:
        execution.completed_at = time.time()
        execution.state, execution.reason, execution.category = state, reason, category
        if state == "FAILED":
            self.counts["failed"] += 1
            _log.info("query %s failed: %s", execution.id, reason)
        self._write(execution)
        self._past[execution.id] = (execution.submitted_at, execution.request.settings.workgroup)
        if len(self._live) > _MAX_REMEMBERED:
            over = next(key for key, e in self._live.items() if e.state in FINAL)
            del self._live[over]

    def _write(self, execution: Execution) -> None:
        self._keep(execution.id, _Record(execution.described(), execution.columns))

    def _keep(self, execution_id: str, record: _Record) -> None:
        path = self._directory / f"{execution_id}.json"
        partial = path.with_suffix(".partial")
        partial.write_bytes(msgspec.json.encode(record))
        partial.replace(path)

    def _recall(self) -> dict[str, tuple[float, str]]:
        """The executions of earlier processes; queries that were running count as failed."""
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
        suffix = record.execution["ResultConfiguration"]["OutputLocation"].rpartition(".")[2]
        return Remembered(record.execution, record.columns, self._directory / f"{execution_id}.{suffix}")
