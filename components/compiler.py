"""How the C is compiled. Nothing else knows it: `make`, the package's build, the tests and the Lambda's zip ask here.

The compiler is the package ziglang, which has clang in it and compiles for any
machine on any other. What it makes is bound to no C library and to no version of
Python: a module of the stable ABI finds the functions that it needs in the process
that loads it. So the same source makes the same bytes wherever it is compiled.

    python -m components.compiler             compiles both parts for this machine, into the checkout
    python -m components.compiler transform   one of them

It imports the standard library alone, because the build of the package runs it
where nothing else of the project's dependencies is installed.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

LINUX, MACOS = "linux-gnu", "macos.11.0"
SYSTEMS = {"linux": LINUX, "darwin": MACOS}
"""The systems that there are compiled parts for, from Python's name to the compiler's, for macOS with the oldest."""


class CompileError(Exception):
    """Something cannot be compiled: one sentence says what and why."""


@dataclass(frozen=True)
class Part:
    """A package with a compiled part: a module of CPython's stable ABI (3.11), `_native`, of the C in its `native`."""

    name: str

    @property
    def headers(self) -> str:
        """The directory below the project's root that holds the source and what it alone includes."""
        return f"{self.name}/native"

    @property
    def source(self) -> str:
        """The file below the project's root that includes all others."""
        return f"{self.headers}/module.c"

    @property
    def library(self) -> str:
        """The module below the project's root, on every system."""
        return f"{self.name}/_native.abi3.so"


LOADGEN = Part("loadgen")
TRANSFORM = Part("transform")
PARTS = (LOADGEN, TRANSFORM)

SHARED_HEADERS = Path(__file__).resolve().parent / "native"
"""The directory of what both parts include."""

_FLAGS = (
    *("-std=gnu11", "-O3", "-Wall", "-Wextra", "-Werror", f"-I{SHARED_HEADERS}"),
    *("-shared", "-fPIC", "-fvisibility=hidden", "-ffreestanding", "-nostdlib", "-s"),
)
# Python's functions are in the interpreter, the system's in the C library that it has loaded.
_SYSTEM_FLAGS = {
    LINUX: ("-Wl,-z,undefs", "-Wl,-z,max-page-size=4096"),
    MACOS: ("-undefined", "dynamic_lookup"),
}
# What every x86-64 machine since 2009 has: https://gitlab.com/x86-psABIs/x86-64-ABI
_PROCESSOR_FLAGS = {"x86_64": ("-mcpu=x86_64_v2",)}
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def compiler() -> str:
    """The compiler and its version; CompileError when it is not installed."""
    try:
        return f"ziglang {version('ziglang')}"
    except PackageNotFoundError:
        raise CompileError("The compiler is not installed: install the package ziglang.") from None


def machine() -> str:
    """This machine's processor as the compiler names it: x86_64, aarch64."""
    name = platform.machine().lower()
    return _MACHINES.get(name, name)


def compile_source(source: Path, machine: str, system: str, extra: Sequence[str] = ()) -> bytes:
    """The module of a source file, with `extra` flags after the project's, for any machine and system.

    CompileError when it does not compile, with what the compiler says.
    """
    compiler()
    with tempfile.TemporaryDirectory() as scratch:
        library = Path(scratch) / "library"
        result = subprocess.run(  # noqa: S603 - no shell, and the arguments are the project's own
            [
                *(sys.executable, "-m", "ziglang", "cc", "-target", f"{machine}-{system}"),
                *(*_FLAGS, *_SYSTEM_FLAGS.get(system, ()), *_PROCESSOR_FLAGS.get(machine, ()), *extra),
                *("-o", str(library), source.name),
            ],
            cwd=source.parent,
            env=os.environ | {"ZIG_GLOBAL_CACHE_DIR": scratch, "ZIG_LOCAL_CACHE_DIR": scratch},
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise CompileError(f"{source.name} does not compile for {machine}: {result.stderr.strip()}")
        return library.read_bytes()


def build(part: Part, root: Path, output: Path | None = None) -> Path:
    """Compile a part of the project at `root` for this machine; the library's path, `output` or its place there.

    CompileError when this machine's system is not one of SYSTEMS, or it does not compile.
    """
    if sys.platform not in SYSTEMS:
        raise CompileError(f"The C is compiled for Linux and macOS, not for {sys.platform}: everything runs without.")
    library = output or root / part.library
    content = compile_source(root / part.source, machine(), SYSTEMS[sys.platform])
    # Replaced in one step: a process that has the library open keeps the old one.
    unfinished = library.with_name(f"{library.name}.{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.chmod(0o755)
    unfinished.replace(library)
    return library


def main(arguments: Sequence[str] | None = None) -> int:
    """Compile the parts that are named, or all; 2 and one sentence when one cannot be compiled."""
    names = list(sys.argv[1:] if arguments is None else arguments)
    known = {part.name: part for part in PARTS}
    if unknown := [name for name in names if name not in known]:
        sys.stderr.write(f"There is no part {unknown[0]!r} to compile: the parts are {' and '.join(known)}.\n")
        return 2
    try:
        for name in names or known:
            build(known[name], ROOT)
    except CompileError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
