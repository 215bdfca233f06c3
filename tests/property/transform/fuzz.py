"""Fuzzing outside of the suite: damaged events by the million, none of which may raise or break another's row.

    python -m tests.property.transform.fuzz --cases 1000000 --seed 1

It starts from the fixtures in tests/events and from seeds of its own, and damages
them: bits, bytes, numbers, quotes, cuts, repeats, splices of two. Each case goes
through the transform between two good records. Checked are the answers' ids and
order, that the good rows are what they always are, that a failed record keeps its
data, and that every row is JSON with the schema's columns, is made alike by the
fast and by the careful way, and holds the images as they came. Exit code 1 at the first case that
shows otherwise; it prints the case.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import sys
import time
from pathlib import Path

from msgspec import Raw, Struct
from msgspec.json import Decoder

from tests.property.transform.inventory import INVENTORY
from transform.batch import Record, Transform
from transform.events import Change, read_change
from transform.plain import PlainRows
from transform.rows import RowWriter
from transform.schema import TABLE, Table
from transform.settings import Settings

EVENTS = Path(__file__).parents[2] / "events"
_PER_BATCH = 20
_SNIPPETS = [
    *(
        b'"',
        b"\\",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"null",
        b"true",
        b"0",
        b"-",
        b".",
        b"E",
        b"e+9",
        b"\x00",
        b"\n",
    ),
    *(b"\xff", b"\xc3", b"\xed\xa0\x80", b"\\u0000", b"\\ud800", b"\\udc00", b"\\n", b"Infinity", b"NaN", b" ", b"1_0"),
    *(
        b'{"N":"1E999"}',
        b'{"NULL":true}',
        b'{"S":""}',
        b'{"M":{}}',
        b'{"BOOL":1}',
        b'"N":"1"',
        b"9" * 45,
        b"T24",
        b"+01:00",
    ),
]


class _Images(Struct):
    OldImage: Raw = Raw(b"null")
    NewImage: Raw = Raw(b"null")


class _Envelope(Struct):
    dynamodb: _Images


_images = Decoder(_Envelope).decode


class Fuzzer:
    """Damages seeds for one table and checks what becomes of them."""

    def __init__(self, table: Table, seeds: list[bytes], good: bytes, generator: random.Random) -> None:
        self._columns = tuple(column.name for column in table.change_log_columns)
        self._transform = Transform(table, Settings())
        self._writer = RowWriter(table)
        self._plain = PlainRows(table, self._writer.row_type)
        self._seeds = seeds
        self._random = generator
        self._good = base64.b64encode(good).decode()
        ((answer,), _) = self._transform.answer([{"recordId": "good", "data": self._good}])
        self._good_row = answer.get("data", "")

    def batch(self, size: int) -> tuple[int, int]:
        """Check so many cases; how many became rows, and how many of these by the fast way."""
        cases = [self._damaged() for _ in range(size)]
        records: list[Record] = []
        for index, case in enumerate(cases):
            records.append({"recordId": f"case-{index}", "data": base64.b64encode(case).decode()})
            records.append({"recordId": f"good-{index}", "data": self._good})
        answers, tally = self._transform.answer(records)
        assert [answer["recordId"] for answer in answers] == [record["recordId"] for record in records]
        assert all(answer.get("data") == self._good_row for answer in answers[1::2])
        fast = 0
        for case, record, answer in zip(cases, records[::2], answers[::2], strict=True):
            try:
                if answer["result"] == "ProcessingFailed":
                    assert answer.get("data") == record["data"]
                else:
                    fast += self._check(case, base64.b64decode(answer.get("data", "")))
            except BaseException:
                sys.stderr.write(f"{case!r}\n")
                raise
        return tally.ok - size, fast

    def _check(self, case: bytes, line: bytes) -> bool:
        row = json.loads(line)
        assert tuple(row) == self._columns
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1
        images = _images(case).dynamodb
        for name, image in (("before", images.OldImage), ("after", images.NewImage)):
            assert (row[name] or "null") == str(image, "utf-8")
        change: Change = read_change(case)
        assert bytes(*self._writer.lines([self._writer.careful_row(change, {})])) == line
        return self._plain.rows([change]) != [None]

    def _damaged(self) -> bytes:
        chosen = self._random
        data = bytearray(chosen.choice(self._seeds))
        for _ in range(chosen.choice((1, 1, 1, 2, 3, 8))):
            place = chosen.randrange(len(data) + 1)
            match chosen.randrange(8):
                case 0 if data:
                    data[place - 1] ^= 1 << chosen.randrange(8)
                case 1 if data:
                    data[place - 1] = chosen.randrange(256)
                case 2:
                    data[place:place] = chosen.choice(_SNIPPETS)
                case 3:
                    del data[place : place + chosen.randrange(1, 9)]
                case 4:
                    data[place:place] = data[place : place + chosen.randrange(1, 200)]
                case 5:
                    digits = [index for index in range(place, min(place + 400, len(data))) if 48 <= data[index] < 58]
                    if digits:
                        data[chosen.choice(digits)] = chosen.choice(b"0123456789.-eE+")
                case 6:
                    other = chosen.choice(self._seeds)
                    start = chosen.randrange(len(other))
                    data[place : place + 40] = other[start : start + chosen.randrange(1, 80)]
                case _:
                    del data[place:]
        return bytes(data)


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.property.transform.fuzz", description="Fuzz the transform.")
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    generator = random.Random(chosen.seed)
    seeds = [path.read_bytes().rstrip() for path in sorted(EVENTS.glob("[pn]*.json")) if ".row." not in path.name]
    fuzzers = [
        Fuzzer(TABLE, seeds, seeds[0], generator),
        Fuzzer(INVENTORY, [*_INVENTORY_SEEDS, *seeds], _INVENTORY_SEEDS[0], generator),
    ]
    done = rows = fast = 0
    started = shown = time.monotonic()
    while done < chosen.cases:
        size = min(_PER_BATCH, chosen.cases - done)
        new_rows, new_fast = fuzzers[done // _PER_BATCH % 2].batch(size)
        done, rows, fast = done + size, rows + new_rows, fast + new_fast
        if time.monotonic() - shown > 10:
            shown = time.monotonic()
            sys.stdout.write(f"{done:,} cases, {rows:,} rows, {fast:,} of them by the fast way\n")
    sys.stdout.write(
        f"{done:,} cases in {time.monotonic() - started:.0f} s, seed {chosen.seed}: none raised; "
        f"{rows:,} rows, {fast:,} of them by the fast way\n"
    )
    return 0


_INVENTORY_SEEDS = [
    json.dumps(
        {
            "eventID": "e-1",
            "eventName": op,
            "dynamodb": {
                "ApproximateCreationDateTime": 1795356187,
                "SequenceNumber": "1" * 21,
                image: {
                    "sku#warehouse": {"B": "QS8x"},
                    "moved": {"N": "1795356187003219000"},
                    "quantity": {"N": "-12.000001"},
                    "fraction": {"N": "0.25"},
                    "measures": {
                        "M": {
                            "weight": {"N": "1.25"},
                            "box": {"M": {"depth": {"N": "40"}, "is fragile": {"BOOL": True}}},
                        }
                    },
                    "counted_on": {"S": "2026-11-22"},
                    "counted at": {"S": "2026-11-22T14:03:07.5+00:00"},
                    "größe €": {"S": "XL"},
                },
            },
        },
        separators=(",", ":"),
        ensure_ascii=ascii_only,
    ).encode()
    for op, image in (("INSERT", "NewImage"), ("REMOVE", "OldImage"))
    for ascii_only in (True, False)
]


if __name__ == "__main__":
    sys.exit(main())
