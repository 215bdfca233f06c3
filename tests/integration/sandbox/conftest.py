"""Compares every reply of the sandbox in these tests with botocore's model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import SandboxServer
from tests.integration.sandbox.athena_place import worker
from tests.reply_shapes import watched


@pytest.fixture(scope="session")
def athena_worker(sandbox_server: SandboxServer) -> Iterator[None]:
    """The Athena worker beside the shared server."""
    with worker("sandbox.athena", sandbox_server.endpoint_url, sandbox_server.state):
        yield


@pytest.fixture(scope="module", autouse=True)
def reply_faults() -> Iterator[list[str]]:
    """The deviations of a module's replies; other tests of this process fake replies."""
    with watched() as faults:
        yield faults


@pytest.fixture(autouse=True)
def replies_have_the_form_of_the_model(reply_faults: list[str]) -> Iterator[None]:
    """Fail a test if a reply to its calls, or its fixtures' calls, deviates from the model."""
    yield
    found = sorted(set(reply_faults))
    reply_faults.clear()
    assert found == []
