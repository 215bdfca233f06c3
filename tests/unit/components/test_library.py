from __future__ import annotations

import ctypes
import importlib.metadata
import struct
from pathlib import Path

import pytest

from components import host
from components.library import SOURCE, compile_library
from components.wheels import BundleError, Platform

ANSWER = '__attribute__((visibility("default"))) int answer(void) { return 42; }\n'
ELF_MACHINES = {"x86_64": 62, "arm64": 183}


def test_the_library_is_compiled_for_the_targets_processor(tmp_path: Path) -> None:
    """Of any source: test_compiler.py compiles the project's for both processors."""
    source = tmp_path / "answer.c"
    source.write_text(ANSWER)
    for architecture, machine in ELF_MACHINES.items():
        library = compile_library(source, Platform("python3.13", architecture))
        assert library[:4] == b"\x7fELF"
        assert struct.unpack_from("<H", library, 18) == (machine,)


def test_the_library_is_small(root: Path) -> None:
    assert len(compile_library(root / SOURCE, Platform("python3.13", "arm64"))) < 50_000


def test_where_it_is_compiled_makes_no_difference(tmp_path: Path) -> None:
    sources = [tmp_path / "here" / "answer.c", tmp_path / "there" / "below" / "answer.c"]
    for source in sources:
        source.parent.mkdir(parents=True)
        source.write_text(ANSWER)
    one, other = (compile_library(source, Platform("python3.13", "arm64")) for source in sources)
    assert one == other


def test_this_machine_can_load_what_is_compiled_for_it(tmp_path: Path) -> None:
    source, library = tmp_path / "answer.c", tmp_path / "libanswer.so"
    source.write_text(ANSWER)
    library.write_bytes(compile_library(source, Platform(host.runtime(), host.architecture(), native=True)))
    assert ctypes.CDLL(str(library)).answer() == 42


def test_a_warning_is_an_error(tmp_path: Path) -> None:
    source = tmp_path / "answer.c"
    source.write_text("int answer(void) { int unused; return 42; }\n")
    with pytest.raises(BundleError, match=r"answer\.c does not compile for x86_64: .*unused"):
        compile_library(source, Platform("python3.13", "x86_64"))


def test_a_missing_compiler_is_reported_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("components.compiler.version", missing)
    with pytest.raises(BundleError, match=r"not installed: install the package ziglang\.$"):
        compile_library(tmp_path / "answer.c", Platform("python3.13", "arm64"))
