"""This machine's AWS configuration: environment, profile and shared files, as botocore reads them."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Protocol, cast


class _Session(Protocol):
    def get_config_variable(self, logical_name: str) -> object: ...
    def set_config_variable(self, logical_name: str, value: object) -> None: ...
    def get_credentials(self) -> object: ...


def region() -> str | None:
    """The configured region: AWS_REGION, which every SDK except botocore reads, then botocore's sources."""
    named = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return named or cast("str | None", _session().get_config_variable("region"))


def has_credentials() -> bool:
    """Return whether the configuration has credentials; an instance's role does not count."""
    session = _session()
    # A request to a missing metadata service takes seconds.
    session.set_config_variable("metadata_service_num_attempts", 0)
    return session.get_credentials() is not None


def _session() -> _Session:
    # Imported lazily because the import is slow and rarely needed.
    return cast("_Session", import_module("botocore.session").get_session())
