"""Packs loadgen into a file that a cluster's workers can import, with the user's workload if there is one."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from zipfile import ZipFile

from loadgen.compiled import FILE, native
from stack import UserError

_PACKAGES = ("loadgen", "stack")
_ROOT = Path(__file__).resolve().parents[2]


def build(directory: Path, script: str | None = None) -> Path:
    """Write the bundle into a directory and return its path; the name is derived from the contents."""
    files = {
        path.relative_to(_ROOT).as_posix(): path for name in _PACKAGES for path in sorted((_ROOT / name).rglob("*.py"))
    }
    if native is not None:
        # Workers on another architecture cannot load it and use the slow path.
        files[f"loadgen/{FILE}"] = _ROOT / "loadgen" / FILE
    if script is not None:
        path = _source(script.partition(":")[0])
        files[path.name] = path
    contents = {name: path.read_bytes() for name, path in files.items()}
    digest = hashlib.sha256(b"".join(name.encode() + text for name, text in contents.items())).hexdigest()[:12]
    bundle = directory / f"loadgen_{digest}.zip"
    with ZipFile(bundle, "w") as archive:
        for name, text in contents.items():
            archive.writestr(name, text)
    return bundle


def _source(module: str) -> Path:
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    spec = importlib.util.find_spec(module)
    if "." in module or spec is None or spec.origin is None:
        raise UserError(
            f"On a cluster, --workload names a class in one file of the working directory, and {module!r} is not one."
        )
    return Path(spec.origin)
