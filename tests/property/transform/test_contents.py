"""Base64 in C equals pybase64's, for every text: its bytes, or a refusal."""

from __future__ import annotations

import base64
from array import array
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pybase64 import b64decode

from transform.compiled import native

assert native
_native: Any = native
ALPHABET = [chr(code) for code in range(128) if chr(code).isalnum()] + ["+", "/"]
WRONG = st.sampled_from(["=", "==", "A=", "=A", "-", "_", " ", "\n", "\0", "\x7f", "\x80", "\xff", "Ā", "\ud800"])


def text_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


def damaged(content: bytes, wrong: str, at: int) -> str:
    """A text with something else at one place."""
    text = text_of(content)
    at %= len(text) + 1
    return text[:at] + wrong + text[at + len(wrong) :]


TEXTS = st.one_of(
    st.binary(max_size=100).map(text_of),
    st.text(st.sampled_from([*ALPHABET, "="]), max_size=40),
    st.builds(damaged, st.binary(max_size=60), WRONG, st.integers(0, 80)),
)


def decoded(texts: list[str]) -> list[bytes]:
    """What the C decodes of each; nothing for a text that it refuses."""
    records, lengths = [{"data": text} for text in texts], array("q", bytes(8 * len(texts)))
    room = bytearray(_native.contents(records, bytearray(), lengths))
    _native.contents(records, room, lengths)
    found: list[bytes] = []
    start = 0
    for length in lengths:
        found.append(bytes(room[start : start + length]))
        assert room[start + length] == 0
        start += length + 1
    return found


def expected(text: str) -> bytes:
    try:
        return b64decode(text, None, True)
    except ValueError:
        return b""


@given(st.lists(TEXTS, min_size=1, max_size=20))
def test_each_text_is_decoded_as_by_pybase64(texts: list[str]) -> None:
    assert decoded(texts) == [*map(expected, texts)]


def test_every_character_at_every_place_is_decoded_as_by_pybase64() -> None:
    right = "".join(ALPHABET)[:24]
    texts = [right[:at] + chr(code) + right[at + 1 :] for at in range(len(right)) for code in range(256)]
    assert decoded(texts) == [*map(expected, texts)]


def test_every_value_of_a_group_is_decoded_as_by_the_standard_library() -> None:
    contents = [bytes([first, second, 255 - first]) for first in range(256) for second in range(0, 256, 5)]
    assert decoded([text_of(content) for content in contents]) == contents
