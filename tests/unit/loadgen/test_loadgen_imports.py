"""What a command loads: one that only reads a report starts without the code that sends."""

from __future__ import annotations

import subprocess
import sys

import pytest

_SENDING = ("uvloop", "aioboto3", "botocore", "faker", "loadgen.engine", "loadgen.workloads", "loadgen.distributed")


def loaded_by(statement: str) -> set[str]:
    script = f"{statement}; import sys; print(*sys.modules, sep=chr(10))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines())


@pytest.mark.parametrize("module", ["loadgen", "loadgen.cli", "loadgen.report.compare", "loadgen.report.page"])
def test_reading_a_report_does_not_load_the_sender(module: str) -> None:
    modules = loaded_by(f"import {module}")
    assert module in modules
    assert modules.isdisjoint(_SENDING)


def test_a_run_does_load_it() -> None:
    loaded = loaded_by("import uvloop, loadgen.distributed.worker")
    assert {"loadgen.engine.segment", "uvloop"} <= loaded
    assert "http.client" not in loaded, "a worker looks for no sandbox"
