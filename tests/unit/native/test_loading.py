"""Where the modules cannot be loaded, the packages work without, and their bindings agree on that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("package", ["loadgen", "sandbox", "transform"])
@pytest.mark.parametrize(
    ("flags", "loaded"), [(sys.abiflags, True), ("t", False), ("td", False)], ids=["", "free-threaded", "debug"]
)
def test_a_free_threaded_python_loads_no_module_of_the_stable_abi(package: str, flags: str, loaded: bool) -> None:
    """Its objects have another layout: https://docs.python.org/3/howto/free-threading-extensions.html"""
    script = (
        f"import sys; sys.abiflags = {flags!r}; from {package}.compiled import native; "
        f"print(native is not None, '{package}._native' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert shown.split() == [str(loaded)] * 2
