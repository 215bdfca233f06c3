"""The module compiled from native/, with the steps of the hot path; `native` is None where nothing is compiled.

The slow path does the same in Python, for other systems and for a checkout without compiled modules.
"""

from __future__ import annotations

import sys
from importlib.resources import as_file, files
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from stack.commandline import refuse_outdated

FILE = "_native.abi3.so"


def _load() -> None:
    """Load the module from its file, because Python does not import it from within a zip bundle."""
    if "t" in getattr(sys, "abiflags", ""):
        raise ImportError("a free-threaded Python has no stable ABI")
    name = "loadgen._native"
    with as_file(files("loadgen") / FILE) as path:
        spec = spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} is no module")
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
    sys.modules[name] = module


try:
    _load()
    from loadgen import _native
except (ImportError, OSError):
    native = None
else:
    native = _native
    refuse_outdated(_native, Path(__file__).parent)
