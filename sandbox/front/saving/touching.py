"""The marking of what a call may have changed in place, according to its parameters."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote

from moto.s3.models import FakeBucket, s3_backends

from sandbox.front.control.call import ControlCall
from sandbox.front.reply import Request
from sandbox.front.saving import messages, objects
from sandbox.front.saving.objects import KeyStore, Uploads


def touch_object(request: Request) -> None:
    """Mark the object, or the upload, of a request to S3 as changed."""
    name, _, key = unquote(request.path).lstrip("/").partition("/")
    host = dict(request.headers).get("host", "").partition(".")[0]
    bucket = _bucket(host)
    if bucket is not None:
        key = unquote(request.path)[1:]
    else:
        bucket = _bucket(name)
    if bucket is None:
        return
    if isinstance(bucket.keys, KeyStore) and key in bucket.keys:
        objects.changed(bucket.keys, key)
    for upload in parse_qs(request.query).get("uploadId", ()):
        if isinstance(bucket.multiparts, Uploads) and upload in bucket.multiparts:
            objects.changed(bucket.multiparts, upload)


def touch_queue(call: ControlCall) -> None:
    """Mark the messages of the queue of a call to SQS as changed."""
    try:
        url = str(call.parameters.get("QueueUrl", ""))
    except ValueError:
        url = ""
    messages.touch_named((url or call.request.path).rstrip("/").rpartition("/")[2])


def _bucket(name: str) -> FakeBucket | None:
    owner = s3_backends.bucket_accounts.get(name)
    if owner is None:
        return None
    partition, account_id = owner
    buckets: dict[str, FakeBucket] = s3_backends[account_id][partition].buckets
    return buckets.get(name)
