"""A workgroup's settings, merged with a request's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.athena.errors import ApiError

DEFAULT_WORKGROUP = "primary"
_ENGINE_VERSION = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"}


@dataclass(frozen=True)
class QuerySettings:
    """The settings of one query: its workgroup, its output location (ends in /), its scan limit.

    `enforced` is whether the workgroup's own location overrides the request's.
    """

    workgroup: str
    output_location: str
    result_configuration: Mapping[str, Any] = field(default_factory=dict[str, Any])
    cutoff_bytes: int | None = None
    enforced: bool = False
    publishes_metrics: bool = False
    engine_version: Mapping[str, str] = field(default_factory=lambda: dict(_ENGINE_VERSION))


class Workgroups:
    """The workgroups behind a boto3 Athena client."""

    def __init__(self, athena: Any) -> None:
        self._athena = athena

    def settings(self, name: str, asked: Mapping[str, Any]) -> QuerySettings:
        """A query's settings in the workgroup `name`; `asked` is the request's ResultConfiguration.

        An enforcing workgroup ignores the request's settings.

        Raises:
            ApiError: the workgroup does not exist or is disabled, or no output location is set.
        """
        group = self._describe(name)
        if group.get("State") == "DISABLED":
            raise ApiError(f"WorkGroup {name} is disabled.")
        configuration: Mapping[str, Any] = group.get("Configuration") or {}
        own: Mapping[str, Any] = configuration.get("ResultConfiguration") or {}
        enforced = bool(configuration.get("EnforceWorkGroupConfiguration")) and bool(own)
        chosen = own if enforced else {**own, **asked}
        location = str(chosen.get("OutputLocation") or "")
        if not location:
            message = (
                "No output location provided. An output location is required either through the Workgroup result "
                "configuration setting or as an API input."
            )
            raise ApiError(message)
        if not location.startswith("s3://"):
            raise ApiError("outputLocation is not a valid S3 path.")
        kept = {key: value for key, value in chosen.items() if key in {"EncryptionConfiguration", "AclConfiguration"}}
        return QuerySettings(
            workgroup=name,
            output_location=location if location.endswith("/") else location + "/",
            result_configuration=kept,
            cutoff_bytes=configuration.get("BytesScannedCutoffPerQuery"),
            enforced=enforced,
            publishes_metrics=bool(configuration.get("PublishCloudWatchMetricsEnabled")),
        )

    def check(self, name: str) -> None:
        """Raise ApiError if the workgroup does not exist."""
        self._describe(name)

    def _describe(self, name: str) -> Mapping[str, Any]:
        try:
            group: Mapping[str, Any] | None = self._athena.get_work_group(WorkGroup=name).get("WorkGroup")
        except self._athena.exceptions.ClientError as error:
            raise ApiError("WorkGroup is not found.") from error
        if not group:
            raise ApiError("WorkGroup is not found.")
        return group
