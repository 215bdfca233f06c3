"""The server that the data plane's tests share; other tests have theirs from tests/conftest.py."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.integration.sandbox.dataplane import Sandbox, running


@pytest.fixture(scope="session")
def dataplane(tmp_path_factory: pytest.TempPathFactory) -> Generator[Sandbox]:
    """One server for tests with workers that would otherwise run other tests' pipes and delivery streams."""
    with running(tmp_path_factory.mktemp("dataplane")) as sandbox:
        yield sandbox
