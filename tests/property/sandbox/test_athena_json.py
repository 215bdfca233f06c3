"""json_extract_scalar's fast reader and the token reader have the same results, for valid and broken text."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from sandbox.athena.functions.jsonscalars import scalar_of
from sandbox.athena.functions.jsontext import extract_scalar

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


@given(documents, paths, st.data())
def test_a_scalar_of_broken_text_is_that_of_its_tokens(document: str, path: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(document)))
    broken = document[:at] + data.draw(st.sampled_from(["", ",", "x", '"', "\\", "}", "\ud800"]))
    broken += document[at + data.draw(st.integers(0, 1)) :]
    assert scalar_of(broken, path) == extract_scalar(broken, path)
