from __future__ import annotations

import os
import platform
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import bundle, host
from components.wheels import BundleError, Platform

TARGET = Platform("python3.13", "arm64")
WHEELS = {
    "codec/__init__.py": b"",
    "codec/_core.cpython-313-aarch64-linux-gnu.so": b"\x7fELF",
    "codec/_core.pyi": b"",
    "codec/py.typed": b"",
    "codec/__pycache__/__init__.cpython-313.pyc": b"",
    "codec/tests/test_codec.py": b"",
    "codec-1.0.dist-info/METADATA": b"Name: codec",
    "codec-1.0.dist-info/RECORD": b"",
    "codec-1.0.dist-info/INSTALLER": b"uv",
    "codec-1.0.dist-info/REQUESTED": b"",
    "codec-1.0.dist-info/direct_url.json": b"{}",
    "codec-1.0.dist-info/licenses/LICENSE": b"do as you like",
    "codec-1.0.dist-info/sboms/codec.cdx.json": b"{}",
    "bin/codec": b"#!python",
    ".lock": b"",
}
SHIPPED = [
    "codec-1.0.dist-info/METADATA",
    "codec-1.0.dist-info/licenses/LICENSE",
    "codec/__init__.py",
    "codec/_core.cpython-313-aarch64-linux-gnu.so",
    "codec/py.typed",
    "transform/__init__.py",
    "transform/_native.abi3.so",
    "transform/handler.py",
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a transform of two files, and what Python and an editor leave beside them."""
    return _project(tmp_path / "project")


def _project(root: Path) -> Path:
    (root / "transform" / "__pycache__").mkdir(parents=True)
    (root / "transform" / "__init__.py").write_text('"""The transform."""\n')
    (root / "transform" / "handler.py").write_text("def handler(event, context): ...\n")
    (root / "transform" / "__pycache__" / "handler.cpython-313.pyc").write_bytes(b"compiled")
    (root / "transform" / "notes.txt").write_text("not code")
    native = root / "transform" / "native"
    native.mkdir()
    (native / "module.c").write_text('#include "answer.h"\nint answer(void) { return ANSWER; }\n')
    (native / "answer.h").write_text("#define ANSWER 42\n")
    (root / "transform" / "_native.abi3.so").write_bytes(b"for this machine, not the Lambda's")
    (root / "requirements").mkdir()
    (root / "requirements" / "transform.txt").write_text("codec==1.0 --hash=sha256:00\n")
    return root


def _install(_requirements: Path, _target: Platform, directory: Path) -> None:
    for name, content in WHEELS.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _refuse(_requirements: Path, _target: Platform, directory: Path) -> None:
    directory.mkdir()
    (directory / "half").write_bytes(b"")
    raise BundleError("no network")


def test_the_zip_holds_the_transform_and_its_dependencies_and_nothing_that_lambda_does_not_need(project: Path) -> None:
    with zipfile.ZipFile(bundle.build(project, TARGET, _install)) as built:
        assert built.namelist() == SHIPPED
        assert built.read("transform/handler.py") == (project / "transform" / "handler.py").read_bytes()


def test_the_same_input_makes_the_same_bytes_anywhere_at_any_time(tmp_path: Path) -> None:
    def backwards(requirements: Path, target: Platform, directory: Path) -> None:
        _install(requirements, target, directory)
        for path in sorted(directory.rglob("*"), reverse=True):
            path.chmod(0o700)
            os.utime(path, (0, 0))

    here, there = _project(tmp_path / "here"), _project(tmp_path / "there")
    (there / "transform" / "handler.py").chmod(0o777)
    os.utime(there / "transform" / "handler.py", (time.time(), time.time() + 1000))
    one, other = bundle.build(here, TARGET, _install), bundle.build(there, TARGET, backwards)
    assert one.name == other.name
    assert one.read_bytes() == other.read_bytes()


def test_an_entry_says_nothing_of_when_or_where_it_was_made(project: Path) -> None:
    with zipfile.ZipFile(bundle.build(project, TARGET, _install)) as built:
        for entry in built.infolist():
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert stat.filemode(entry.external_attr >> 16) == "-rw-r--r--"
            assert entry.compress_type == zipfile.ZIP_STORED
            assert entry.create_system == 3


@given(st.dictionaries(st.text("ab/._", min_size=1, max_size=6), st.binary(max_size=8), max_size=6))
def test_the_order_of_the_entries_does_not_matter(files: dict[str, bytes]) -> None:
    entries = list(files.items())
    assert bundle.archive(entries) == bundle.archive(reversed(entries))


def test_what_was_built_once_needs_no_installer(project: Path) -> None:
    first = bundle.build(project, TARGET, _install)
    assert bundle.build(project, TARGET, _refuse) == first


CHANGES: dict[str, Callable[[Path], Platform]] = {
    "source": lambda root: _write(root / "transform" / "handler.py", "changed"),
    "inner loop": lambda root: _write(root / "transform" / "native" / "answer.h", "#define ANSWER 43\n"),
    "new file": lambda root: _write(root / "transform" / "more.py", ""),
    "requirements": lambda root: _write(root / "requirements" / "transform.txt", "codec==2.0"),
    "runtime": lambda _: Platform("python3.12", "arm64"),
    "architecture": lambda _: Platform("python3.13", "x86_64"),
    "system": lambda _: Platform("python3.13", "arm64", native=True),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_another_input_is_another_zip(change: Callable[[Path], Platform], project: Path) -> None:
    first = bundle.build(project, TARGET, _install)
    assert bundle.build(project, change(project), _install) != first


def test_a_build_that_fails_leaves_nothing_behind(project: Path) -> None:
    with pytest.raises(BundleError, match="no network"):
        bundle.build(project, TARGET, _refuse)
    assert list((project / ".build").iterdir()) == []


def test_a_fast_path_that_does_not_compile_is_reported_and_leaves_nothing_behind(project: Path) -> None:
    (project / "transform" / "native" / "module.c").write_text("int answer(void) { return }\n")
    with pytest.raises(BundleError, match=r"module\.c does not compile for aarch64: .*expected expression"):
        bundle.build(project, TARGET, _install)
    assert list((project / ".build").iterdir()) == []


def test_the_real_zip_for_this_machine_is_imported_with_nothing_else_installed(root: Path, tmp_path: Path) -> None:
    native = platform.system() != "Linux"
    built = bundle.build(root, Platform(host.runtime(), host.architecture(), native=native))
    with zipfile.ZipFile(built) as zipped:
        zipped.extractall(tmp_path)
    # -I and -S: neither this directory nor site-packages, so that what the zip lacks is missed.
    says = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import transform.handler as h; print(h.handler.__module__)"
    )
    imported = subprocess.run([sys.executable, "-I", "-S", "-c", says], capture_output=True, text=True, check=False)
    assert imported.stdout == "transform.handler\n", imported.stderr


def _write(path: Path, text: str) -> Platform:
    path.write_text(text)
    return TARGET
