"""The module compiled of native/, which does the steps that every request takes; None where it is not compiled.

All of it is there in Python too, for other systems and for a checkout in which nothing has been compiled.
"""

from __future__ import annotations

import sys
from importlib.resources import as_file, files
from importlib.util import module_from_spec, spec_from_file_location

FILE = "_native.abi3.so"


def _load() -> None:
    """Load the module from a file of its own: from within a bundle, Python would not."""
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
