"""The package's build: compiles the C, and says for which machines the wheel is."""

from __future__ import annotations

import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# The build runs where nothing of the project is installed, and from a folder that is not on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from components import compiler


class CompiledParts(BuildHookInterface[Any]):
    """Puts the modules into the wheel; an editable installation gets them in the checkout, as by `make`."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, before the wheel's files are gathered."""
        if self.target_name != "wheel":
            return
        root = Path(self.root)
        build_data["pure_python"] = False
        build_data["tag"] = tag()
        self._scratch = tempfile.TemporaryDirectory()
        for part in parts():
            if version == "editable":
                compiler.build(part, root)
                continue
            library = compiler.build(part, root, Path(self._scratch.name) / part.library.replace("/", "."))
            build_data["force_include"][str(library)] = part.library

    def finalize(
        self,
        version: str,  # noqa: ARG002 - hatchling passes all three
        build_data: dict[str, Any],  # noqa: ARG002
        artifact_path: str,  # noqa: ARG002
    ) -> None:
        """Forget what was compiled, once it is in the wheel."""
        if self.target_name == "wheel":
            self._scratch.cleanup()


def parts() -> tuple[compiler.Part, ...]:
    """What can be compiled for this Python on this system: everything runs without, more slowly."""
    return () if sys.platform not in compiler.SYSTEMS or _free_threaded() else compiler.PARTS


def tag() -> str:
    """The wheel's tag: https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/

    The parts are modules of CPython 3.11's stable ABI, which the free-threaded
    build does not have: https://docs.python.org/3/howto/free-threading-extensions.html
    On Linux the platform is the one that the wheel is built on. The modules ask
    for no C library by name or version, so they load under any, but manylinux
    promises every x86-64 processor, and they are compiled for those since 2009.
    On macOS it is the oldest system that the compiler is given.
    """
    python = "cp311-abi3" if parts() else "py3-none"
    if sys.platform == "darwin":
        oldest = compiler.MACOS.removeprefix("macos.").replace(".", "_")
        processor = {"aarch64": "arm64"}.get(compiler.machine(), compiler.machine())
        return f"{python}-macosx_{oldest}_{processor}"
    return f"{python}-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"


def _free_threaded() -> bool:
    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
