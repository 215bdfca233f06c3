"""Exports of tables to S3, full and incremental, in DynamoDB JSON, with the objects and manifests that AWS documents.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExportTableToPointInTime.html

An export of a past moment undoes the changes that the table's stream has recorded since, so it needs a stream with old
images. The call itself writes the export; the next call shows it as COMPLETED.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import time
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Literal

import msgspec
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.s3.models import s3_backends
from msgspec import Raw, Struct

from sandbox.front.backends import backend_of
from sandbox.front.control.call import ControlCall
from sandbox.front.control.registry import answers
from sandbox.front.reply import ServiceError
from sandbox.front.tables import table_of
from sandbox.state import ACCOUNT_ID

_EXPORTS = "sandbox_table_exports"
_FULL, _INCREMENTAL = "FULL_EXPORT", "INCREMENTAL_EXPORT"
_BOTH = "NEW_AND_OLD_IMAGES"
_ITEMS_A_FILE = 100_000
_SHORTEST_S, _LONGEST_S = 15 * 60, 24 * 3600
"""An incremental export's window: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport_Requesting.html"""
_ARN = re.compile(r"(?:arn:[^:]+:dynamodb:[^:]+:[0-9]+:table/)?(?P<name>[a-zA-Z0-9_.-]{3,255})", re.ASCII)
_SMALL_PAGE, _PAGE_BYTES = 1000, 1 << 20
_encode = msgspec.json.encode


class _Images(Struct, rename="pascal"):
    keys: Raw
    new_image: Raw = Raw()
    old_image: Raw = Raw()
    approximate_creation_date_time: int = 0


class _Record(Struct):
    dynamodb: _Images


_read_record = msgspec.json.Decoder(_Record).decode


class _Window(Struct):
    """The bounds of an export, in epoch seconds: a full export has only an end."""

    start_s: float
    end_s: float


@answers("dynamodb", "ExportTableToPointInTime")
def export_table(call: ControlCall) -> Mapping[str, Any]:
    """Write a table's items, or its changes in a window, to a bucket; the table needs point-in-time recovery."""
    given, exports = call.parameters, _exports(call)
    repeated = _of_token(exports, given)
    if repeated is not None:
        return {"ExportDescription": repeated}
    table = _table(call)
    if given.get("ExportFormat", "DYNAMODB_JSON") != "DYNAMODB_JSON":
        raise ServiceError("UnknownOperationException", "The sandbox does not have exports in Amazon Ion.", 501)
    window = _window(table, given)
    kind = given.get("ExportType", _FULL)
    view = given.get("IncrementalExportSpecification", {}).get("ExportViewType", _BOTH)
    rows = _items(table, window.end_s) if kind == _FULL else _changes(table, window, view)
    described = _description(table, given, kind, window)
    exports[described["ExportArn"]] = described
    answered = {**described, "ExportStatus": "IN_PROGRESS"}
    _write(described, rows, view)
    return {"ExportDescription": {name: value for name, value in answered.items() if name not in _LATER}}


@answers("dynamodb", "DescribeExport")
def describe_export(call: ControlCall) -> Mapping[str, Any]:
    """Return the description of one export."""
    found = _exports(call).get(arn := call.parameters["ExportArn"])
    if found is None:
        raise ServiceError("ExportNotFoundException", f"Export not found: {arn}")
    return {"ExportDescription": found}


@answers("dynamodb", "ListExports")
def list_exports(call: ControlCall) -> Mapping[str, Any]:
    """List the exports, of one table if the call names one."""
    arn = call.parameters.get("TableArn")
    members = ("ExportArn", "ExportStatus", "ExportType")
    return {
        "ExportSummaries": [
            {name: described[name] for name in members}
            for described in _exports(call).values()
            if arn in (None, described["TableArn"])
        ]
    }


_LATER = frozenset({"EndTime", "ExportManifest", "ItemCount", "BilledSizeBytes", "FailureCode", "FailureMessage"})
"""The members that exist only once an export has ended."""


def _exports(call: ControlCall) -> dict[str, dict[str, Any]]:
    return vars(backend_of(dynamodb_backends, call.region)).setdefault(_EXPORTS, {})


def _of_token(exports: Mapping[str, dict[str, Any]], given: Mapping[str, Any]) -> dict[str, Any] | None:
    token = given.get("ClientToken")
    return next((found for found in exports.values() if token and found.get("ClientToken") == token), None)


def _table(call: ControlCall) -> Table:
    found = _ARN.fullmatch(str(call.parameters["TableArn"]))
    table = backend_of(dynamodb_backends, call.region).tables.get(found["name"]) if found else None
    if table is None:
        raise ServiceError("TableNotFoundException", f"Table not found: {call.parameters['TableArn']}")
    return table


def _window(table: Table, given: Mapping[str, Any]) -> _Window:
    recovery: Mapping[str, Any] = table.continuous_backups["PointInTimeRecoveryDescription"]
    if recovery["PointInTimeRecoveryStatus"] != "ENABLED":
        raise ServiceError(
            "PointInTimeRecoveryUnavailableException",
            f"Point in time recovery is not enabled for table '{table.name}'",
        )
    now_s = time.time()
    asked: Mapping[str, datetime] = given.get("IncrementalExportSpecification", {})
    if given.get("ExportType", _FULL) == _INCREMENTAL:
        if "ExportFromTime" not in asked:
            raise ServiceError("ValidationException", "Incremental exports need an ExportFromTime")
        window = _Window(_epoch_s(asked["ExportFromTime"]), _epoch_s(asked.get("ExportToTime")) or now_s)
        if not _SHORTEST_S <= window.end_s - window.start_s <= _LONGEST_S:
            raise ServiceError(
                "ValidationException",
                "The difference between ExportFromTime and ExportToTime must be between 15 minutes and 24 hours",
            )
    else:
        end_s = _epoch_s(given.get("ExportTime")) or now_s
        window = _Window(end_s, end_s)
    if window.start_s < int(recovery["EarliestRestorableDateTime"]) or window.end_s > now_s:
        raise ServiceError(
            "InvalidExportTimeException", "The specified ExportTime is outside of the point in time recovery window"
        )
    return window


def _epoch_s(moment: datetime | None) -> float:
    return 0.0 if moment is None else moment.replace(tzinfo=UTC).timestamp()


def _items(table: Table, at_s: float) -> Iterator[bytes]:
    """The lines of a full export: each item at that moment."""
    undone: dict[bytes, bytes] = {}
    for record in _records(table, at_s):
        undone.setdefault(bytes(record.keys), bytes(record.old_image))
    names = [table.hash_key_attr, *([table.range_key_attr] if table.range_key_attr else [])]
    for item in [*table_of(table).store]:
        if undone:
            attributes = item.attributes
            if _encode({name: attributes[name] for name in names}) in undone:
                continue
        yield b'{"Item":%b}' % item.image
    yield from (b'{"Item":%b}' % image for image in undone.values() if image)


def _changes(table: Table, window: _Window, view: Literal["NEW_IMAGES", "NEW_AND_OLD_IMAGES"]) -> Iterator[bytes]:
    """The lines of an incremental export: each changed item before and after the window."""
    first: dict[bytes, bytes] = {}
    last: dict[bytes, _Images] = {}
    for record in _records(table, window.start_s, window.end_s):
        first.setdefault(bytes(record.keys), bytes(record.old_image))
        last[bytes(record.keys)] = record
    for keys, record in last.items():
        micros = record.approximate_creation_date_time * 1_000_000
        parts = [b'"Metadata":{"WriteTimestampMicros":{"N":"%d"}},"Keys":%b' % (micros, keys)]
        if view == _BOTH and first[keys]:
            parts.append(b'"OldImage":' + first[keys])
        if record.new_image:
            parts.append(b'"NewImage":' + bytes(record.new_image))
        if first[keys] or record.new_image:
            yield b"{%b}" % b",".join(parts)


def _records(table: Table, start_s: float, end_s: float | None = None) -> Iterator[_Images]:
    """The changes that the table's stream recorded in a window."""
    shard: Any = table.stream_shard
    view = (table.stream_specification or {}).get("StreamViewType")
    if view != _BOTH:
        if start_s >= int(time.time()):
            return
        raise ServiceError(
            "InvalidExportTimeException",
            "The sandbox exports a past moment only of a table whose stream has new and old images",
        )
    at, end = shard.log.index_at(start_s), shard.log.end if end_s is None else shard.log.index_at(end_s)
    while at < end:
        records = shard.log.read(at, min(_SMALL_PAGE, end - at), _PAGE_BYTES)
        yield from (_read_record(record).dynamodb for record in records)
        at += len(records)


def _description(table: Table, given: Mapping[str, Any], kind: str, window: _Window) -> dict[str, Any]:
    now_s = time.time()
    export_id = f"{int(now_s * 1000):014d}-{os.urandom(4).hex()}"
    prefix = given.get("S3Prefix", "")
    folder = f"{prefix.rstrip('/') + '/' if prefix else ''}AWSDynamoDB/{export_id}"
    described: dict[str, Any] = {
        "ExportArn": f"{table.table_arn}/export/{export_id}",
        "ExportStatus": "COMPLETED",
        "StartTime": now_s,
        "EndTime": now_s,
        "ExportManifest": f"{folder}/manifest-summary.json",
        "TableArn": table.table_arn,
        "TableId": _table_id(table),
        "S3Bucket": given["S3Bucket"],
        "S3BucketOwner": given.get("S3BucketOwner", ACCOUNT_ID),
        "S3SseAlgorithm": given.get("S3SseAlgorithm", "AES256"),
        "ExportFormat": "DYNAMODB_JSON",
        "ExportType": kind,
    }
    described |= {name: given[name] for name in ("ClientToken", "S3Prefix", "S3SseKmsKeyId") if name in given}
    if kind == _FULL:
        return described | {"ExportTime": window.end_s}
    asked = given["IncrementalExportSpecification"]
    return described | {
        "IncrementalExportSpecification": {
            "ExportFromTime": window.start_s,
            "ExportToTime": window.end_s,
            "ExportViewType": asked.get("ExportViewType", _BOTH),
        }
    }


def _table_id(table: Table) -> str:
    """A table's id in the form of a UUID; a table that is recreated with the same name has a different one."""
    digest = hashlib.sha256(f"{table.table_arn} {table.created_at.isoformat()}".encode()).hexdigest()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))


def _write(described: dict[str, Any], rows: Iterable[bytes], view: str) -> None:
    """Write the export's objects and complete its description."""
    buckets = s3_backends[ACCOUNT_ID]["aws"]
    if described["S3Bucket"] not in buckets.buckets:
        described |= {
            "ExportStatus": "FAILED",
            "FailureCode": "S3NoSuchBucket",
            "FailureMessage": "The specified bucket does not exist",
        }
        del described["ExportManifest"]
        return

    def put(key: str, content: bytes) -> None:
        buckets.put_object(described["S3Bucket"], key, content)

    folder, _, _ = described["ExportManifest"].rpartition("/")
    incremental = described["ExportType"] == _INCREMENTAL
    # The data of an incremental export are outside the exports' own folders, so that tools can read several exports.
    data = f"{folder.rpartition('/')[0]}/data" if incremental else f"{folder}/data"
    put(f"{folder}/_started", b"")
    files: list[bytes] = []
    count = size = 0
    left = iter(rows)
    while lines := [*islice(left, _ITEMS_A_FILE)]:
        content = b"\n".join(lines) + b"\n"
        size += len(content)
        count += len(lines)
        key, packed = f"{data}/{os.urandom(13).hex()}.json.gz", gzip.compress(content, 1)
        put(key, packed)
        checksum = hashlib.md5(packed, usedforsecurity=False)
        files.append(
            _encode(
                {
                    "itemCount": len(lines),
                    "md5Checksum": b64encode(checksum.digest()).decode(),
                    "etag": checksum.hexdigest(),
                    "dataFileS3Key": key,
                }
            )
        )
    described |= {"ItemCount": count, "BilledSizeBytes": size}
    listed = f"{folder}/manifest-files.json"
    summary = _summary(described, listed, view)
    for name, content in ((listed, b"".join(line + b"\n" for line in files)), (described["ExportManifest"], summary)):
        put(name, content)
        put(name.removesuffix(".json") + ".checksum", b64encode(hashlib.md5(content, usedforsecurity=False).digest()))


def _summary(described: Mapping[str, Any], listed: str, view: str) -> bytes:
    summary: dict[str, Any] = {
        "version": "2020-06-30" if described["ExportType"] == _FULL else "2023-08-01",
        "exportArn": described["ExportArn"],
        "startTime": _iso(described["StartTime"]),
        "endTime": _iso(described["EndTime"]),
        "tableArn": described["TableArn"],
        "tableId": described["TableId"],
        "exportTime": _iso(described.get("ExportTime")),
        "s3Bucket": described["S3Bucket"],
        "s3Prefix": described.get("S3Prefix"),
        "s3SseAlgorithm": described["S3SseAlgorithm"],
        "s3SseKmsKeyId": described.get("S3SseKmsKeyId"),
        "manifestFilesS3Key": listed,
        "billedSizeBytes": described["BilledSizeBytes"],
        "itemCount": described["ItemCount"],
        "outputFormat": "DYNAMODB_JSON",
    }
    if described["ExportType"] == _INCREMENTAL:
        window = described["IncrementalExportSpecification"]
        del summary["exportTime"]
        summary |= {
            "exportFromTime": _iso(window["ExportFromTime"]),
            "exportToTime": _iso(window["ExportToTime"]),
            "outputView": view,
            "exportType": _INCREMENTAL,
        }
    return _encode(summary)


def _iso(moment_s: float | None) -> str | None:
    if moment_s is None:
        return None
    return datetime.fromtimestamp(moment_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
