"""The fast readers of json_extract_scalar and json_parse have the token reader's results, of broken text too."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sandbox.athena.functions.jsonscalars import BETWEEN_PATHS, scalar_of, scalars_of
from sandbox.athena.functions.jsontext import BrokenError, Walk, extract_scalar
from sandbox.compiled import native

KEYS = ("a", "S", "b_1", "a b", "0", "é", "")
names = st.sampled_from([*KEYS, '"', "\\"])
spelled = st.sampled_from(['"\\u0061"', '"\\u0053"', '"a"', '"S"', '"\\"a"']) | names.map(json.dumps)
numbers = st.sampled_from(["0", "-0", "1.10", "1E+3", "12345678901234567890", "-1.5e-7"])
texts = st.text(st.sampled_from('aS"\\/é\n🛒:{}'), max_size=5)
scalars = numbers | st.sampled_from(["true", "false", "null"]) | texts.map(json.dumps) | spelled
spaces = st.sampled_from(["", " ", "\n\t"])


def containers(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Objects, of which some have a name twice, and arrays, with any space between."""
    members = st.tuples(spaces, spelled, spaces, spaces, values).map(lambda m: f"{m[0]}{m[1]}{m[2]}:{m[3]}{m[4]}")
    objects = st.lists(members, max_size=4).map(lambda many: "{" + ",".join(many) + "}")
    return objects | st.lists(values, max_size=3).map(lambda many: "[" + ",".join(many) + "]")


documents = st.recursive(scalars, containers, max_leaves=8)
paths = st.lists(st.sampled_from(KEYS), max_size=3).map(lambda keys: "$" + "".join(f'["{key}"]' for key in keys))


@given(documents, paths)
@example('{"a":1,"a":2}', "$.a")
@example('{"\\u0061":1,"a":2}', "$.a")
@example('{"S":{"S":"x"}}', "$.S.S")
def test_a_scalar_of_whole_text_is_that_of_its_tokens(document: str, path: str) -> None:
    assert scalar_of(document, path) == extract_scalar(document, path)


@given(documents, st.lists(paths, min_size=1, max_size=6), st.data())
@example('{"a":1.50x,"S":2}', ["$.a", "$.S"], None)
@example('{"a":{"S":1,"S":2},"a":3}', ["$.a.S", "$.a", "$.a.a", "$.S"], None)
def test_scalars_at_several_paths_are_those_of_each(
    document: str, several: list[str], data: st.DataObject | None
) -> None:
    at = data.draw(st.integers(0, len(document))) if data else 0
    text = (
        document[:at]
        + (data.draw(st.sampled_from(["", ",", "x", '"', "\\", "}", "\0"])) if data else "")
        + document[at:]
    )
    assert scalars_of(text, BETWEEN_PATHS.join(several)) == [extract_scalar(text, path) for path in several]


@pytest.mark.parametrize(("many", "deep"), [(64, 1), (65, 1), (1, 16), (1, 17)])
def test_the_compiled_reader_leaves_many_and_long_paths(many: int, deep: int) -> None:
    """What it reads it reads right, and the others are read in another way."""
    names, nested = [f"n{number}" for number in range(many)], deep - 1
    members = (f'"{name}":' + '{"m":' * nested + str(at) + "}" * nested for at, name in enumerate(names))
    text = "{" + ",".join(members) + "}"
    several = [f"$.{name}" + ".m" * nested for name in names]
    assert scalars_of(text, BETWEEN_PATHS.join(several)) == [str(at) for at in range(many)]
    keys = tuple((name.encode(), *[b"m"] * nested) for name in names)
    assert native is None or (native.scalars(text.encode(), keys) is None) == (many > 64 or deep > 16)


@given(documents, paths, st.data())
def test_a_scalar_of_broken_text_is_that_of_its_tokens(document: str, path: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(document)))
    broken = document[:at] + data.draw(st.sampled_from(["", ",", "x", '"', "\\", "}", "\ud800"]))
    broken += document[at + data.draw(st.integers(0, 1)) :]
    assert scalar_of(broken, path) == extract_scalar(broken, path)


def canonical(text: str) -> str | None:
    """The canonical text by its tokens; None for broken text."""
    try:
        found, end = Walk(text).canonical(0, ordered=True)
    except BrokenError:
        return None
    return found if end == len(text) else None


def compiled(text: str) -> str | None:
    """The same of the compiled reader; None for text that is not usual."""
    if native is None:
        pytest.skip("nothing is compiled")
    found = native.canonical(text.encode())
    return None if found is None else found.decode()


@given(documents, st.sampled_from(["", ",", "x", '"', "\\", "}", "\0"]), st.data())
@example('{"b":"","a":{"d":[],"c":{}}}', "", None)
@example('{"a":"","b":"","a":""}', "", None)
def test_the_compiled_reader_has_the_canonical_text_of_its_tokens(
    document: str, change: str, data: st.DataObject | None
) -> None:
    at = data.draw(st.integers(0, len(document))) if data else 0
    text = (document[:at] + change + document[at:]).strip()
    found = compiled(text)
    assert found is None or found == canonical(text)


usual_names = st.text(st.sampled_from("aSß€ :{,"), max_size=70)
usual_scalars = st.sampled_from(["true", "false", "null"]) | st.text(st.sampled_from('aS"\\é\n:}'), max_size=40).map(
    lambda text: json.dumps(text, ensure_ascii=False)
)
usual = st.recursive(
    usual_scalars,
    lambda values: (
        st.dictionaries(usual_names, values, max_size=6).map(
            lambda members: "{ " + " ,".join(f'"{name}" : {value}' for name, value in members.items()) + "}"
        )
        | st.lists(values, max_size=3).map(lambda many: "[" + ", ".join(many) + "]")
    ),
    max_leaves=12,
)


@given(usual)
def test_the_compiled_reader_reads_what_is_usual(document: str) -> None:
    assert compiled(document) == canonical(document)


@pytest.mark.parametrize("members", [64, 65])
def test_the_compiled_reader_leaves_many_members(members: int) -> None:
    names = sorted((f"name-{number * 7919 % 10007}" for number in range(members)), key=lambda name: name[::-1])
    text = "{" + ",".join(f'"{name}":""' for name in names) + "}"
    assert compiled(text) == (canonical(text) if members == 64 else None)
