"""Items of every DynamoDB type, change events of both shapes, and batches, generated."""

from __future__ import annotations

import base64
import json
from datetime import UTC, timedelta, timezone
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from hypothesis import strategies as st

from transform.schema import Column, LakeTable

Attribute = dict[str, Any]

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
"""Any string that UTF-8 can hold, control characters, quotes and backslashes among them."""

NUMBERS = st.one_of(
    st.integers(-(10**38) + 1, 10**38 - 1).map(str),
    st.decimals(-(10**20), 10**20, places=2).map(lambda number: f"{number:f}"),
    st.builds(
        "{}{}.{}E{:+d}".format,
        st.sampled_from(["", "-"]),
        st.integers(0, 9),
        st.text("0123456789", min_size=1, max_size=37),
        st.integers(-130, 125),
    ),
    st.sampled_from(
        (
            *("0", "-0", "0.0", "1E2", "1e-2", "12.50", "007", "0.005", "1.00000000000000000001", "9007199254740993"),
            *("2147483647", "2147483648", "-2147483648", "-2147483649", "9223372036854775807", "9223372036854775808"),
            *("9999999999999999.99", "10000000000000000", "99999999999999999999999999999999999999"),
        )
    ),
)
BINARIES = st.binary(max_size=30).map(lambda content: base64.b64encode(content).decode())


def _attributes(children: st.SearchStrategy[Attribute]) -> st.SearchStrategy[Attribute]:
    return st.one_of(
        st.lists(children, max_size=4).map(lambda elements: {"L": elements}),
        st.dictionaries(TEXTS, children, max_size=4).map(lambda members: {"M": members}),
    )


ATTRIBUTES: st.SearchStrategy[Attribute] = st.recursive(
    st.one_of(
        TEXTS.map(lambda text: {"S": text}),
        NUMBERS.map(lambda number: {"N": number}),
        BINARIES.map(lambda content: {"B": content}),
        st.booleans().map(lambda value: {"BOOL": value}),
        st.just({"NULL": True}),
        st.lists(TEXTS, min_size=1, max_size=3, unique=True).map(lambda texts: {"SS": texts}),
        st.lists(NUMBERS, min_size=1, max_size=3, unique_by=Decimal).map(lambda numbers: {"NS": numbers}),
        st.lists(BINARIES, min_size=1, max_size=3, unique=True).map(lambda contents: {"BS": contents}),
    ),
    _attributes,
    max_leaves=8,
)

_DAYS = st.one_of(
    st.dates().map(str), st.sampled_from(["2026-02-30", "2024-02-29", "0000-01-01", "9999-12-31", "1-1-1"])
)
_CLOCKS = st.one_of(
    st.times().map(lambda time: time.isoformat()),
    st.sampled_from(
        ["24:00:00", "23:59:60", "14:03", "14:03:07.123456789", "14:03:07.1234567891", "14:03:07.1000000000"]
    ),
)
_ZONES = st.sampled_from(["Z", "", "+00:00", "-00:00", "+02:00", "-0830", "+23:59", "+05:75", "z", "+2"])
MOMENTS = st.builds("{}{}{}{}".format, _DAYS, st.sampled_from("T t_"), _CLOCKS, _ZONES)

_ZONE = st.sampled_from([UTC, UTC, UTC, timezone(timedelta(hours=2))])
PLAIN_MOMENTS = st.datetimes(timezones=_ZONE).map(lambda moment: moment.isoformat())


@cache
def fitting(table: LakeTable, column: Column, *, tidy: bool) -> st.SearchStrategy[Attribute]:
    """Attributes of the DynamoDB type that a column expects; unless tidy, their values may still not fit."""
    match table.descriptor(column):
        case "BOOL":
            return st.booleans().map(lambda value: {"BOOL": value})
        case "B":
            return BINARIES.map(lambda content: {"B": content})
        case "N":
            scale = 0 if column.type in ("int", "bigint") else 2
            plain = st.decimals(-(10**8), 10**8, places=scale).map(lambda number: f"{number:f}")
            return (plain if tidy else plain | NUMBERS).map(lambda number: {"N": number})
        case "S":
            match column.type:
                case "timestamp":
                    return (PLAIN_MOMENTS if tidy else PLAIN_MOMENTS | MOMENTS | TEXTS).map(lambda text: {"S": text})
                case "date":
                    days = st.dates().map(str)
                    return (days if tidy else days | _DAYS | TEXTS).map(lambda text: {"S": text})
                case _:
                    return TEXTS.map(lambda text: {"S": text})


@st.composite
def items(draw: st.DrawFn, table: LakeTable) -> dict[str, Any]:
    """An item with its key, some of the schema's attributes and some others; half of them tidy."""
    item: dict[str, Any] = draw(st.dictionaries(TEXTS, ATTRIBUTES, max_size=3))
    tidy = draw(st.booleans())
    kinds = ["right", "right", "right", "missing"] if tidy else ["right", "right", "right", "any", "missing"]
    for column in table.columns:
        is_key = column in table.key_columns
        kind = "right" if is_key else draw(st.sampled_from(kinds))
        *parents, name = column.attribute
        members = item
        for parent in parents:
            content = members.setdefault(parent, {"M": {}})
            if "M" not in content:
                break
            members = content["M"]
        else:
            members.pop(name, None)
            if kind != "missing":
                members[name] = draw(fitting(table, column, tidy=tidy) if kind == "right" else ATTRIBUTES)
    for key in table.keys:
        item[key.name] = draw(_KEYS[key.type])
    names = draw(st.permutations(list(item)))
    return {name: item[name] for name in names}


_KEYS: dict[str, st.SearchStrategy[Attribute]] = {
    "S": TEXTS.filter(bool).map(lambda text: {"S": text}),
    "N": st.integers(-(10**9), 10**9).map(lambda number: {"N": str(number)}),
    "B": st.binary(min_size=1, max_size=30).map(lambda content: {"B": base64.b64encode(content).decode()}),
}


class Event(NamedTuple):
    """A change event as bytes, with its parts, including the images' texts."""

    data: bytes
    op: str
    event_id: str
    sequence: str
    old: str | None
    new: str | None
    image: dict[str, Any]


@st.composite
def _json_texts(draw: st.DrawFn, value: object) -> str:
    """One of the JSON texts of a value: escaped or not, compact or not."""
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " :\r\n")]))
    return json.dumps(value, ensure_ascii=draw(st.booleans()), separators=separators)


@st.composite
def events(draw: st.DrawFn, table: LakeTable) -> Event:
    """A change event of either shape."""
    op = draw(st.sampled_from(["INSERT", "MODIFY", "REMOVE"]))
    images = {
        name: draw(items(table))
        for name, ops in (("OldImage", ("MODIFY", "REMOVE")), ("NewImage", ("INSERT", "MODIFY")))
        if op in ops
    }
    texts: dict[str, str] = {name: draw(_json_texts(image)) for name, image in images.items()}
    image = images["OldImage" if op == "REMOVE" else "NewImage"]
    keys = {key.name: image[key.name] for key in table.keys}
    moment_us = draw(st.integers(1_000_000_000_000_000, 3_000_000_000_000_000))
    event_id = draw(st.uuids()).hex
    members = [f'"Keys":{json.dumps(keys)}', *(f'"{name}":{text}' for name, text in texts.items())]
    if draw(st.booleans()):
        number = draw(st.integers(10**20, 10**40 - 1))
        sequence = f"{moment_us // 1_000_000:012}0{number:040}"
        members += [f'"ApproximateCreationDateTime":{moment_us // 1_000_000}', f'"SequenceNumber":"{number}"']
        envelope = {"eventID": event_id, "eventName": op, "eventSource": "aws:dynamodb"}
    else:
        sequence = f"{moment_us // 1_000_000:012}1{moment_us % 1_000_000:040}"
        members += [
            f'"ApproximateCreationDateTime":{moment_us}',
            '"ApproximateCreationDateTimePrecision":"MICROSECOND"',
        ]
        envelope = {"eventID": event_id, "eventName": op, "recordFormat": "application/json", "userIdentity": None}
    members = draw(st.permutations(members))
    data = f'{json.dumps(envelope)[:-1]},"dynamodb":{{{",".join(members)}}}}}'
    return Event(data.encode(), op, event_id, sequence, texts.get("OldImage"), texts.get("NewImage"), image)
