"""The pytest plugin costs a session that does not use it nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
MAY = {"pytest_cdc_sandbox", "pytest_cdc_sandbox.plugin"}


def test_the_plugin_imports_nothing_of_the_project_and_no_package_but_pytest() -> None:
    script = (
        "import sys, pytest; before = set(sys.modules); import pytest_cdc_sandbox.plugin; "
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == MAY
