from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.unit.transform.changes import KEY, data_of, native_event, pipe_event
from transform.events import SEQUENCE_DIGITS, Change, UnreadableError, read_change


def read(event: dict[str, Any]) -> Change:
    return read_change(data_of(event))


def refusal(event: dict[str, Any]) -> str:
    with pytest.raises(UnreadableError) as caught:
        read(event)
    assert str(caught.value) == caught.value.reason
    return caught.value.reason


@pytest.mark.parametrize(
    ("number", "text", "epoch_us"),
    [
        (1795356187, "2026-11-22 14:03:07", 1795356187000000),
        (1795356187.0, "2026-11-22 14:03:07", 1795356187000000),
        (1795356187.25, "2026-11-22 14:03:07.25", 1795356187250000),
        (1795356187.123456, "2026-11-22 14:03:07.123456", 1795356187123456),
        (0, "1970-01-01 00:00:00", 0),
        (99_999_999_999, "5138-11-16 09:46:39", 99_999_999_999_000_000),
    ],
)
def test_a_pipe_gives_seconds(number: float, text: str, epoch_us: int) -> None:
    change = read(pipe_event(ApproximateCreationDateTime=number))
    assert (change.changed_at, change.epoch_us) == (text, epoch_us)


@pytest.mark.parametrize("written", ["1.795356187E9", "1795356187000e-3", "1795356187.000000000000"])
def test_the_time_may_be_written_in_any_notation(written: str) -> None:
    data = data_of(pipe_event()).replace(b"1795356187", written.encode())
    assert read_change(data).changed_at == "2026-11-22 14:03:07"


@pytest.mark.parametrize(
    ("number", "precision", "text", "epoch_us"),
    [
        (1795356187120, "MILLISECOND", "2026-11-22 14:03:07.120", 1795356187120000),
        (1795356187003219, "MICROSECOND", "2026-11-22 14:03:07.003219", 1795356187003219),
        (1795356187000000, "MICROSECOND", "2026-11-22 14:03:07.000000", 1795356187000000),
        (1795356187120, "", "2026-11-22 14:03:07.120", 1795356187120000),
        (1795356187003219, "", "2026-11-22 14:03:07.003219", 1795356187003219),
        (1795356187003219, "NANOSECOND", "2026-11-22 14:03:07.003219", 1795356187003219),
        (100_000_000_000, "", "1973-03-03 09:46:40.000", 100_000_000_000_000),
        (100_000_000_000_000, "", "1973-03-03 09:46:40.000000", 100_000_000_000_000),
        (99_999_999_999_999, "", "5138-11-16 09:46:39.999", 99_999_999_999_999_000),
        (100_000_000_000.5, "", "1973-03-03 09:46:40.0005", 100_000_000_000_500),
        (99_999_999_990, "", "5138-11-16 09:46:30", 99_999_999_990_000_000),
        (1000, "MILLISECOND", "1970-01-01 00:00:01.000", 1_000_000),
    ],
)
def test_the_unit_of_a_native_destination_is_detected(number: float, precision: str, text: str, epoch_us: int) -> None:
    event = native_event(ApproximateCreationDateTime=number, ApproximateCreationDateTimePrecision=precision)
    change = read(event)
    assert (change.changed_at, change.epoch_us) == (text, epoch_us)


@pytest.mark.parametrize("time", ['"now"', "null", "-1", "1e400", "1e12345678901", "0.0000000001", "[1]", "true"])
def test_an_invalid_time_is_refused(time: str) -> None:
    data = data_of(pipe_event()).replace(b"1795356187", time.encode())
    with pytest.raises(UnreadableError) as caught:
        read_change(data)
    assert caught.value.reason == "time"


def test_nanoseconds_are_kept_and_counted_as_whole_microseconds() -> None:
    change = read_change(data_of(pipe_event()).replace(b"1795356187", b"1795356187.123456789"))
    assert (change.changed_at, change.epoch_us) == ("2026-11-22 14:03:07.123456789", 1795356187123456)


def test_one_text_in_two_units_is_two_times() -> None:
    seconds = read(pipe_event(ApproximateCreationDateTime=1795356187))
    assert seconds.changed_at == "2026-11-22 14:03:07"
    unit = {"ApproximateCreationDateTimePrecision": "MILLISECOND"}
    assert read(native_event(ApproximateCreationDateTime=1795356187, **unit)).changed_at == "1970-01-21 18:42:36.187"


def test_many_times_are_read_as_one_is() -> None:
    for second in range(5000):
        read(pipe_event(ApproximateCreationDateTime=second))
    assert read(pipe_event(ApproximateCreationDateTime=4999)).epoch_us == 4_999_000_000


@pytest.mark.parametrize("sequence", ["0", "111", "9" * 40])
def test_a_sequence_number_is_padded_to_40_digits_behind_its_second(sequence: str) -> None:
    assert read(pipe_event(SequenceNumber=sequence)).sequence == "0017953561870" + sequence.rjust(40, "0")


@pytest.mark.parametrize("sequence", ["9" * 41, "1a", "-1", "1.5", "٣", " 1"])
def test_a_sequence_number_that_cannot_be_ordered_is_refused(sequence: str) -> None:
    assert refusal(pipe_event(SequenceNumber=sequence)) == "sequence_number"


def test_without_a_sequence_number_the_microseconds_order_a_second() -> None:
    assert read(native_event()).sequence == "0017953561871" + "3219".rjust(40, "0")


def test_the_latest_second_and_sequence_number_keep_the_width() -> None:
    last = read(native_event(ApproximateCreationDateTime=253402300799999999))
    assert last.sequence == "2534023007991" + "999999".rjust(40, "0")
    assert len(last.sequence) == SEQUENCE_DIGITS


@pytest.mark.parametrize("op", ["INSERT", "MODIFY"])
def test_the_columns_come_from_the_new_image(op: str) -> None:
    change = read(pipe_event(op, NewImage={"new": {"S": ""}}, OldImage={"old": {"S": ""}}))
    assert change.image == '{"new": {"S": ""}}'
    assert change.after == '{"new": {"S": ""}}'
    assert change.before == '{"old": {"S": ""}}'


def test_the_columns_of_a_tombstone_come_from_the_old_image() -> None:
    change = read(pipe_event("REMOVE", OldImage={"old": {"S": ""}}))
    assert change.image == '{"old": {"S": ""}}'
    assert (change.before, change.after) == ('{"old": {"S": ""}}', None)


@pytest.mark.parametrize(("op", "image"), [("INSERT", "NewImage"), ("MODIFY", "NewImage"), ("REMOVE", "OldImage")])
def test_a_stream_without_images_still_gives_the_key(op: str, image: str) -> None:
    event = pipe_event(op)
    del event["dynamodb"][image]
    for event_ in (event, pipe_event(op, **{image: None})):
        change = read(event_)
        assert msgspec.json.decode(change.image) == KEY
        assert (change.before, change.after) == (None, None)


@pytest.mark.parametrize("image", [[], "{}", 1, True])
@pytest.mark.parametrize("which", ["NewImage", "OldImage"])
def test_an_image_that_is_no_map_is_refused(which: str, image: object) -> None:
    assert refusal(pipe_event("MODIFY", **{which: image})) == "image"


@pytest.mark.parametrize("op", ["", "insert", "UPSERT"])
def test_an_unknown_operation_is_refused(op: str) -> None:
    assert refusal(pipe_event() | {"eventName": op}) == "operation"


def test_a_change_without_identity_is_refused() -> None:
    assert refusal(pipe_event() | {"eventID": ""}) == "event_id"


@pytest.mark.parametrize("missing", ["eventID", "eventName", "dynamodb"])
def test_what_is_no_change_event_is_refused(missing: str) -> None:
    event = pipe_event()
    del event[missing]
    with pytest.raises(msgspec.ValidationError):
        read(event)


@pytest.mark.parametrize(
    ("identity", "expired"),
    [
        ({"type": "Service", "principalId": "dynamodb.amazonaws.com"}, True),
        ({"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}, True),
        ({"type": "Service", "principalId": "other.amazonaws.com"}, False),
        ({"Type": "Service", "PrincipalId": "other.amazonaws.com"}, False),
        ({}, False),
        (None, False),
    ],
)
def test_a_deletion_by_time_to_live_is_known(identity: object, expired: bool) -> None:
    """In both spellings that AWS has: API_streams_Record says principalId, API_streams_Identity PrincipalId.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Identity.html
    """
    assert read(pipe_event("REMOVE") | {"userIdentity": identity}).expired is expired
