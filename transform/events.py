"""A change event: the parsed bytes of one Kinesis record.

Two forms arrive, distinguished by their members:

- from an EventBridge pipe, a DynamoDB Streams record: ApproximateCreationDateTime
  in epoch seconds, and a SequenceNumber
  (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-dynamodb.html);
- from a table's native Kinesis destination: ApproximateCreationDateTime in milli- or
  microseconds, in the unit of ApproximateCreationDateTimePrecision, and no SequenceNumber
  (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds.html).

Without a unit (older native records) the magnitude of the number decides: from 1973 to 5138 the ranges of the units do
not overlap.

**The sequence** orders the changes to a key, also across a change of captureMode, which mixes both forms in one log. It
is text of 53 digits:

| digits | what |
|---|---|
| 12 | whole seconds since 1970, which both forms have, so they can be ordered together |
| 1 | 0 for a record with a SequenceNumber, 1 for a native one |
| 40 | the SequenceNumber; of a native record the microseconds within the second |

AWS orders a table's stream by SequenceNumber and rounds the time down to the second
(https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html); a native record has only
its time for the order (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds.html). Within one second
the native record is the later one: a native destination receives every change from its start, so in the second of a
switch from a Pipe, the Pipe's last changes are older than the native ones, or equal. In the second of a switch from a
native destination to a Pipe there is a race: for a key that is written before and after the switch within that second,
the view shows the earlier write until the key's next write. No record has the true order.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from msgspec import Raw, Struct
from msgspec.json import Decoder

from transform.values import UnfitError, number

OPERATIONS: Final = ("INSERT", "MODIFY", "REMOVE")

_SECONDS_DIGITS: Final = 12
"""The last second of the year 9999, the maximum of a row's time, has 12 digits."""

_SEQUENCE_NUMBER_DIGITS: Final = 40
"""A DynamoDB Streams SequenceNumber has at most 40 digits (API_streams_StreamRecord)."""

SEQUENCE_DIGITS: Final = _SECONDS_DIGITS + 1 + _SEQUENCE_NUMBER_DIGITS
_OF_STREAM, _OF_TABLE = "0", "1"

_UNIT_EXPONENTS = {"MILLISECOND": -3, "MICROSECOND": -6}
# The smallest number of each unit: 5138-11-16 in the previous unit, 1973-03-03 in its own.
_MILLISECONDS_FROM = 10**11
_MICROSECONDS_FROM = 10**14
_EPOCH = datetime(1970, 1, 1)
_NANOSECOND_DIGITS = 9
_MAX_MOMENTS = 4096
# The principal that deletes items when DynamoDB's time to live expires.
_EXPIRY = "dynamodb.amazonaws.com"


class UnreadableError(ValueError):
    """The record is not a change event that can be written as a row; `reason` is a counter's name."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


_EVENT_NAMES = {"event_id": "eventID", "event_name": "eventName", "user_identity": "userIdentity"}


class _Identity(Struct, frozen=True, gc=False, rename={"in_event": "principalId", "in_api": "PrincipalId"}):
    """The identity that made a change, in the spelling of events (API_streams_Record) or of the API
    (API_streams_Identity).
    """

    in_event: str = ""
    in_api: str = ""


class _StreamRecord(Struct, frozen=True, gc=False, rename="pascal"):
    approximate_creation_date_time: Raw
    approximate_creation_date_time_precision: str = ""
    keys: Raw = Raw()
    new_image: Raw = Raw()
    old_image: Raw = Raw()
    sequence_number: str = ""


class _Event(Struct, frozen=True, gc=False, rename=_EVENT_NAMES):
    event_id: str
    event_name: str
    dynamodb: _StreamRecord
    user_identity: _Identity | None = None


class Change(Struct, frozen=True, gc=False):
    """One change of one item.

    `image` is the item's JSON from which the typed columns are read: the new image, the old one for a REMOVE, or only
    the keys when the stream has no images. `epoch_us` is the time of the change in whole microseconds since 1970.
    `expired` means that DynamoDB's time to live deleted the item.
    """

    event_id: str
    op: str
    sequence: str
    changed_at: str
    epoch_us: int
    before: str | None
    after: str | None
    image: str
    expired: bool


_decode = Decoder(_Event).decode


def read_change(data: bytes) -> Change:
    """Parse a record's bytes; raises ValueError or RecursionError when they are not a change event."""
    event = _decode(data)
    record = event.dynamodb
    old, new = record.old_image, record.new_image
    before = str(old, "utf-8") if old else None
    if before and before[0] != "{":
        before = _no_image(before)
    after = str(new, "utf-8") if new else None
    if after and after[0] != "{":
        after = _no_image(after)
    op = event.event_name
    if op not in OPERATIONS:
        raise UnreadableError("operation")
    if not event.event_id:
        raise UnreadableError("event_id")
    changed_at, epoch_us = _moments[
        bytes(record.approximate_creation_date_time), record.approximate_creation_date_time_precision
    ]
    sequence = _sequence(record.sequence_number, epoch_us)
    identity = event.user_identity
    return Change(
        event.event_id,
        op,
        sequence,
        changed_at,
        epoch_us,
        before,
        after,
        (before if op == "REMOVE" else after) or str(record.keys, "utf-8"),
        identity is not None and _EXPIRY in (identity.in_event, identity.in_api),
    )


def _sequence(sequence_number: str, epoch_us: int) -> str:
    """Return the change's `sequence`, as the module's docstring specifies."""
    seconds, microseconds = divmod(epoch_us, 1_000_000)
    if sequence_number and (not sequence_number.encode().isdigit() or len(sequence_number) > _SEQUENCE_NUMBER_DIGITS):
        raise UnreadableError("sequence_number")
    capture, within = (_OF_STREAM, sequence_number) if sequence_number else (_OF_TABLE, str(microseconds))
    return str(seconds).zfill(_SECONDS_DIGITS) + capture + within.zfill(_SEQUENCE_NUMBER_DIGITS)


def _no_image(text: str) -> None:
    """Raise UnreadableError for an image that is neither an object nor null (no image)."""
    if text != "null":
        raise UnreadableError("image")


class _Moments(dict[tuple[bytes, str], tuple[str, int]]):
    """Parse a change's time from the number's text and precision; return the row's text and whole microseconds.

    The changes of a batch from a pipe share a few seconds, so results are cached.
    """

    def __missing__(self, key: tuple[bytes, str]) -> tuple[str, int]:
        if len(self) >= _MAX_MOMENTS:
            self.clear()
        text, precision = key
        moment = self[key] = _read_moment(str(text, "utf-8"), precision)
        return moment


_moments = _Moments()


def _read_moment(text: str, precision: str) -> tuple[str, int]:
    try:
        digits, exponent = number(text)
        unit = _UNIT_EXPONENTS.get(precision) or _likely_unit(digits, exponent)
        return _utc(digits, exponent + unit, -unit)
    except (UnfitError, OverflowError):
        raise UnreadableError("time") from None


def _likely_unit(digits: int, exponent: int) -> int:
    whole = digits * 10**exponent if exponent >= 0 else digits // 10**-exponent
    return 0 if whole < _MILLISECONDS_FROM else -3 if whole < _MICROSECONDS_FROM else -6


def _utc(digits: int, exponent: int, fraction_digits: int) -> tuple[str, int]:
    """Format the time digits * 10**exponent, in seconds since 1970, with at least that many fractional digits."""
    if exponent >= 0:
        seconds, fraction = digits * 10**exponent, ""
    else:
        seconds, rest = divmod(digits, 10**-exponent)
        fraction = str(rest).zfill(-exponent)
    if seconds < 0 or len(fraction) > _NANOSECOND_DIGITS:
        raise UnreadableError("time")
    text = (_EPOCH + timedelta(seconds=seconds)).isoformat(" ")
    fraction = fraction.ljust(fraction_digits, "0")
    if not fraction:
        return text, seconds * 1_000_000
    return f"{text}.{fraction}", seconds * 1_000_000 + int(fraction[:6].ljust(6, "0"))
