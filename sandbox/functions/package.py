"""A function's files: its unpacked zip, and the modules of AWS's Python runtime."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import io
import shutil
import tempfile
import zipfile
from pathlib import Path
from urllib.parse import quote

from sandbox.awsjson import HttpClient
from sandbox.functions.config import FunctionConfig

RUNTIME_MODULES = (
    # the runtime client and what it needs
    "awslambdaric",
    "runtime_client",
    "simplejson",
    "snapshot_restore_py",
    # the SDK, which AWS's Python runtimes contain
    "boto3",
    "botocore",
    "dateutil",
    "jmespath",
    "s3transfer",
    "six",
    "urllib3",
)


class PackageError(Exception):
    """A function whose code cannot be fetched or unpacked; its text is the reason."""


def unpack(config: FunctionConfig, endpoint_url: str, directory: Path) -> Path:
    """Return the directory of the function's files, fetched and unpacked if needed.

    Code unpacked for earlier versions of the function is removed.

    Raises:
        PackageError: the code is missing, is not a zip, or does not match the configuration.
        CallError: the endpoint does not respond.
    """
    target = directory / config.name / hashlib.sha256(config.code_sha256.encode()).hexdigest()[:32]
    if target.is_dir():
        return target
    code = _fetch(config, endpoint_url)
    target.parent.mkdir(parents=True, exist_ok=True)
    earlier = [path for path in target.parent.iterdir() if path != target]
    fresh = Path(tempfile.mkdtemp(dir=target.parent, prefix=".unpack-"))
    try:
        with zipfile.ZipFile(io.BytesIO(code)) as archive:
            archive.extractall(fresh)
    except zipfile.BadZipFile as error:
        shutil.rmtree(fresh)
        raise PackageError(f"the code of function {config.name} is not a zip: {error}") from error
    fresh.chmod(0o755)
    fresh.rename(target)
    for path in earlier:
        shutil.rmtree(path, ignore_errors=True)
    return target


def _fetch(config: FunctionConfig, endpoint_url: str) -> bytes:
    http = HttpClient(endpoint_url)
    try:
        response = http.request("GET", f"/_sandbox/functions/{quote(config.name)}/code")
    finally:
        http.close()
    if response.status != 200:
        raise PackageError(f"the code of function {config.name} cannot be fetched: HTTP {response.status}")
    digest = base64.b64encode(hashlib.sha256(response.body).digest()).decode()
    if digest != config.code_sha256:
        raise PackageError(f"the code of function {config.name} does not match its configuration")
    return response.body


def runtime_modules(directory: Path) -> Path:
    """Return a directory with only the runtime's modules of this machine's packages."""
    target = directory / ".runtime"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name in RUNTIME_MODULES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise PackageError(f"the module {name} of the Lambda runtime is not installed")
        source = Path(spec.origin)
        if source.name == "__init__.py":
            source = source.parent
        (target / source.name).symlink_to(source)
    return target
