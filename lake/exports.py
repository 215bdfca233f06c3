"""A table's items in S3, in the form of a DynamoDB export: exported by DynamoDB, or written by a parallel Scan.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

import msgspec
from msgspec import Raw, Struct

from lake.clients import error_code, error_message
from lake.objects import S3Client
from stack import UserError

_POLL_S = (0.2, 15.0)

Kind = Literal["full", "incremental"]


class ExportClient(Protocol):
    """The methods of boto3's DynamoDB client that exports."""

    def export_table_to_point_in_time(self, **request: object) -> dict[str, Any]:
        """Begin an export."""
        ...

    def describe_continuous_backups(self, **request: object) -> dict[str, Any]:
        """Describe a table's point-in-time recovery."""
        ...

    def describe_export(self, **request: object) -> dict[str, Any]:
        """Describe an export."""
        ...


class ExportedFile(Struct, frozen=True):
    """A file of an export: its s3:// location, and its number of lines."""

    location: str
    items: int


class Export(Struct, frozen=True):
    """A complete export. `moment` is the time of its state; for an incremental one, the end of its period."""

    id: str
    kind: Kind
    moment: datetime
    table_arn: str
    bytes: int
    files: tuple[ExportedFile, ...]

    @property
    def items(self) -> int:
        """The number of its lines."""
        return sum(file.items for file in self.files)


class _Listed(Struct, rename={"key": "dataFileS3Key", "items": "itemCount"}):
    key: str
    items: int


class _Summary(Struct, rename={"files": "manifestFilesS3Key"}):
    files: str


def check_recovery(client: ExportClient, table_name: str) -> None:
    """Raise UserError when a table has no point-in-time recovery, which DynamoDB's exports require."""
    described = client.describe_continuous_backups(TableName=table_name)["ContinuousBackupsDescription"]
    if described.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") != "ENABLED":
        raise UserError(
            "DynamoDB exports only tables with point-in-time recovery: set pointInTimeRecovery in the stack's "
            "configuration, or use --scan for a small table."
        )


def begin(client: ExportClient, table_arn: str, bucket: str, prefix: str, token: str) -> str:
    """Start a full export of the current state and return its ARN. The same token starts it once."""
    begun = client.export_table_to_point_in_time(
        TableArn=table_arn, S3Bucket=bucket, S3Prefix=prefix, ClientToken=token, ExportFormat="DYNAMODB_JSON"
    )
    return begun["ExportDescription"]["ExportArn"]


def completed(
    client: ExportClient,
    s3: S3Client,
    arn: str,
    *,
    wait: bool,
    watch: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Export:
    """Return an export that has ended; with `wait`, wait for its end.

    Raises: UserError: there is no such export, or it is incomplete, failed or not in DynamoDB JSON.
    """
    poll_s = _POLL_S[0]
    while (described := _described(client, arn))["ExportStatus"] == "IN_PROGRESS":
        if not wait:
            raise UserError(f"The export {arn} is still in progress: run again when it is complete.")
        watch("waiting for DynamoDB's export")
        sleep(poll_s)
        poll_s = min(poll_s * 1.5, _POLL_S[1])
    if described["ExportStatus"] != "COMPLETED":
        reason = described.get("FailureMessage", "no reason is given").rstrip(".")
        raise UserError(f"The export {arn} has failed ({reason}): begin another one.")
    if described["ExportFormat"] != "DYNAMODB_JSON":
        raise UserError(
            f"The export {arn} is in Amazon Ion, which does not tell DynamoDB's types apart as the log's images do: "
            "export in DynamoDB JSON."
        )
    window = described.get("IncrementalExportSpecification")
    moment: datetime = described["ExportTime"] if window is None else window["ExportToTime"]
    return Export(
        id=arn.rpartition("/")[2],
        kind="full" if window is None else "incremental",
        moment=moment.astimezone(UTC),
        table_arn=described["TableArn"],
        bytes=described.get("BilledSizeBytes", 0),
        files=_files(s3, described["S3Bucket"], described["ExportManifest"]),
    )


def _described(client: ExportClient, arn: str) -> dict[str, Any]:
    no_export = f"There is no export {arn!r}: `aws dynamodb list-exports` lists them."
    if not (arn.startswith("arn:") and "/export/" in arn):
        raise UserError(no_export)
    try:
        return client.describe_export(ExportArn=arn)["ExportDescription"]
    except Exception as error:
        if error_code(error) not in ("ExportNotFoundException", "ValidationException"):
            raise
        raise UserError(no_export) from error


def _files(s3: S3Client, bucket: str, manifest: str) -> tuple[ExportedFile, ...]:
    def read(key: str) -> bytes:
        try:
            return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except Exception as error:
            if error_code(error) not in ("NoSuchKey", "NoSuchBucket"):
                raise
            raise UserError(
                f"The export's manifest s3://{bucket}/{key} is gone ({error_message(error)}): export again."
            ) from error

    summary = msgspec.json.decode(read(manifest), type=_Summary)
    listed = (msgspec.json.decode(line, type=_Listed) for line in read(summary.files).splitlines() if line)
    return tuple(ExportedFile(f"s3://{bucket}/{each.key}", each.items) for each in listed if each.items)


class ScannedItems:
    """Writes a Scan's items under a prefix in an export's format, in files of a fixed number of items."""

    def __init__(self, s3: S3Client, bucket: str, prefix: str, file_items: int) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._prefix = prefix
        self._file_items = file_items

    def write(
        self, pages: Iterator[list[Raw]], watch: Callable[[int], None] = lambda _: None
    ) -> tuple[int, tuple[ExportedFile, ...]]:
        """Write all items; return the bytes before compression, and the files."""
        files: list[ExportedFile] = []
        lines: list[bytes] = []
        size = count = 0
        for page in pages:
            lines += [b'{"Item":%b}\n' % item for item in page]
            count += len(page)
            watch(count)
            while len(lines) >= self._file_items:
                size += self._put(lines[: self._file_items], files)
                del lines[: self._file_items]
        if lines:
            size += self._put(lines, files)
        return size, tuple(files)

    def _put(self, lines: list[bytes], files: list[ExportedFile]) -> int:
        content = b"".join(lines)
        key = f"{self._prefix}{len(files):05d}.json.gz"
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=gzip.compress(content, 1))
        files.append(ExportedFile(f"s3://{self._bucket}/{key}", len(lines)))
        return len(content)
