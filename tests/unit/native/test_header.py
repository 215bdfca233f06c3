"""The compiled modules' declarations match the real C API, within the stable ABI of Python 3.11."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.compiler import LINUX, PARTS, SHARED_HEADERS, TRANSFORM
from tests.conftest import Compiled
from tests.unit.native import elf

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
FACTS = (HERE / "facts.c").read_text()
DECLARED = (SHARED_HEADERS / "python.h").read_text()
SUPPORTED = "3.11"
# Each process that runs Python has these; the second group is what loadgen/native/linux.h declares, and the third is
# weak (transform/native/kept.h).
OF_THE_C_LIBRARY = {"memcpy", "memmove", "memset"} | {
    *("__errno_location", "clock_gettime", "epoll_wait", "getauxval", "recvmsg", "sendto", "timerfd_settime"),
    "mallopt",
}


def version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def headers() -> list[Path]:
    """The directories with a Python.h of a supported Python: this one's, the system's, and its neighbours'."""
    places = [Path(sysconfig.get_path("include"))]
    places += Path("/usr/include").glob("python3.*")
    places += Path(sys.base_prefix).parent.glob("*/include/python3.*")
    found = {place.resolve(): place.name.removeprefix("python") for place in places if (place / "Python.h").is_file()}
    return sorted(
        place for place, name in found.items() if re.fullmatch(r"3\.\d+", name) and version(name) >= version(SUPPORTED)
    )


def complaints(tmp_path: Path, declared: str, facts: str, *arguments: str) -> str:
    """What the compiler says of the facts with these declarations; nothing where they hold."""
    (tmp_path / "python.h").write_text(declared)
    (tmp_path / "facts.c").write_text(facts)
    command = [sys.executable, "-m", "ziglang", "cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-c", "-I."]
    result = subprocess.run(
        [*command, *arguments, "-o", "facts.o", "facts.c"],
        cwd=tmp_path,
        env=os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(tmp_path), "ZIG_LOCAL_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode in (0, 1)
    assert (result.returncode == 0) == (not result.stderr)
    return result.stderr


def with_header(place: Path) -> tuple[str, ...]:
    return "-DREAL_HEADER", f"-I{place}"


def test_the_declarations_are_as_recorded(tmp_path: Path) -> None:
    assert complaints(tmp_path, DECLARED, FACTS) == ""


EACH_HEADER = pytest.mark.parametrize(
    "place",
    headers() or [pytest.param(Path(), marks=pytest.mark.skip("no Python.h of a supported Python is on this machine"))],
    ids=lambda place: place.name,
)


@EACH_HEADER
def test_the_declarations_agree_with_each_header_that_there_is(place: Path, tmp_path: Path) -> None:
    assert complaints(tmp_path, DECLARED, FACTS, *with_header(place)) == ""


WRONG = {
    "a parameter": ("PyTuple_Size(PyObject *tuple)", "PyTuple_Size(const PyObject *tuple)"),
    "a result": ("int PyList_Append", "long PyList_Append"),
    "a field's type": ("int ml_flags", "long ml_flags"),
    "a field's place": ("int readonly, ndim;", "int ndim, readonly;"),
    "a field missing": ("    void *internal;\n", ""),
    "a constant": ("METH_FASTCALL = 0x80", "METH_FASTCALL = 0x81"),
    "an exception": ("extern PyObject *PyExc_OSError", "extern PyObject PyExc_OSError"),
}


@pytest.mark.parametrize(("right", "wrong"), WRONG.values(), ids=WRONG)
def test_a_wrong_declaration_is_found_without_a_header(right: str, wrong: str, tmp_path: Path) -> None:
    assert right in DECLARED
    assert "error:" in complaints(tmp_path, DECLARED.replace(right, wrong), FACTS)


@EACH_HEADER
def test_a_prototype_unlike_the_headers_does_not_compile(place: Path, tmp_path: Path) -> None:
    changed = DECLARED.replace(*WRONG["a parameter"])
    assert "conflicting types for 'PyTuple_Size'" in complaints(tmp_path, changed, FACTS, *with_header(place))


def declared_names() -> set[str]:
    """Every name of Python's that is declared: functions, data, types and constants."""
    return set(
        re.findall(r"\b(?:_?Py|METH_)\w+", re.sub(r"/\*.*?\*/|^#.*?$", "", DECLARED, flags=re.DOTALL | re.MULTILINE))
    )


def test_all_that_is_declared_is_among_the_facts() -> None:
    flags = {"PyBUF_SIMPLE", "PyBUF_WRITABLE"}
    functions = set(re.findall(r"(\w+)\([^()]*\);", DECLARED)) - {"PyCFunction", "PyCapsule_Destructor"}
    assert set(re.findall(r"FUNCTION\((\w+)", FACTS)) - {"name"} == functions
    assert all(re.search(rf"\b{name}\b", FACTS) for name in declared_names() | flags)


def stable() -> dict[str, str]:
    lines = (HERE / "stable_abi.txt").read_text().splitlines()
    return dict(line.split() for line in lines if not line.startswith("#"))


def test_all_that_is_declared_is_in_the_stable_abi() -> None:
    # These two are flags of PyObject_GetBuffer, not listed by themselves.
    assert declared_names() - {"PyBUF_SIMPLE", "PyBUF_WRITABLE"} == set(stable())
    assert all(version(added) <= version(SUPPORTED) for added in stable().values())


def modules(compiled: Compiled) -> Iterator[tuple[str, bytes]]:
    """Both modules as they are compiled for this machine, and the transform's for the other Lambda."""
    if sys.platform == "linux":
        yield from ((part.name, (ROOT / part.library).read_bytes()) for part in PARTS)
    yield "transform on arm64", compiled(TRANSFORM, "aarch64", LINUX)


def test_the_modules_use_the_stable_abi_and_the_c_library_alone(compiled: Compiled) -> None:
    for name, module in modules(compiled):
        assert elf.undefined(module) <= set(stable()) | OF_THE_C_LIBRARY, name
        assert "PyModuleDef_Init" in elf.undefined(module)
        assert elf.needed(module) == []
