"""Packs loadgen into a file that a cluster's workers can import, with the user's workload if there is one."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from loadgen.compiled import FILE, native
from stack import UserError, cluster

_PACKAGES = ("loadgen", "stack")
_ROOT = Path(__file__).resolve().parents[2]


def build(directory: Path, script: str | None = None) -> Path:
    """Write the bundle into a directory and return its path; the name is derived from the contents."""
    files = cluster.sources(_ROOT, *_PACKAGES)
    if native is not None:
        # Workers on another architecture cannot load it and use the slow path.
        files[f"loadgen/{FILE}"] = _ROOT / "loadgen" / FILE
    if script is not None:
        path = _source(script.partition(":")[0])
        files[path.name] = path
    return cluster.bundle(directory, "loadgen", files)


def _source(module: str) -> Path:
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    spec = importlib.util.find_spec(module)
    if "." in module or spec is None or spec.origin is None:
        raise UserError(
            f"On a cluster, --workload names a class in one file of the working directory, and {module!r} is not one."
        )
    return Path(spec.origin)
