"""The only definition of the C build, used by `make`, the package's build, the tests and the Lambda's zip.

The compiler is the package ziglang, which includes clang and cross-compiles. A module depends on no C library and no
version of Python: a module of the stable ABI resolves its functions in the process that loads it. So the build is
reproducible on any machine.

    python -m components.compiler             compiles all parts for this machine, into the checkout
    python -m components.compiler transform   one of them

It imports only the standard library, because the package's build runs it without the project's dependencies.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

LINUX, MACOS = "linux-gnu", "macos.11.0"
SYSTEMS = {"linux": LINUX, "darwin": MACOS}
"""The supported systems, from Python's name to the compiler's, for macOS with the oldest version."""


class CompileError(Exception):
    """A part cannot be compiled; the message has the cause in one sentence."""


@dataclass(frozen=True)
class Part:
    """A package with a compiled part: `_native`, a module of CPython's stable ABI (3.11), compiled from `native`."""

    name: str

    @property
    def headers(self) -> str:
        """The directory of its source, relative to the project's root."""
        return f"{self.name}/native"

    @property
    def source(self) -> str:
        """The source file that includes all others, relative to the project's root."""
        return f"{self.headers}/module.c"

    @property
    def library(self) -> str:
        """The module's path relative to the project's root, on every system."""
        return f"{self.name}/_native.abi3.so"


LAKE = Part("lake")
LOADGEN = Part("loadgen")
SANDBOX = Part("sandbox")
TRANSFORM = Part("transform")
PARTS = (LAKE, LOADGEN, SANDBOX, TRANSFORM)

SHARED_HEADERS = Path(__file__).resolve().parent / "native"
"""The directory of the shared headers."""

_FLAGS = (
    *("-std=gnu11", "-O3", "-Wall", "-Wextra", "-Werror", f"-I{SHARED_HEADERS}"),
    *("-shared", "-fPIC", "-fvisibility=hidden", "-ffreestanding", "-nostdlib", "-s"),
)
# Python's functions are in the interpreter, the system's in its loaded C library.
_SYSTEM_FLAGS = {
    LINUX: ("-Wl,-z,undefs", "-Wl,-z,max-page-size=4096"),
    MACOS: ("-undefined", "dynamic_lookup"),
}
# Supported by every x86-64 machine since 2009: https://gitlab.com/x86-psABIs/x86-64-ABI
_PROCESSOR_FLAGS = {"x86_64": ("-mcpu=x86_64_v2",)}
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def compiler() -> str:
    """The compiler and its version; raises CompileError when it is not installed."""
    try:
        return f"ziglang {version('ziglang')}"
    except PackageNotFoundError:
        raise CompileError("The compiler is not installed: install the package ziglang.") from None


def machine() -> str:
    """This machine's architecture in the compiler's terms: x86_64, aarch64."""
    name = platform.machine().lower()
    return _MACHINES.get(name, name)


def digest(headers: Path) -> str:
    """The CRC-32 of the C in a directory and of the shared headers, in hexadecimal: `__doc__` of the compiled module.

    `stack.commandline.refuse_outdated` and `transform.compiled`, which may not import this, compute the same.
    """
    sources = [path for directory in (headers, SHARED_HEADERS) for path in sorted(directory.iterdir())]
    return f"{zlib.crc32(b''.join(path.read_bytes() for path in sources if path.suffix in {'.c', '.h'})):08x}"


def is_current(library: Path) -> bool:
    """Whether there is a part's module, and it is compiled from the sources beside it."""
    return library.exists() and digest(library.parent / "native").encode() in library.read_bytes()


def compile_source(source: Path, machine: str, system: str, extra: Sequence[str] = ()) -> bytes:
    """The module of a source file, with `extra` flags after the project's, for any machine and system.

    Raises CompileError with the compiler's output when it does not compile.
    """
    compiler()
    with tempfile.TemporaryDirectory() as scratch:
        library = Path(scratch) / "library"
        result = subprocess.run(  # noqa: S603 - no shell, and the arguments come from the project
            [
                *(sys.executable, "-m", "ziglang", "cc", "-target", f"{machine}-{system}"),
                f'-DSOURCES="{digest(source.parent)}"',
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
    """Compile a part of the project at `root` for this machine; return the module's path (default: in the project).

    Raises CompileError when this machine's system is not one of SYSTEMS, or it does not compile.
    """
    if sys.platform not in SYSTEMS:
        raise CompileError(
            f"The C is compiled for Linux and macOS, not for {sys.platform}: everything also works without it."
        )
    library = output or root / part.library
    content = compile_source(root / part.source, machine(), SYSTEMS[sys.platform])
    # Replaced atomically: a process that has the module open keeps the old one.
    unfinished = library.with_name(f"{library.name}.{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.chmod(0o755)
    unfinished.replace(library)
    return library


def main(arguments: Sequence[str] | None = None) -> int:
    """Compile the named parts, or all; exit code 2 and one sentence on failure."""
    names = list(sys.argv[1:] if arguments is None else arguments)
    known = {part.name: part for part in PARTS}
    if unknown := [name for name in names if name not in known]:
        sys.stderr.write(f"There is no part {unknown[0]!r} to compile: the parts are {', '.join(known)}.\n")
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
