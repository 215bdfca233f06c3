from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.conftest import free_port
from tests.e2e.pipeline import Pipeline


@pytest.fixture(scope="session")
def pipeline() -> Iterator[Pipeline]:
    """A separate pipeline for this process's tests, each of which leaves it complete and running."""
    # Not pytest's temporary directory: a Unix socket's path has at most 107 bytes.
    with TemporaryDirectory(prefix="e2e-") as directory:
        pipeline = Pipeline(Path(directory) / "state", free_port())
        started = pipeline.up()
        assert started.code == 0, started.err
        try:
            yield pipeline
        finally:
            stopped = pipeline.down()
        assert stopped.code == 0, stopped.err
