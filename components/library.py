"""The transform's inner loop as a shared library: transform/native, compiled for a Lambda's machine or for this one.

The compiler is the package ziglang, which has clang in it, and compiles for any machine
on any other. The library uses no other, not even C's own, so neither the Lambda's
Linux nor its Python's version matters.

    python -m components.library      compiles it for this machine, into transform/
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from components import host
from components.wheels import BundleError, Target

SOURCE = "transform/native/plain.c"
LIBRARY = "transform/libplain.so"
"""Where the library is in the zip and in the checkout, on every system."""

_FLAGS = (
    *("-std=c11", "-O3", "-Wall", "-Wextra", "-Werror"),
    *("-shared", "-fPIC", "-ffreestanding", "-fno-builtin", "-nostdlib", "-s"),
)
# What every x86-64 machine since 2009 has: https://gitlab.com/x86-psABIs/x86-64-ABI
_PROCESSORS = {"x86_64": ("-mcpu=x86_64_v2",)}


def compiler() -> str:
    """The compiler and its version; BundleError when it is not installed."""
    try:
        return f"ziglang {version('ziglang')}"
    except PackageNotFoundError:
        raise BundleError(
            "The compiler of the transform's inner loop is not installed; install requirements/runtime.txt."
        ) from None


def compile_library(source: Path, target: Target) -> bytes:
    """The library for a target, the same bytes on any machine; BundleError when it does not compile."""
    compiler()
    system = "macos" if target.native and sys.platform == "darwin" else "linux-gnu"
    pages = ("-Wl,-z,max-page-size=4096",) if system == "linux-gnu" else ()
    with tempfile.TemporaryDirectory() as scratch:
        library = Path(scratch) / "library"
        result = subprocess.run(  # noqa: S603 - the arguments are this file's own
            [
                *(sys.executable, "-m", "ziglang", "cc", "-target", f"{target.machine}-{system}"),
                *(*_FLAGS, *_PROCESSORS.get(target.machine, ()), *pages, "-o", str(library), source.name),
            ],
            cwd=source.parent,
            env=os.environ | {"ZIG_GLOBAL_CACHE_DIR": scratch, "ZIG_LOCAL_CACHE_DIR": scratch},
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise BundleError(f"{source.name} does not compile for {target.machine}: {result.stderr.strip()}")
        return library.read_bytes()


def main() -> None:
    """Compile it for this machine."""
    root = Path(__file__).resolve().parents[1]
    target = Target(host.runtime(), host.architecture(), native=True)
    # Replaced in one step: a process that has the library open keeps the old one.
    unfinished = root / f"{LIBRARY}.{os.getpid()}"
    unfinished.write_bytes(compile_library(root / SOURCE, target))
    unfinished.replace(root / LIBRARY)


if __name__ == "__main__":
    main()
