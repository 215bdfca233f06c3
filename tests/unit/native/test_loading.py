"""Where the modules cannot be loaded, the packages work without, and their bindings agree on that."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("package", ["lake", "loadgen", "sandbox", "transform"])
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


@pytest.mark.parametrize(
    ("package", "code", "said"),
    [
        ("lake", 2, "compiled from other sources: run `make install`.\n"),
        ("loadgen", 2, "compiled from other sources: run `make install`.\n"),
        ("sandbox", 2, "compiled from other sources: run `make install`.\n"),
        ("transform", 0, "compiled from other sources; `python -m components.compiler transform` compiles it\n"),
    ],
)
def test_a_module_of_other_sources_is_refused(package: str, code: int, said: str, tmp_path: Path) -> None:
    other = "transform" if package != "transform" else "sandbox"
    (tmp_path / package).mkdir()
    for name in ("__init__.py", "compiled.py", "schema.py"):
        if (ROOT / package / name).exists():
            shutil.copy(ROOT / package / name, tmp_path / package)
    shutil.copy(ROOT / other / "_native.abi3.so", tmp_path / package)
    script = f"import sys; from {package} import compiled; print(compiled.missing, file=sys.stderr)"

    shown = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (shown.returncode, shown.stderr.count("\n")) == (code, 1)
    assert shown.stderr == f"{tmp_path / package / '_native.abi3.so'} is {said}"
