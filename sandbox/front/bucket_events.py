"""Events of a bucket's objects, published to EventBridge's default bus in S3's form.

moto's own event is published to every bus; its sequencer, request and requester are constants, its reason is the
event's name, and it has names that S3 does not use (eTag). moto also stops silently at the first rule whose target
fails.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from __future__ import annotations

import logging
import secrets
import time
import uuid
from collections.abc import Mapping
from typing import Any

from moto.events.models import events_backends
from moto.s3.models import FakeBucket
from moto.s3.notifications import S3NotificationEvent as Happened

_DEFAULT_BUS = "default"
_log = logging.getLogger(__name__)

_CREATED, _DELETED = "Object Created", "Object Deleted"
_KINDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    Happened.OBJECT_CREATED_PUT_EVENT: (_CREATED, {"reason": "PutObject"}),
    Happened.OBJECT_CREATED_POST_EVENT: (_CREATED, {"reason": "POST Object"}),
    Happened.OBJECT_CREATED_COPY_EVENT: (_CREATED, {"reason": "CopyObject"}),
    Happened.OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD_EVENT: (_CREATED, {"reason": "CompleteMultipartUpload"}),
    Happened.OBJECT_REMOVED_DELETE_EVENT: (
        _DELETED,
        {"reason": "DeleteObject", "deletion-type": "Permanently Deleted"},
    ),
    Happened.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT: (
        _DELETED,
        {"reason": "DeleteObject", "deletion-type": "Delete Marker Created"},
    ),
    Happened.OBJECT_RESTORE_POST_EVENT: ("Object Restore Initiated", {}),
    Happened.OBJECT_RESTORE_COMPLETED_EVENT: ("Object Restore Completed", {}),
    Happened.OBJECT_ACL_UPDATE_EVENT: ("Object ACL Updated", {}),
    Happened.OBJECT_TAGGING_PUT_EVENT: ("Object Tags Added", {}),
    Happened.OBJECT_TAGGING_DELETE_EVENT: ("Object Tags Deleted", {}),
}
"""By moto's name of an event: its detail type, and the members that only its detail has."""


def publish_to_default_bus(account_id: str, bucket: FakeBucket, event_name: str, key: Any) -> None:
    """Send the event to each enabled rule of the default bus in the bucket's region.

    As on AWS, the writer of the object receives no error of a failing target; it is logged.
    """
    event: Any = _event(account_id, bucket, event_name, key)
    buses: Mapping[str, Any] = events_backends[account_id][bucket.region_name].event_buses
    for rule in buses[_DEFAULT_BUS].rules.values():
        if rule.state != "ENABLED":
            continue
        try:
            rule.send_to_targets(event)
        except Exception:
            _log.exception("the rule %s could not receive %s %s", rule.name, event["detail-type"], key.name)


def _event(account_id: str, bucket: FakeBucket, event_name: str, key: Any) -> dict[str, Any]:
    detail_type, special = _KINDS[event_name]
    object_: dict[str, Any] = {"key": key.name}
    if detail_type != _DELETED:
        object_ |= {"size": key.size, "etag": key.etag.strip('"')}
    if bucket.is_versioned:
        object_["version-id"] = key.version_id
    # The text increases with each event of a key.
    object_["sequencer"] = f"{time.time_ns():018X}"
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": "aws.s3",
        "account": account_id,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "region": bucket.region_name,
        "resources": [bucket.arn],
        "detail": {
            "version": "0",
            "bucket": {"name": bucket.name},
            "object": object_,
            "request-id": secrets.token_hex(8).upper(),
            "requester": account_id,
            "source-ip-address": "127.0.0.1",
            **special,
        },
    }
