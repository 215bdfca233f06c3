"""One query execution: its request, its progress, and the API's description of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.athena.errors import USER, StatementError
from sandbox.athena.interruption import Interruptible
from sandbox.athena.statements import Statement
from sandbox.athena.types import ColumnInfo
from sandbox.athena.workgroups import QuerySettings

FINAL = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})


@dataclass(frozen=True)
class QueryParameters:
    """The parameters of StartQueryExecution. `context` is the QueryExecutionContext as it was sent."""

    sql: str
    context: Mapping[str, str]
    parameters: tuple[str, ...]
    settings: QuerySettings
    reuse_minutes: int | None = None

    @property
    def database(self) -> str:
        """The database in which names are resolved. awswrangler sends it between back-quotes."""
        return self.context.get("Database", "default").strip("`").lower()


@dataclass
class QueryExecution:
    """One query execution; its state changes only under the registry's lock. Times are epoch seconds.

    `statement` is what runs; after EXECUTE it is the prepared statement. `update_count` is the number of rows written,
    and 0 if Athena reports 0; `manifest` the location of the list of written files.
    """

    id: str
    request: QueryParameters
    statement: Statement
    submitted_at: float
    state: str = "QUEUED"
    failure: StatementError | None = None
    reason: str | None = None
    started_at: float | None = None
    planned_at: float | None = None
    completed_at: float | None = None
    columns: list[ColumnInfo] = field(default_factory=list[ColumnInfo])
    rows: int = 0
    update_count: int | None = None
    scanned_bytes: int = 0
    output_bytes: int = 0
    manifest: str | None = None
    reused: bool = False
    hold: Interruptible = field(default_factory=Interruptible)

    @property
    def file_name(self) -> str:
        """The name of the result's file below the output location."""
        return self.statement.output.value.format(id=self.id)

    @property
    def output_location(self) -> str:
        """The S3 location of the result."""
        return self.request.settings.output_location + self.file_name

    def described(self) -> dict[str, Any]:
        """The QueryExecution of the API.

        The catalogue is returned in lower case, the database as it was sent, and omitted members stay omitted: measured
        by aoyagikouhei/athena-local, docs/caveats.md, "Query lifecycle".
        """
        settings, statement = self.request.settings, self.statement
        context = dict(self.request.context)
        if "Catalog" in context:
            context["Catalog"] = context["Catalog"].lower()
        described: dict[str, Any] = {
            "QueryExecutionId": self.id,
            "Query": self.request.sql.strip().rstrip(";").strip(),
            "StatementType": statement.kind.value,
            "SubstatementType": statement.sort,
            "ResultConfiguration": {"OutputLocation": self.output_location, **settings.result_configuration},
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": self._reuse()},
            "QueryExecutionContext": context,
            "Status": self._status(),
            "Statistics": self._statistics(),
            "WorkGroup": settings.workgroup,
            "EngineVersion": dict(settings.engine_version),
        }
        if self.request.parameters:
            described["ExecutionParameters"] = list(self.request.parameters)
        return described

    def statistics(self) -> dict[str, Any]:
        """The QueryRuntimeStatistics of the API, as far as the sandbox measures them."""
        measured = self._statistics()
        timeline = (
            "QueryQueueTimeInMillis",
            "ServicePreProcessingTimeInMillis",
            "QueryPlanningTimeInMillis",
            "EngineExecutionTimeInMillis",
            "ServiceProcessingTimeInMillis",
            "TotalExecutionTimeInMillis",
        )
        return {
            "Timeline": {name: measured[name] for name in timeline},
            "Rows": {"InputBytes": self.scanned_bytes, "OutputBytes": self.output_bytes, "OutputRows": self.rows},
        }

    def _reuse(self) -> dict[str, Any]:
        if self.request.reuse_minutes is None:
            return {"Enabled": False}
        return {"Enabled": True, "MaxAgeInMinutes": self.request.reuse_minutes}

    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted_at}
        if self.completed_at is not None:
            status["CompletionDateTime"] = self.completed_at
        if self.reason is not None:
            status["StateChangeReason"] = self.reason
        if self.failure is not None:
            status["AthenaError"] = {
                "ErrorCategory": self.failure.category,
                "ErrorType": self.failure.error_type,
                "Retryable": self.failure.category != USER,
                "ErrorMessage": self.failure.reason,
            }
        return status

    def _statistics(self) -> dict[str, Any]:
        now = self.completed_at or time.time()
        started = self.started_at or now
        planned = min(self.planned_at or started, now)
        statistics: dict[str, Any] = {
            "EngineExecutionTimeInMillis": _milliseconds(started, now),
            "DataScannedInBytes": self.scanned_bytes,
            "TotalExecutionTimeInMillis": _milliseconds(self.submitted_at, now),
            "QueryQueueTimeInMillis": _milliseconds(self.submitted_at, started),
            "ServicePreProcessingTimeInMillis": 0,
            "QueryPlanningTimeInMillis": _milliseconds(started, planned),
            "ServiceProcessingTimeInMillis": 0,
            "ResultReuseInformation": {"ReusedPreviousResult": self.reused},
        }
        return statistics | ({"DataManifestLocation": self.manifest} if self.manifest else {})


def _milliseconds(start: float, end: float) -> int:
    return max(int((end - start) * 1000), 0)
