"""Where the modules cannot be loaded, the packages work without, and their bindings agree on that."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from stack import commandline

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
    ("package", "code", "changed"),
    [
        ("lake", 2, "lake/native/texts.h"),
        ("loadgen", 2, "components/native/text.h"),
        ("sandbox", 2, "sandbox/native/module.c"),
        ("transform", 0, "components/native/python.h"),
    ],
)
def test_a_module_of_other_sources_is_refused(package: str, code: int, changed: str, tmp_path: Path) -> None:
    """The commands end; the transform, on which records depend, takes the slow path."""
    for directory in (f"{package}/native", "components/native"):
        shutil.copytree(ROOT / directory, tmp_path / directory)
    for name in ("__init__.py", "_native.abi3.so", "compiled.py", "schema.py"):
        if (ROOT / package / name).exists():
            shutil.copy(ROOT / package / name, tmp_path / package)
    library = tmp_path / package / "_native.abi3.so"
    script = f"""
import importlib, sys
from {package} import compiled
assert compiled.native.__file__ == {str(library)!r}
with open({changed!r}, "a") as source:
    source.write("// changed")
print(importlib.reload(compiled).missing, file=sys.stderr)
"""
    shown = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    command = f"`python -m components.compiler {package}`"
    advice = f": run {command}." if code else f"; {command} compiles it"
    assert (shown.returncode, shown.stderr) == (code, f"{library} is compiled from other sources{advice}\n")


@pytest.mark.parametrize("place", ["bundle.zip/loadgen", "task/loadgen"])
def test_a_module_without_sources_is_taken_as_it_is(place: str, tmp_path: Path) -> None:
    (tmp_path / "bundle.zip").touch()
    commandline.refuse_outdated(ModuleType("_native"), tmp_path / place)
