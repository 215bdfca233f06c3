"""Rebuilds the change of a row that Firehose could not convert to the catalogue's columns.

Such a row has passed the transform: it has the change's identity, its sequence and both original images. From these the
change event is rebuilt, which the transform turns into the same row, or into a correct one after a fix.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from transform.schema import LakeTable

_SECONDS = 12
_STREAM = "0"
_MICROSECONDS = 1_000_000


class _Row(Struct, frozen=True):
    event_id: str
    op: str
    sequence: str
    before: str | None = None
    after: str | None = None


def change_of(row: bytes, table: LakeTable) -> bytes:
    """Return the change event of a row, with the row's event_id, sequence and images.

    The digits of `sequence` are those of `transform.events`: the second, the capture, and its number within the second.
    Raises: msgspec.MsgspecError, KeyError, ValueError: the text is not such a row.
    """
    fields = msgspec.json.decode(row, type=_Row)
    images = {
        name: msgspec.json.decode(text, type=dict[str, Raw])
        for name, text in (("OldImage", fields.before), ("NewImage", fields.after))
        if text is not None
    }
    image = images.get("NewImage") or images["OldImage"]
    seconds, number = int(fields.sequence[:_SECONDS]), fields.sequence[_SECONDS + 1 :].lstrip("0") or "0"
    record: dict[str, object] = {"Keys": {key.name: image[key.name] for key in table.keys}, **images}
    if fields.sequence[_SECONDS] == _STREAM:
        record |= {"ApproximateCreationDateTime": seconds, "SequenceNumber": number}
    else:
        record |= {
            "ApproximateCreationDateTime": seconds * _MICROSECONDS + int(number),
            "ApproximateCreationDateTimePrecision": "MICROSECOND",
        }
    return msgspec.json.encode({"eventID": fields.event_id, "eventName": fields.op, "dynamodb": record})
