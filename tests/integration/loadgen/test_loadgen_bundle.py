"""The bundle for a cluster's workers, imported as they import it: from the zip, outside the checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import loadgen
import stack
from loadgen.compiled import FILE, native
from loadgen.distributed import bundle

_SAY_NATIVE = "import sys; sys.path.insert(0, sys.argv[1]); from loadgen import compiled; print(compiled.native)"

compiled = pytest.mark.skipif(native is None, reason="nothing is compiled")


def imported(archive: Path, cwd: Path) -> str:
    command = [sys.executable, "-c", _SAY_NATIVE, str(archive)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True).stdout


@compiled
def test_workers_sign_and_read_in_c_where_the_sender_does(tmp_path: Path) -> None:
    assert "loadgen._native" in imported(bundle.build(tmp_path), tmp_path)


def test_workers_on_another_kind_of_machine_do_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "root" / "loadgen"
    package.mkdir(parents=True)
    for name in ("__init__.py", "compiled.py"):
        (package / name).write_bytes(Path(loadgen.__file__).with_name(name).read_bytes())
    shutil.copytree(Path(stack.__file__).parent, package.with_name("stack"))
    (package / FILE).write_bytes(b"\xcf\xfa\xed\xfe of another system")
    monkeypatch.setattr(bundle, "_ROOT", package.parent)
    assert imported(bundle.build(tmp_path), tmp_path) == "None\n"


@compiled
def test_its_name_follows_its_contents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = bundle.build(tmp_path)
    monkeypatch.setattr(bundle, "native", None)
    assert bundle.build(tmp_path) != first
