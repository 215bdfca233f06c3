"""The fixtures and the option. pytest loads this module in every run, so it imports the rest at its first use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_cdc_sandbox.pipeline import CdcSandbox


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --cdc-sandbox."""
    parser.getgroup("cdc-sandbox").addoption(
        "--cdc-sandbox",
        metavar="DIR",
        default=None,
        help="use the sandbox that runs with this state directory, instead of starting one for the session",
    )


@pytest.fixture(scope="session")
def cdc_sandbox_stack() -> str:
    """The stack that is deployed; override the fixture to deploy a different Pulumi.NAME.yaml."""
    return "local"


@pytest.fixture(scope="session")
def cdc_sandbox(request: pytest.FixtureRequest, cdc_sandbox_stack: str) -> Iterator[CdcSandbox]:
    """A pipeline in a sandbox: one for the session (with pytest-xdist one for each worker), on a free port.

    What tests write stays until the session's end, so name your items apart.
    """
    from pytest_cdc_sandbox.pipeline import CdcSandbox

    state_dir: str | None = request.config.getoption("--cdc-sandbox")
    if state_dir is not None:
        yield CdcSandbox.running(state_dir)
        return
    with CdcSandbox.started(cdc_sandbox_stack) as sandbox:
        yield sandbox
