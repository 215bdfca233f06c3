"""The command that compiles the C modules, for this machine and for others."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import pytest

from components import compiler
from components.compiler import LINUX, LOADGEN, MACOS, PARTS, TRANSFORM, Part
from tests.conftest import Compiled

MAGIC = {LINUX: b"\x7fELF", MACOS: b"\xcf\xfa\xed\xfe"}


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
@pytest.mark.parametrize("system", MAGIC)
def test_each_part_compiles_for_each_system_without_its_headers(compiled: Compiled, part: Part, system: str) -> None:
    assert compiled(part, "aarch64", system)[:4] == MAGIC[system]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_part_requires_no_version_of_the_c_library(compiled: Compiled, part: Part) -> None:
    library = compiled(part, "x86_64", LINUX)
    assert b"GLIBC_" not in library
    assert b"libc.so" not in library


def test_a_build_replaces_the_library_and_leaves_nothing_else(tmp_path: Path) -> None:
    source = tmp_path / TRANSFORM.source
    source.parent.mkdir(parents=True)
    source.write_text('__attribute__((visibility("default"))) int answer(void) { return 42; }\n')
    (tmp_path / TRANSFORM.library).write_text("an older one")
    library = compiler.build(TRANSFORM, tmp_path)
    assert ctypes.CDLL(str(library)).answer() == 42
    assert sorted(path.name for path in library.parent.iterdir()) == [library.name, "native"]


def test_a_module_is_current_until_a_source_changes(tmp_path: Path) -> None:
    source = tmp_path / TRANSFORM.source
    source.parent.mkdir(parents=True)
    source.write_text('__attribute__((visibility("default"))) const char *sources(void) { return SOURCES; }\n')
    library = compiler.build(TRANSFORM, tmp_path)
    assert compiler.is_current(library)
    (source.parent / ".other.h.swp").write_text("of an editor")
    assert compiler.is_current(library)
    (source.parent / "other.h").write_text("// an argument more")
    assert not compiler.is_current(library)
    compiler.build(TRANSFORM, tmp_path)
    assert compiler.is_current(library)
    library.unlink()
    assert not compiler.is_current(library)


def test_an_unsupported_system_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "freebsd15")
    with pytest.raises(compiler.CompileError, match=r"^The C is compiled for Linux and macOS, not for freebsd15"):
        compiler.build(LOADGEN, tmp_path)


def test_the_command_names_the_parts_that_it_knows(capsys: pytest.CaptureFixture[str]) -> None:
    assert compiler.main(["receiver"]) == 2
    said = "There is no part 'receiver' to compile: the parts are lake, loadgen, sandbox, transform.\n"
    assert capsys.readouterr().err == said
