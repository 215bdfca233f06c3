"""What the fast path writes of an image and what it passes on, exactly at each limit."""

from __future__ import annotations

import re
from datetime import date
from itertools import product

import pytest

from tests.unit.transform.fast_path_events import COLUMNS, are_written, event, is_written
from transform.schema import Column, KeyAttribute, LakeTable


def test_the_usual_event_takes_the_fast_path() -> None:
    assert is_written()


VALUES: dict[str, tuple[list[str], list[str]]] = {
    "string": (
        [r'""', r'" "', r'"\u0041"', r'"\u00e9x"', r'"\uABCD"', r'"\uabcd"', r'"\u09aFf"', r'"\uD7ff"', r'"\ue000"'],
        [r'"\u004"', r'"\u00"', r'"\u0"', r'"\u"', r'"\u004g"', r'"\u00g1"', r'"\u0g41"', r'"\ug041"', r'"\u004G"'],
    ),
    "escape": (
        [r'"\""', r'"\\"', r'"\/"', r'"\b"', r'"\f"', r'"\n"', r'"\r"', r'"\t"', r'"\\\""', r'"\u0022\u005c"'],
        [r'"\ud800"', r'"\uDbff"', r'"\udc00"', r'"\udfff"', r'"\uD834\uDD1E"', r'"\a"', r'"\0"', r'"\U0041"', r'"\x"'],
    ),
    "hexadecimal": ([], [rf'"\u004{digit}"' for digit in "/:@`gG"]),
    "control": (['"\x7f"', '"!"'], [f'"{chr(code)}"' for code in range(32)]),
    "word": (["true", "false", "null"], ["tru", "truee", "truE", "falsy", "fals", "nul", "nulll", "True", "none", "x"]),
    "object": (
        ["{}", "{ }", '{"a":{}}', '{ "a" : {} , "b" : [] }', '{  "a"  :  "b"  }', '{"":""}', '{"a":{},"a":{}}'],
        ["{", "{,}", '{"a"}', '{"a":}', '{"a":{},}', '{"a" "b"}', '{"a":"b" "c":"d"}', '{"a";"b"}', '{"a":"b"]'],
    ),
    "name": (['{"é":""}'], [r'{"\u0061":""}', r'{"\n":""}', '{a:""}', '{"\t":""}', "{1:2}", '{"a:""}']),
    "array": (
        ["[]", "[ ]", '[""]', '[ "a" , {} , [] ]', '["a","b"]', "[true,false,null]"],
        ["[", "[,]", '["a",]', '["a" "b"]', '["a"}', '["a";"b"]', "[1]", "[-1]", '["a",1]'],
    ),
    "white space": ([], ["{\t}", "{\n}", "{\r}", "[\t]", "[\n]", '{"a"\t:""}', '{"a":\n""}', '{"a":""\r}', '[""\t]']),
}


@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("place", ["size", "x"])
def test_a_value_that_no_column_reads_is_json(kind: str, place: str) -> None:
    common, others = VALUES[kind]
    values = [*common, *others] if place == "size" else [f'{{"L":{value}}}' for value in [*common, *others]]
    written = are_written([event(**{place: value}) for value in values])
    assert written == [True] * len(common) + [False] * len(others)


def test_an_attribute_is_an_object() -> None:
    assert not any(is_written(x=value) for value in ("null", "true", '""', "[]", "1"))


NUMBERS = "0 -0 1 -1 10 907 1.5 -0.25 0.0 1e5 1E5 1e+5 1e-5 0e0 12.50E-10"
NO_NUMBERS = "- 01 -01 00 1. .5 1.e5 1e 1e+ 1E- +1 --1 1-1 1.5.5 1e5e5 1d5 1D5 0x1 1: 1/ -a [1] {1:1}"


@pytest.mark.parametrize(
    ("number", "is_fast"),
    [
        *((text, True) for text in NUMBERS.split()),
        *((text, False) for text in [*NO_NUMBERS.split(), "1 2", "1e 5", "- 1"]),
    ],
)
def test_a_bare_number_occurs_only_in_the_event(number: str, is_fast: bool) -> None:
    assert is_written(size=number) == is_fast
    assert not is_written(x=f'{{"N":{number}}}')


@pytest.mark.parametrize(("place", "depth"), [("size", 96), ("x", 96)])
@pytest.mark.parametrize("pair", ["[]", "{}"])
def test_values_are_nested_no_deeper_than_the_limit(place: str, depth: int, pair: str) -> None:
    def nested(levels: int) -> str:
        opening = ('{"a":' if pair == "{}" else "[") * (levels - 2)
        return f'{{"M":{opening}{pair}{pair[1] * (levels - 2)}}}'

    assert [is_written(**{place: nested(levels)}) for levels in (depth, depth + 1)] == [True, False]


@pytest.mark.parametrize(("count", "is_fast"), [(511, True), (512, True), (513, False)])
def test_an_image_has_no_more_members_than_there_is_room_for(count: int, is_fast: bool) -> None:
    more = "".join(f'"a{index}":{{}},' for index in range(count - 2))
    record = event(more=more)
    assert are_written([record, record]) == [is_fast] * 2
    old = f'{{{more}"a":{{}},"b":{{}}}}'
    assert is_written(old=old) == is_fast


def test_utf_8_takes_the_fast_path_and_nothing_else() -> None:
    seconds, others = b"\x20\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xff", b"\x7f\x80\xbf\xc0"
    texts = [bytes(text) for text in product(range(0x80, 0x100), seconds)]
    texts += [bytes(text) for text in product(range(0xE0, 0xF0), seconds, others)]
    texts += [bytes(text) for text in product(range(0xF0, 0x100), seconds, others, others)]
    records = [event(x='{"S":"#"}').replace(b"#", text) for text in texts]
    assert are_written(records) == [_is_utf_8(text) for text in texts]


@pytest.mark.parametrize("text", ["é", "€", "𝄞"])
def test_invalid_utf_8_is_detected_everywhere(text: str) -> None:
    whole = text.encode()
    for before in range(40):
        good = event(more=f'"word":{{"S":"{"a" * before}{text}{text}a{text}"}},')
        assert are_written([good, good.replace(whole, whole[:-1]), good.replace(whole, whole + b"\x80")]) == [
            True,
            False,
            False,
        ]


def _is_utf_8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("special", ['\\"', "\\\\", "\\n", "", "é"])
def test_strings_of_every_length_are_copied_whole(special: str) -> None:
    words = [f"{'a' * before}{special}{'b' * behind}" for before in range(36) for behind in (0, 1, 15, 16, 17)]
    assert all(are_written([event(more=f'"word":{{"S":"{word}"}},') for word in words]))
    assert all(are_written([event(x=f'{{"S":"{word}"}}') for word in words]))
    assert all(are_written([event(old=f'{{"x":{{"S":"{word}"}}}}') for word in words]))


@pytest.mark.parametrize(
    ("word", "is_fast"),
    [
        *((word, True) for word in [r"\"", r"\\", r"\b\f\n\r\t", r"\\/", r"\\u", r"\\\\", r"\n/", "/u"]),
        *((word, False) for word in [r"\/", r"\u0041", r"\n\/", r"\\\/", r"\\\u0041", r"a\n\u0041", r"\u0000"]),
    ],
)
def test_a_columns_string_has_only_the_escapes_that_json_needs(word: str, is_fast: bool) -> None:
    assert is_written(more=f'"word":{{"S":"{word}"}},') == is_fast


DIGITS = {
    "whole": (
        "0 9 -9 19 -91 123456789 -123456789",
        "- -0 00 -00 01 -01 1: 1/ :1 /1 1a - 1- --1 1234567890 -1234567890",
    ),
    "price": ("0 -0 00 12 -12 1.5 1.05 -1.50 01.5 0.00", ". - -. 1. .5 -.5 1.555 123 123.4 1:5 1.: 1./ 1.5: 1.5.5 1,5"),
    "rate": (
        f"0 -0 0.5 -0.25 12 {'9' * 38} {'9' * 38}.{'9' * 20} -1.0",
        f"00 01 -01.5 . - 1. .5 1e5 1.5e5 {'9' * 39} 1.{'9' * 21} 1: 1.:",
    ),
}


@pytest.mark.parametrize("column", DIGITS)
def test_a_number_has_one_form_and_so_many_digits(column: str) -> None:
    common, others = (texts.split() for texts in DIGITS[column])
    written = are_written([event(more=f'"{column}":{{"N":"{text}"}},') for text in [*common, *others, "", " 1", "1 "]])
    assert written == [True] * len(common) + [False] * (len(others) + 3)


def test_every_day_of_the_calendar_takes_the_fast_path_and_no_other() -> None:
    years = (0, 1, 4, 9, 90, 99, 100, 104, 196, 200, 400, 1900, 1999, 2000, 2023, 2024, 2100, 2400, 9900, 9996, 9999)
    days = [f"{year:04}-{month:02}-{day:02}" for year, month, day in product(years, range(14), range(33))]
    written = are_written([event(more=f'"day":{{"S":"{day}"}},') for day in days])
    assert written == [_is_day(day) for day in days]


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


@pytest.mark.parametrize(
    "text", ["2026-11-22T14:03:07Z", "2024-02-29T20:59:59.123456789Z", "0990-09-09T09:09:09+00:00"]
)
def test_a_moment_has_one_form(text: str) -> None:
    form = re.compile(r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|\+00:00)")
    texts = [
        text[:place] + character + text[place + 1 :] for place in range(len(text)) for character in "0123459/:.-+TZ a"
    ]
    texts += [text[:place] + text[place + 1 :] for place in range(len(text))]
    texts += [text[:place] + character + text[place:] for place in range(len(text) + 1) for character in "0:.Z "]
    written = are_written([event(more=f'"moment":{{"S":"{text}"}},') for text in texts])
    assert written == [bool(form.fullmatch(text)) and _is_day(text[:10]) for text in texts]


@pytest.mark.parametrize("day", ["2026-11-22", "2024-02-29"])
def test_a_day_has_one_form(day: str) -> None:
    texts = [day[:place] + character + day[place + 1 :] for place in range(len(day)) for character in "0129/:.-a "]
    texts += [day[:-1], day + "0", day + " ", day[:5] + day[6:], ""]
    assert are_written([event(more=f'"day":{{"S":"{text}"}},') for text in texts]) == [*map(_is_day, texts)]


ATTRIBUTES = [
    ("word", ['{"S":"a"}', '{"NULL":true}', '{ "S" : "a" }', '{  "NULL"  :  true  }']),
    ("flag", ['{"BOOL":true}', '{"BOOL":false}', '{ "BOOL" : true }']),
    ("map", ['{"M":{}}', '{"NULL":true}', '{ "M" : { } }', '{"M":{"inner":{"S":"a"},"other":{}}}']),
    ("map", ['{"M":{"inner":{"NULL":true}}}', '{"M":{"inneR":{"S":"a"}}}', '{"M":{"other":[],"": "x"}}']),
]
OTHER_ATTRIBUTES = [
    ("word", ["{}", '{"S":null}', '{"S":true}', '{"S":{}}', '{"S":["a"]}', '{"SS":["a"]}', '{"":"a"}', '{"N":"1"}']),
    ("word", ['{"NULL":false}', '{"NULL":null}', '{"NULL":"true"}', '{"NUL":true}', '{"S":"a","N":"1"}', '{"X":"a"}']),
    ("flag", ["{}", '{"BOOL":"true"}', '{"BOOL":null}', '{"B":"true"}', '{"O":"true"}', '{"O":true}', '{"BOOL":{}}']),
    ("map", ["{}", '{"M":"a"}', '{"M":[]}', '{"M":null}', '{"S":"a"}', '{"L":[]}', '{"M":{},"M":{}}', '{"X":{}}']),
    ("map", [f'{{"M":{{"inner":{value}}}}}' for value in ("{}", "null", '""', '"a"', "[]", '["S"]', '{"N":"1"}')]),
    ("map", ['{"M":{"inner":{"S":"a"},"inner":{"S":"b"}}}', '{"M":{"inner":{"NULL":true},"inner":{"S":"b"}}}']),
]


def test_an_attribute_has_its_columns_type_or_is_null() -> None:
    for is_fast, attributes in ((True, ATTRIBUTES), (False, OTHER_ATTRIBUTES)):
        records = [event(more=f'"{name}":{value},') for name, values in attributes for value in values]
        assert are_written(records) == [is_fast] * len(records)


def test_an_attribute_occurs_once() -> None:
    record = event(more='"word":{"S":"a"},"flag":{"BOOL":true},')
    assert are_written([record, record.replace(b'"flag":{"BOOL":true}', b'"word":{"S":"a"}')]) == [True, False]
    assert are_written([record.replace(b'"flag":{"BOOL":true}', b'"word":{"NULL":true}'), record]) == [False, True]


def test_attributes_with_names_alike_are_distinguished() -> None:
    names = ["wurd", "wore", "Word", "word ", "worD", "", "w", "wordword", "d", "i", "inner", "map", "mop", "wo", "wor"]
    names += [f"{first}{''.join(middle)}d" for first in "wxk" for middle in product("orabz", repeat=3)]
    names += ["word"[:size] + chr(code) for size in (1, 2, 3) for code in range(97, 123)]
    read = {column.attribute[0] for column in COLUMNS}
    assert all(
        are_written(
            event(more=f'"word":{{"S":"right"}},"{name}":{{"X":["other"]}},') for name in names if name not in read
        )
    )


def test_maps_of_a_large_table_keep_their_members_apart() -> None:
    columns = [COLUMNS[0], *(Column(f"c{index}", "string", (f"m{index}", "inner"), "") for index in range(80))]
    table = LakeTable("thing", "thing_changes", "things", KeyAttribute("id", "S"), None, tuple(columns))
    maps = "".join(f'"m{index}":{{"M":{{"inner":{{"S":"{index}"}}}}}},' for index in range(80))
    assert are_written([event(more=maps), event(more=maps.replace('"inner"', '"outer"', 40))], table) == [True, True]
