"""The fuzzer's seeds, and its mutations of change events."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).parents[2] / "events"

_SNIPPETS = [
    *(b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b" ", b"\t", b"\n", b"\0", b"\x1f", b"\x7f", b"null", b"true"),
    *(b"0", b"-", b".", b"E", b"e+9", b"Infinity", b"NaN", b"1_0", b"9" * 45, b"T24", b"+01:00"),
    *(b"\x80", b"\xff", b"\xc3", b"\xc1\xbf", b"\xc2\x80", b"\xe0\x9f\xbf", b"\xe0\xa0\x80", b"\xed\x9f\xbf"),
    *(b"\xed\xa0\x80", b"\xf0\x8f\xbf\xbf", b"\xf0\x90\x80\x80", b"\xf4\x8f\xbf\xbf", b"\xf4\x90\x80\x80", b"\xe2\x82"),
    *(b"\\u0000", b"\\u0041", b"\\u2028", b"\\ud800", b"\\udc00", b"\\ud834\\udd1e", b"\\n", b"\\/", b'\\"', b"\\x"),
    *(b'{"N":"1E999"}', b'{"NULL":true}', b'{"S":""}', b'{"M":{}}', b'{"BOOL":1}', b'"N":"1"', b"{}"),
]
# Whole values, at the limits of their types.
_VALUES = [
    *(b"null", b"true", b"false", b"0", b"-1", b"1.0", b"1E5", b"{}", b"[]", b'""', b'"\\""', b'"/"', b'"\x7f"'),
    *(b'"INSERT"', b'"MODIFY"', b'"REMOVE"', b'"MILLISECOND"', b'"MICROSECOND"', b'"dynamodb.amazonaws.com"'),
    *(b'"S"', b'"N"', b'"B"', b'"M"', b'"BOOL"', b'"NULL"', b'"Keys"', b'"OldImage"', b'"NewImage"'),
    *(b'"0"', b'"-0"', b'"007"', b'"0.5"', b'"-0.25"', b'".5"', b'"5."', b'"1e5"', b'"1.50"', b'"12.345"'),
    *(b'"%s"' % (b"9" * digits) for digits in (9, 10, 16, 17, 18, 19, 32, 33, 38, 39, 40, 41)),
    *(b'"0.%s"' % (b"1" * digits) for digits in (2, 3, 4, 5, 6, 7, 20, 21)),
    *(b'"%s-01-01"' % year for year in (b"0000", b"0001", b"9999", b"10000")),
    *(b'"%s"' % day for day in (b"2024-02-29", b"2023-02-29", b"1900-02-29", b"2000-02-29", b"2026-04-31")),
    *(b'"2026-11-22T%sZ"' % time for time in (b"00:00:00", b"23:59:59", b"24:00:00", b"23:60:00", b"14:03", b"1:2:3")),
    *(b'"2026-11-22T14:03:07%s"' % rest for rest in (b"", b"z", b"+00:00", b"-00:00", b"+02:00", b".Z", b".5Z")),
    *(b'"2026-11-22T14:03:07.%sZ"' % (b"1" * digits) for digits in (8, 9, 10)),
    *(b"1795356187.0", b"1.795356187E9", b"17953561870e-1", b"1795356187e+3", b"1e0000000001", b"0.0", b"0e9", b"1e17"),
    *(b"%d" % moment for moment in (10**11 - 1, 10**11, 10**14 - 1, 10**14, 253402300799, 253402300800)),
    *(b"%d" % moment for moment in (253402300799999999, 253402300800000000, 10**16, 10**17, 10**18, 2**63, 2**64)),
]
_VALUE = re.compile(rb'(?<=[:,\[{ ])(?:"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null)')


def order_seeds() -> list[bytes]:
    """Events of orders: the fixtures in tests/events, and one at each limit of the fast path."""
    seeds = [path.read_bytes().rstrip() for path in sorted(EVENTS.glob("[pn]*.json")) if ".row." not in path.name]
    order = {"order_id": {"S": "o-1"}, "status": {"S": "paid"}, "shipping_address": {"M": {"city": {"S": "Köln"}}}}
    many = {f"a{index}": {"S": ""} for index in range(512 - len(order))}
    deep: Any = ""
    for _ in range(47):
        deep = {"M": [deep]}
    items = [order | {"gift": {"BOOL": True}, "note": {"S": '"\\' * 40}}, order | many, order | {"deep": deep}]
    return [*seeds, *(_event("INSERT", "NewImage", item) for item in items)]


def movement_seeds() -> list[bytes]:
    """Events of the second table, with every type that a column can have."""
    measures = {
        "weight": {"N": "1.25"},
        "box": {"M": {"depth": {"N": "40"}, "is fragile": {"BOOL": True}}},
    }
    movement = {
        "sku#warehouse": {"B": "QS8x"},
        "moved": {"N": "179535618700321900"},
        "quantity": {"N": "-12.000001"},
        "fraction": {"NULL": True},
        "measures": {"M": measures},
        "counted_on": {"S": "2026-11-22"},
        "counted at": {"S": "2026-11-22T14:03:07.5+00:00"},
        "größe €": {"S": "XL"},
    }
    items = [movement, movement | {"fraction": {"N": "0.25"}}]
    kinds = [("INSERT", "NewImage"), ("REMOVE", "OldImage")]
    return [_event(op, image, item, ascii_only=text) for item in items for op, image in kinds for text in (False, True)]


def _event(op: str, image: str, item: dict[str, Any], *, ascii_only: bool = False) -> bytes:
    change = {"ApproximateCreationDateTime": 1795356187, "SequenceNumber": "1" * 21, image: item}
    event = {"eventID": "e-1", "eventName": op, "dynamodb": change}
    return json.dumps(event, separators=(",", ":"), ensure_ascii=ascii_only).encode()


class Damage:
    """Changes seeds: bits, bytes, numbers, whole values, cuts, repeats, splices of two."""

    def __init__(self, seeds: list[bytes], generator: random.Random) -> None:
        self._seeds = seeds
        self._random = generator
        values = {*_VALUES, *(value for seed in seeds for value in _VALUE.findall(seed))}
        self._texts = sorted(value for value in values if value.startswith(b'"'))
        self._others = sorted(value for value in values if not value.startswith(b'"'))

    def case(self) -> bytes:
        """A seed with one change or a few."""
        data = bytearray(self._random.choice(self._seeds))
        for _ in range(self._random.choice((1, 1, 1, 1, 2, 2, 3, 8))):
            self._change(data, self._random.randrange(len(data) + 1))
        return bytes(data)

    def _change(self, data: bytearray, place: int) -> None:
        chosen = self._random
        match chosen.randrange(14):
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
            case 7:
                del data[place:]
            case _:
                self._change_value(data, place)

    def _change_value(self, data: bytearray, place: int) -> None:
        """Replace the next value, or put something into it."""
        value = _VALUE.search(data, place)
        if value is None:
            return
        if self._random.randrange(3):
            is_text = value[0].startswith(b'"') == (self._random.random() < 0.9)
            data[value.start() : value.end()] = self._random.choice(self._texts if is_text else self._others)
        else:
            inside = self._random.randrange(value.start(), value.end())
            data[inside:inside] = self._random.choice(_SNIPPETS)
