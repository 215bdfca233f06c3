"""What the fast path writes of an event around its image and what it passes on, within its buffers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.property.transform.guarded import GuardedRows
from tests.unit.transform.fast_path_events import THING, are_written, event, is_written
from transform.events import read_change
from transform.rows import RowWriter
from transform.schema import Column, LakeTable

PLAIN_TIMES = "0 1 99999999999 100000000000 99999999999999 100000000000000 99999999999999999 1e16 1e17 2e0"
PLAIN_FORMS = (
    "1795356187.0 1795356187.000000 1.795356187E9 1.795356187e+9 17.95356187e08 1795356187e3 1795356187E0 0.1e1"
)
OTHER_TIMES = "-1 -0 1.5 1795356187.5 1.795356187e8 10e-1 1e-0 100000000000000000 253402300800000000 1e18 1e19 9e17"
OTHER_FORMS = '1e003 1e+003 1795356187.00000000 1.e5 1e 1e+ 01 +1 .5 1: 1/ "1" null true [] {} 9999999999999999999'


@pytest.mark.parametrize(
    ("times", "is_fast"),
    [(PLAIN_TIMES, True), (PLAIN_FORMS, True), (OTHER_TIMES, False), (OTHER_FORMS, False)],
    ids=["common", "common forms", "other", "other forms"],
)
def test_a_time_is_a_whole_number_of_so_many_digits(times: str, is_fast: bool) -> None:
    chosen = times.split()
    for sequence in ('"7"', '""'):
        written = are_written([event(time=time, sequence=sequence) for time in chosen])
        assert {time for time, is_fast in zip(chosen, written, strict=True) if is_fast} == (
            {*chosen} if is_fast and sequence != '""' else set()
        )


PRECISIONS = [
    ("MILLISECOND", "0 1 1000 1795356187003 253402300799999 1e12", "253402300800000 1e15 2534023008e5"),
    ("MICROSECOND", "0 1 1000000 1795356187003001 99999999999999999 2534023007999999e2", "2534023008e8 3e17"),
    ("SECOND", "", "1795356187"),
    ("MILLISECONDS", "", "1795356187003"),
    ("MILLISECON", "", "1795356187003"),
    ("", "", "1795356187"),
]


@pytest.mark.parametrize(("precision", "common", "others"), PRECISIONS)
def test_a_precision_says_the_times_unit(precision: str, common: str, others: str) -> None:
    chosen = [*common.split(), *others.split()]
    pieces = [f'{time},"ApproximateCreationDateTimePrecision":"{precision}"' for time in chosen]
    assert are_written(event(time=piece) for piece in pieces) == [time in common.split() for time in chosen]


def test_every_month_has_its_days_and_every_clock_its_seconds() -> None:
    years = (1970, 1971, 1972, 1999, 2000, 2001, 2004, 2100, 2400, 4000, 5137)
    days = [datetime(year, month, day, tzinfo=UTC) for year in years for month in range(1, 13) for day in (1, 28)]
    seconds = [int(day.timestamp()) + shift for day in days for shift in (-1, 0, 59, 60, 3599, 3600, 86399, 86400)]
    assert all(are_written(event(time=str(second)) for second in seconds if 0 <= second < 10**11))
    assert all(are_written(event(time=f"{second}e3") for second in range(10**8, 2 * 10**11, 10**8 + 86_401)))


def test_fractions_of_a_second_keep_their_zeros() -> None:
    fractions = (0, 1, 9, 10, 99, 100, 500, 999)
    assert all(are_written(event(time=str(1795356187000 + fraction)) for fraction in fractions))
    assert all(are_written(event(time=str(1795356187000000 + 1000 * fraction + fraction)) for fraction in fractions))


@pytest.mark.parametrize(
    ("sequence", "is_fast"),
    [
        *((f'"{digits}"', True) for digits in ("0", "7", "007", "9" * 39, "9" * 40)),
        *((f'"{text}"', False) for text in ("", "9" * 41, "1x", "x1", "1:", "/1", "-1", "1 ", "1.0", r"\u0031", "٣")),
        *((text, False) for text in ("7", "null", "true", "{}", '"7')),
    ],
)
def test_a_sequence_number_is_of_1_to_40_digits(sequence: str, is_fast: bool) -> None:
    assert is_written(sequence=sequence) == is_fast


PIECES = {
    '"eventID":"e-1"': ['"eventID":"e"', '"eventID":"é"', '"eventID" : " "'],
    '"eventName":"INSERT"': ['"eventName":"MODIFY"', '"eventName" : "INSERT"'],
    '"userIdentity":null': [
        '"userIdentity":{}',
        '"userIdentity":{"principalId":"dynamodb.amazonaws.com","type":"Service"}',
        '"userIdentity":{"principalId":"dynamodb.amazonaws.co"}',
        '"userIdentity":{"PrincipalId":"dynamodb.amazonaws.com","Type":"Service"}',
        '"userIdentity":{"PrincipalId":"someone"}',
        '"userIdentity":{"type":1,"principalId":""}',
        '"other":null',
    ],
    '"OldImage":null': ['"OldImage":{}', '"OldImage":{ }', '"OldImage":{"a":{}}', '"Keys":null', '"other":"é"'],
}
OTHER_PIECES = {
    '"eventID":"e-1"': ['"eventID":""', '"eventID":null', '"eventID":1', '"eventId":"e-1"', r'"eventID":"\n"'],
    '"eventName":"INSERT"': [
        *('"eventName":"insert"', '"eventName":"INSERTS"', '"eventName":"INSER"', '"eventName":""', '"eventName":null'),
        *('"eventname":"INSERT"', r'"eventName":"\u0049NSERT"'),
    ],
    '"userIdentity":null': [
        *('"userIdentity":"x"', '"userIdentity":[]', '"userIdentity":1', '"userIdentity":nul'),
        *('"userIdentity":{"principalId":null}', '"userIdentity":{"principalId":1}'),
        *('"userIdentity":{"PrincipalId":null}', '"userIdentity":{"PrincipalId":"a","principalId":"a"}'),
        r'"userIdentity":{"principalId":"\u0064"}',
    ],
    '"OldImage":null': [
        *('"OldImage":nul', '"OldImage":[]', '"OldImage":""', '"OldImage":1', '"OldImage":{"a":[]}'),
        *('"OldImage":{"a":""}', '"OldImage":{"a":{"S":"}}', '"OldImage":{"a":{}'),
    ],
    '"ApproximateCreationDateTime"': ['"approximateCreationDateTime"'],
    '"dynamodb"': ['"dynamoDB"'],
}


def test_each_piece_of_an_event_has_its_type() -> None:
    usual = event()
    for is_fast, pieces in ((True, PIECES), (False, OTHER_PIECES)):
        for piece, others in pieces.items():
            assert usual.count(piece.encode()) == 1
            for other in others:
                record = usual.replace(piece.encode(), other.encode())
                assert are_written([record, usual]) == [is_fast, True], other


def test_each_piece_of_an_event_occurs_once() -> None:
    usual = event(
        identity='{"principalId":"x"}',
        time='1795356187003,"ApproximateCreationDateTimePrecision":"MILLISECOND"',
        old='{"a":{}},"Keys":{"id":{"S":"1"}}',
    )
    assert are_written([usual]) == [True]
    pieces = [
        *('"eventID":"e-1"', '"eventName":"INSERT"', '"userIdentity":null', '"principalId":"x"', '"dynamodb":{}'),
        *('"SequenceNumber":"7"', '"ApproximateCreationDateTime":1', '"OldImage":{}', '"Keys":{}', '"NewImage":{}'),
        *('"ApproximateCreationDateTimePrecision":"MILLISECOND"', '"OldImage":null', '"Keys":null', '"NewImage":null'),
    ]
    for piece in pieces:
        name = piece.partition(":")[0].encode()
        assert usual.count(name + b":") == 1
        assert not any(are_written([usual.replace(name + b":", piece.encode() + b"," + name + b":")])), piece
    for values in ("null", "{}"):
        assert not is_written(old=f'{values},"OldImage":null')


def test_what_is_behind_an_event_or_before_it_takes_the_slow_path() -> None:
    usual = event()
    others = [usual + end for end in (b" ", b"\n", b"\0", b"}", b"{}", b"1")]
    others += [start + usual for start in (b" ", b"\n", b"\0", b"[", b"\xef\xbb\xbf")]
    others += [usual[:size] for size in range(len(usual))]
    assert not any(are_written(others))
    assert are_written([usual.replace(b'{"eventID"', b'{ "eventID"'), usual[:-1] + b" }"]) == [True, True]


@pytest.mark.parametrize("op", ["INSERT", "MODIFY", "REMOVE"])
def test_the_columns_are_read_from_the_changes_own_image_or_from_the_keys(op: str) -> None:
    images = {"Keys": "k", "OldImage": "o", "NewImage": "n"}
    for chosen in range(8):
        members = [
            f',"{name}":{{"id":{{"S":"{value}"}}}}'
            for index, (name, value) in enumerate(images.items())
            if chosen >> index & 1
        ]
        record = (
            f'{{"eventID":"e","eventName":"{op}","dynamodb":{{"ApproximateCreationDateTime":1{"".join(members)}}}}}'
        ).encode()
        own = 2 if op == "REMOVE" else 4
        assert are_written([record]) == [bool(chosen & (own | 1))]
        for name, value in images.items():
            absent = record.replace(f'"{name}":{{"id":{{"S":"{value}"}}}}'.encode(), f'"{name}":null'.encode())
            are_written([absent, record, absent])


@pytest.mark.parametrize("op", ["INSERT", "MODIFY", "REMOVE"])
@pytest.mark.parametrize("principal", ["dynamodb.amazonaws.com", "someone"])
@pytest.mark.parametrize("member", ["principalId", "PrincipalId"])
def test_each_operation_may_be_made_by_anyone(op: str, principal: str, member: str) -> None:
    record = event(identity=f'{{"{member}":"{principal}"}}', old='{"id":{"S":"2"}}')
    assert are_written([record.replace(b"INSERT", op.encode())]) == [True]


def test_nothing_is_left_of_the_record_before() -> None:
    full = event(
        identity='{"principalId":"dynamodb.amazonaws.com"}',
        time='1795356187003,"ApproximateCreationDateTimePrecision":"MILLISECOND"',
        old='{"id":{"S":"old"},"word":{"S":"old"}},"Keys":{"id":{"S":"key"}}',
        more='"word":{"S":"a"},"flag":{"BOOL":true},"map":{"M":{"inner":{"S":"b"}}},',
    )
    bare = (
        b'{"eventID":"e","eventName":"INSERT","dynamodb":{"ApproximateCreationDateTime":1,"NewImage":{"id":{"S":"1"}}}}'
    )
    keys = bare.replace(b"NewImage", b"Keys")
    null = bare.replace(b'"NewImage"', b'"OldImage":null,"Keys":null,"NewImage"')
    records = [full, full, bare, full, keys, full, null, bare, null, full, keys]
    assert are_written(records) == [True] * len(records)
    without = [bare.replace(piece, b'"a"') for piece in (b'"eventID"', b'"eventName"', b'"NewImage"')]
    without.append(bare.replace(b'"ApproximateCreationDateTime":1,', b""))
    for record in without:
        assert are_written([full, record, full, b"", bare]) == [True, False, True, False, True]


RECORDS = [
    event(),
    event().replace(b"e-1", b"e" * 300),
    event().replace(b'{"S":"1"}', b'{"S":"' + b'\\"' * 117 + b'"}'),
    event(old="{}", more='"word":{"S":"' + '\\"' * 117 + '"},"map":{"M":{"inner":{"S":"a"}}},'),
    event(
        more='"moment":{"S":"2026-11-22T14:03:07Z"},"day":{"S":"2026-11-22"},"whole":{"N":"12"},"rate":{"N":"-1.5"},'
    ),
    event(sequence=f'"{"9" * 40}"', time="1795356187003001", x='{"S":"€𝄞"}'),
    event(size="-12.5e-10", identity='{"principalId":"dynamodb.amazonaws.com"}', x=r'{"S":"\u0041\n"}'),
    event(old='{"a":{"S":"' + '"},"b":{"S":"'.join("a" * size for size in range(20)) + '"}}'),
]


@pytest.mark.parametrize("record", RECORDS, ids=range(len(RECORDS)))
def test_a_record_that_is_cut_anywhere_is_left_and_nothing_behind_it_is_read(record: bytes) -> None:
    guarded = GuardedRows(THING, len(record))
    room = guarded.room(len(record))
    for size in range(len(record)):
        assert guarded.write(record[:size], room).line is None
        assert guarded.write(record[:size] + b"\0", room).line is None
        guarded.write(record[:size] + b"\xf0", room)
        guarded.write(record[:size] + b'"', room)
        guarded.write(record[:size] + b"\\", room)
    assert guarded.write(record, room).line == RowWriter(THING).line(read_change(record), {})


@pytest.mark.parametrize("record", RECORDS, ids=range(len(RECORDS)))
def test_a_row_has_room_or_is_not_written(record: bytes) -> None:
    guarded = GuardedRows(THING, len(record))
    line = RowWriter(THING).line(read_change(record), {})
    lines = [guarded.write(record, room).line for room in range(guarded.room(len(record)) + 1)]
    needed = lines.index(line)
    assert lines == [None] * needed + [line] * (len(lines) - needed)
    assert needed >= len(line)


def test_a_row_of_many_nulls_has_room_or_is_not_written() -> None:
    columns = (*THING.columns, *(Column(f"c{index}", "int", (f"a{index}",), "") for index in range(300)))
    guarded = GuardedRows(LakeTable("thing", "thing_changes", "things", THING.partition_key, None, columns), 1000)
    lines = [guarded.write(event(), room).line for room in range(guarded.room(1000))]
    needed = lines.index(lines[-1])
    assert lines[needed:] == [lines[-1]] * (len(lines) - needed)
    assert lines[-1] is not None


def test_rows_that_are_all_escapes_have_room() -> None:
    quotes = '\\"' * 50_000
    assert is_written(more=f'"word":{{"S":"{quotes}"}},')
    assert is_written(x=f'{{"S":"{quotes}"}}', old=f'{{"a":{{"S":"{quotes}"}}}}')
    assert is_written(x='{"L":[' + ",".join(['""'] * 50_000) + "]}")
