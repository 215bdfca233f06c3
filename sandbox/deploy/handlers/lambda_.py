"""Lambda functions."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pulumi

from sandbox.deploy.registry import Created, New, handles
from sandbox.errors import SandboxError

_EPOCH = (1980, 1, 1, 0, 0, 0)


@handles("aws:lambda/function:Function")
def function(new: New) -> Created:
    """Create a function from an archive on this machine or from an object in S3."""
    inputs = new.inputs
    name = new.physical_name()
    code = inputs.take("code")
    where = {"S3Bucket": "s3Bucket", "S3Key": "s3Key", "S3ObjectVersion": "s3ObjectVersion"}
    source: dict[str, Any] = {member: text for member, key in where.items() if (text := inputs.text(key))}
    if code is not None:
        source = {"ZipFile": zip_of(code)}
    concurrency = inputs.integer("reservedConcurrentExecutions")
    created = new.create("lambda", "create_function", FunctionName=name, Code=source)
    if concurrency is not None and concurrency >= 0:
        new.call(
            "lambda",
            "put_function_concurrency",
            FunctionName=name,
            ReservedConcurrentExecutions=concurrency,
        )
    arn = created["FunctionArn"].removesuffix(f":{created['Version']}")
    invoke = f"arn:{new.aws.partition}:apigateway:{new.aws.region}:lambda:path/2015-03-31/functions/{{}}/invocations"
    return Created(
        name,
        {
            "name": name,
            "arn": arn,
            "qualifiedArn": f"{arn}:{created['Version']}",
            "version": created["Version"],
            "invokeArn": invoke.format(arn),
            "qualifiedInvokeArn": invoke.format(f"{arn}:{created['Version']}"),
            "codeSha256": created["CodeSha256"],
            "lastModified": created["LastModified"],
            "sourceCodeSize": created["CodeSize"],
        },
    )


def zip_of(code: object) -> bytes:
    """The zip of the program's archive: an existing zip, or a new one from a directory or a map of assets.

    Raises:
        SandboxError: the archive or an asset is remote.
    """
    match code:
        case pulumi.FileArchive() if Path(code.path).is_file():
            return Path(code.path).read_bytes()
        case pulumi.FileArchive() | pulumi.AssetArchive():
            return _zipped(dict(sorted(_files(code, "").items())))
        case _:
            raise SandboxError(f"code is a {type(code).__name__}, and the sandbox supports local archives only")


def _files(code: object, name: str) -> dict[str, bytes]:
    match code:
        case pulumi.AssetArchive():
            files: dict[str, bytes] = {}
            for part, inner in code.assets.items():
                files |= _files(inner, f"{name}/{part}" if name else part)
            return files
        case pulumi.FileArchive():
            root = Path(code.path)
            if not root.is_dir():
                raise SandboxError(f"code names {code.path}, which is not a directory on this machine: build it first")
            prefix = f"{name}/" if name else ""
            return {
                prefix + path.relative_to(root).as_posix(): path.read_bytes()
                for path in root.rglob("*")
                if path.is_file()
            }
        case pulumi.FileAsset():
            return {name: Path(str(code.path)).read_bytes()}
        case pulumi.StringAsset():
            return {name: code.text.encode()}
        case _:
            raise SandboxError(f"code contains a {type(code).__name__}, and the sandbox supports local files only")


def _zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
