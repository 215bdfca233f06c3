"""What the load generator and the lake share of a Dask cluster: its address, and the code that they send to it.

Any cluster works (local, Kubernetes, Fargate through dask-cloudprovider); only the scheduler's address is needed.
"""

from __future__ import annotations

import hashlib
import importlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from stack.commandline import UserError

_ADDRESS = re.compile(r"(?:(?:tcp|tls|ws|wss|ucx|ucxx)://)?(?:\[[0-9A-Fa-f:.]+\]|[^\s/:\[\]]+):\d{1,5}")
CONNECT_TIMEOUT_S = 10.0
CONNECT_ERRORS = (OSError, ValueError)
"""The errors of distributed.Client when no scheduler answers."""


def dask(address: str) -> Any:
    """Return the module `distributed`. Raises: UserError: the address is malformed, or Dask is not installed."""
    if _ADDRESS.fullmatch(address) is None:
        raise UserError(f"{address!r} is not an address of a Dask scheduler: write --cluster as tcp://HOST:PORT.")
    try:
        return importlib.import_module("distributed")
    except ModuleNotFoundError:
        raise UserError("--cluster needs Dask: install the project's extra `cluster`.") from None


def no_scheduler(address: str, error: Exception) -> UserError:
    """Return the error for a scheduler that does not answer."""
    reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return UserError(f"No Dask scheduler answers at {address} ({reason}): check --cluster.")


def no_workers(address: str) -> UserError:
    """Return the error for a cluster without workers."""
    return UserError(f"The Dask cluster at {address} has no workers: start some, then run again.")


def bundle(directory: Path, name: str, files: Mapping[str, Path]) -> Path:
    """Write files into an archive that workers can import; its name is derived from the contents."""
    contents = {inside: path.read_bytes() for inside, path in files.items()}
    digest = hashlib.sha256(b"".join(inside.encode() + text for inside, text in contents.items())).hexdigest()[:12]
    archive = directory / f"{name}_{digest}.zip"
    with ZipFile(archive, "w") as packed:
        for inside, text in contents.items():
            packed.writestr(inside, text)
    return archive


def sources(root: Path, *packages: str) -> dict[str, Path]:
    """Return the Python files of these packages by their paths in a bundle."""
    return {
        path.relative_to(root).as_posix(): path for name in packages for path in sorted((root / name).rglob("*.py"))
    }


def uploads(archive: Path) -> list[Any]:
    """Return the plugins that put a bundle on the scheduler and on each worker, including workers that start later.

    `Client.upload_file` registers each upload under a random name. A worker that starts later repeats all uploads of
    the past concurrently, and may import the file while another upload truncates it. Register these plugins under the
    bundle's name, which is derived from its contents, so that a bundle is registered once.
    """
    plugins: Any = importlib.import_module("distributed.diagnostics.plugin")
    made = [plugins.SchedulerUploadFile(str(archive)), plugins.UploadFile(str(archive))]
    for plugin in made:
        plugin.idempotent = True
    return made
