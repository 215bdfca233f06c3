"""Functions of text: https://trino.io/docs/435/functions/string.html."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from sandbox.athena.functions.building import INVALID, arguments, checked, invalid, once
from sandbox.athena.functions.function import TrinoFunction, TypedCall, entry
from sandbox.athena.functions.native import Native, TrinoError
from sandbox.athena.sql import literal

# The characters in io.airlift.slice.SliceUtf8.isWhitespace.
_WHITESPACE = "".join(map(chr, (*range(9, 14), *range(28, 33), 0x1680, *range(0x2000, 0x2007), *range(0x2008, 0x200B),
                                0x2028, 0x2029, 0x205F, 0x3000)))  # fmt: skip
_MAX = 2147483647
_CODE_POINTS = (range(55296), range(57344, 1114112))
"""The code points that a text may have: all except surrogates."""


def _length_of_char(call: TypedCall) -> str:
    return f"CASE WHEN {call[0]} IS NOT NULL THEN CAST({call.arguments[0].type.arguments[0]} AS BIGINT) END"


def _length(call: TypedCall) -> str:
    return f"length({call[0]})"


def _bytes_length(call: TypedCall) -> str:
    return f"octet_length({call[0]})"


def _upper(call: TypedCall) -> str:
    """Upper case with ß unchanged, as in Java; DuckDB converts it to a capital sharp s."""
    return once(
        arguments(call), lambda a: f"CASE WHEN contains({a[0]}, 'ß') THEN athena_upper({a[0]}) ELSE upper({a[0]}) END"
    )


def _trimmed(side: str) -> TrinoFunction:
    def sql(call: TypedCall) -> str:
        characters = call[1] if len(call) > 1 else literal(_WHITESPACE)
        return f"{side}({call[0]}, {characters})"

    signatures = [f"{side}({t}(x){more}) -> varchar(x)" for t in ("varchar", "char") for more in ("", ", varchar(y)")]
    answers = {"trim": "a", "ltrim": "a  ", "rtrim": "  a"}
    return entry("; ".join(signatures), sql, f"{side}('  a  ')", answers[side])


_PLACES = ("bigint", "bigint, bigint")


def _substring(call: TypedCall) -> str:
    """The substring from a start, counted from the end if negative; empty if that is outside the text."""
    start, length = call.arguments[1].constant, call.arguments[2].constant if len(call) > 2 else _MAX
    is_text = call.arguments[0].type.name != "varbinary"
    if call.arguments[0].type.name == "char":
        text = f"rpad({call[0]}, {call.arguments[0].type.arguments[0]}, ' ')"
        return f"athena_substring({text}, {call[1]}, {call[2] if len(call) > 2 else _MAX})"
    if is_text and isinstance(start, int) and isinstance(length, int) and 0 < start <= _MAX and length > 0:
        return f"substring({call[0]}, {start}, {length})" if length < _MAX else f"substring({call[0]}, {start})"
    name = "athena_substring" if is_text else "athena_bytes_substring"
    return f"{name}({call[0]}, {call[1]}, {call[2] if len(call) > 2 else _MAX})"


def _padded(side: str) -> TrinoFunction:
    def sql(call: TypedCall) -> str:
        empty = invalid("'Padding string must not be empty'", call.type)
        wrong = invalid(f"'Target length must be in the range [0..{_MAX}]'", call.type)
        return checked(
            call,
            lambda a: (
                f"CASE WHEN {a[1]} NOT BETWEEN 0 AND {_MAX} THEN {wrong} WHEN {a[2]} = '' THEN {empty} "
                f"ELSE {side}({a[0]}, {a[1]}::INTEGER, {a[2]}) END"
            ),
        )

    answers = {"lpad": "-+-ab", "rpad": "ab-+-"}
    return entry(f"{side}(varchar(x), bigint, varchar(y)) -> varchar", sql, f"{side}('ab', 5, '-+')", answers[side])


def _concatenated(call: TypedCall) -> str:
    if len(call) < 2:
        return invalid("'There must be two or more concatenation arguments'", call.type)
    return "(" + " || ".join(call[i] for i in range(len(call))) + ")"


def _concat_of_chars(call: TypedCall) -> str:
    width = call.arguments[0].type.arguments[0]
    return f"rtrim(rpad({call[0]}, {width}, ' ') || {call[1]}, ' ')"


def _concat_ws(call: TypedCall) -> str:
    """Join texts; a NULL separator returns NULL, NULL texts are omitted."""
    if len(call.arguments) < 2:
        return invalid(literal("There must be two or more arguments"), call.type)
    if call.arguments[1].type.name == "array":
        return f"athena_joined({call[1]}, {call[0]})"
    return once(
        [call[0]],
        lambda a: f"CASE WHEN {a[0]} IS NOT NULL THEN concat_ws({', '.join([a[0], *arguments(call)[1:]])}) END",
    )


def _chr(call: TypedCall) -> str:
    point = call.arguments[0].constant
    if isinstance(point, int) and any(point in points for points in _CODE_POINTS):
        return f"chr({point})"

    def body(a: Sequence[str]) -> str:
        wrong = invalid(f"'Not a valid Unicode code point: ' || {a[0]}", call.type)
        valid = " OR ".join(f"{a[0]} BETWEEN {points[0]} AND {points[-1]}" for points in _CODE_POINTS)
        return f"CASE WHEN {valid} THEN chr({a[0]}::INTEGER) ELSE {wrong} END"

    return checked(call, body)


def _codepoint(call: TypedCall) -> str:
    wrong = invalid("'Input string must be a single character string'", call.type)
    return once([call[0]], lambda a: f"CASE WHEN {a[0]} = '' THEN {wrong} ELSE unicode({a[0]}) END")


def _split(call: TypedCall) -> str:
    empty = invalid("'The delimiter may not be the empty string'", call.type)
    wrong = invalid("'Limit must be positive'", call.type)

    def body(a: Sequence[str]) -> str:
        limited = f"WHEN {a[2]} <= 0 THEN {wrong} " if len(a) > 2 else ""
        split = f"athena_split({', '.join(a)})" if limited else f"string_split({a[0]}, {a[1]})"
        return f"CASE {limited}WHEN {a[1]} = '' THEN {empty} ELSE {split} END"

    return checked(call, body)


def _split_part(call: TypedCall) -> str:
    wrong = invalid("'Index must be greater than zero'", call.type)
    index = call.arguments[2].constant
    if isinstance(index, int) and index > 0:
        return f"string_split({call[0]}, {call[1]})[{index}]"
    return checked(call, lambda a: f"CASE WHEN {a[2]} <= 0 THEN {wrong} ELSE string_split({a[0]}, {a[1]})[{a[2]}] END")


def _replace(call: TypedCall) -> str:
    if len(call) == 2:
        return f"replace({call[0]}, {call[1]}, '')"
    if isinstance(search := call.arguments[1].constant, str) and search:
        return f"replace({call[0]}, {call[1]}, {call[2]})"
    return f"athena_replace({call[0]}, {call[1]}, {call[2]})"


def _strpos(call: TypedCall) -> str:
    if len(call) == 2:
        return f"strpos({call[0]}, {call[1]})"
    return f"athena_strpos({call[0]}, {call[1]}, {call[2]})"


def _from_utf8(call: TypedCall) -> str:
    return f"athena_from_utf8({call[0]}, {call[1] if len(call) > 1 else literal(chr(0xFFFD))})"


# Python functions: a NULL argument returns NULL.


def _bytes_substring(octets: bytes, start: int, length: int) -> bytes:
    first = start - 1 if start > 0 else len(octets) + start
    return octets[first : first + max(length, 0)] if start and 0 <= first < len(octets) else b""


def _python_replace(text: str, search: str, replacement: str) -> str:
    return text.replace(search, replacement)


def _reversed_text(text: str) -> str:
    return text[::-1]


def _reversed_bytes(octets: bytes) -> bytes:
    return octets[::-1]


def _python_upper(text: str) -> str:
    return "".join(upper if len(upper := letter.upper()) == 1 else letter for letter in text)


def _python_strpos(text: str, part: str, instance: int) -> int:
    if instance == 0:
        raise TrinoError(INVALID, "'instance' must be a positive or negative number.")
    if not part:
        return 1
    at = -1 if instance > 0 else len(text) + 1
    for _ in range(abs(instance)):
        at = text.find(part, at + 1) if instance > 0 else text.rfind(part, 0, max(at - 1 + len(part), 0))
        if at < 0:
            return 0
    return at + 1


def _python_split(text: str, delimiter: str, limit: int) -> list[str]:
    return text.split(delimiter, limit - 1)


def _levenshtein(left: str, right: str) -> int:
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            cost = min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
            diagonal, row[j] = row[j], cost
    return row[-1]


def _python_hamming(left: str, right: str) -> int:
    if len(left) != len(right):
        raise TrinoError(INVALID, "The input strings to hamming_distance function must have the same length")
    return sum(a != b for a, b in zip(left, right, strict=True))


_SOUNDEX = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "01230120022455012623010202", strict=True))


def _soundex(text: str) -> str:
    """American Soundex as in commons-codec: H and W do not separate two letters of one code."""
    letters = [letter for letter in text if letter.isalpha()]
    letters = [letter.upper() for letter in letters]
    if not letters:
        return ""
    for letter in letters:
        if letter not in _SOUNDEX:
            raise TrinoError(INVALID, f"The character is not mapped: {letter} (index={ord(letter) - ord('A')})")
    code, last = letters[0], _SOUNDEX[letters[0]]
    for letter in letters[1:]:
        if letter in "HW":
            continue
        digit = _SOUNDEX[letter]
        if digit not in ("0", last):
            code += digit
            if len(code) == 4:
                break
        last = digit
    return code.ljust(4, "0")


def _luhn_check(text: str) -> bool:
    if any(letter not in "0123456789" for letter in text):
        raise TrinoError(INVALID, "Input contains non-digit character")
    if not text:
        return False
    digits = [int(letter) for letter in reversed(text)]
    total = sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return total % 10 == 0


def _normalize(text: str, form: str) -> str:
    if form == "NFC":
        return unicodedata.normalize("NFC", text)
    if form == "NFD":
        return unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFKC" if form == "NFKC" else "NFKD", text)


_SEQUENCES = re.compile(
    rb"[\x00-\x7f]+|[\xc0-\xdf][\x80-\xbf]?|[\xe0-\xef][\x80-\xbf]{0,2}|[\xf0-\xf7][\x80-\xbf]{0,3}"
    rb"|[\xf8-\xfb][\x80-\xbf]{0,4}|[\xfc\xfd][\x80-\xbf]{0,5}|[\x80-\xbf\xfe\xff]"
)
"""A first octet and as many others as it announces, which are one character even if they are invalid.

Source: io.airlift.slice 2.2, SliceUtf8.tryGetCodePointAt.
"""


def _python_from_utf8(octets: bytes, replacement: str) -> str:
    if len(replacement) > 1:
        raise TrinoError(INVALID, "Replacement character string must empty or a single character")
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return "".join(_decoded(sequence, replacement) for sequence in _SEQUENCES.findall(octets))


def _decoded(sequence: bytes, replacement: str) -> str:
    try:
        return sequence.decode()
    except UnicodeDecodeError:
        return replacement


FUNCTIONS = (
    entry("length(varchar(x)) -> bigint", _length, "length('Müller')", "6"),
    entry("length(char(x)) -> bigint", _length_of_char, "length(CAST('ab' AS char(5)))", "5"),
    entry("length(varbinary) -> bigint", _bytes_length, "length(to_utf8('ü'))", "2"),
    entry("upper(varchar(x)) -> varchar(x); upper(char(x)) -> char(x)", _upper, "upper('straße')", "STRAßE"),
    entry("lower(varchar(x)) -> varchar(x); lower(char(x)) -> char(x)", "lower", "lower('ÀB')", "àb"),
    _trimmed("trim"),
    _trimmed("ltrim"),
    _trimmed("rtrim"),
    *(
        entry(
            "; ".join(f"{name}({t}(x), {n}) -> varchar(x)" for t in ("varchar", "char") for n in _PLACES),
            _substring,
            f"{name}('Müller', -5, 2)",
            "ül",
        )
        for name in ("substr", "substring")
    ),
    entry(
        "substr(varbinary, bigint) -> varbinary; substr(varbinary, bigint, bigint) -> varbinary",
        _substring,
        "substr(to_utf8('abc'), 2)",
        "62 63",
    ),
    _padded("lpad"),
    _padded("rpad"),
    entry("concat(varchar...) -> varchar", _concatenated, "concat('a', 'b', 'c')", "abc"),
    entry("concat(varbinary...) -> varbinary", _concatenated, "concat(X'01', X'02')", "01 02"),
    entry(
        "concat(char(x), char(y)) -> char(x + y)",
        _concat_of_chars,
        "concat(CAST('a' AS char(2)), CAST('b' AS char(2)))",
        "a b ",
    ),
    entry(
        "concat_ws(varchar, varchar...) -> varchar; concat_ws(varchar, array(varchar)) -> varchar",
        _concat_ws,
        "concat_ws('-', 'a', NULL, 'b')",
        "a-b",
        strict=1,
    ),
    entry("chr(bigint) -> varchar(1)", _chr, "chr(8364)", "€"),
    entry("codepoint(varchar(1)) -> integer", _codepoint, "codepoint('€')", "8364"),
    entry(
        "split(varchar(x), varchar(y)) -> array(varchar(x)); "
        "split(varchar(x), varchar(y), bigint) -> array(varchar(x))",
        _split,
        "split('a,b,c', ',', 2)",
        "[a, b,c]",
    ),
    entry("split_part(varchar(x), varchar(y), bigint) -> varchar(x)", _split_part, "split_part('a,b', ',', 3)", None),
    entry("replace(varchar(x), varchar(y)) -> varchar(x)", _replace, "replace('abca', 'a')", "bc"),
    entry(
        "replace(varchar(x), varchar(y), varchar(z)) -> varchar(min(2147483647, x + z * (x + 1)))",
        _replace,
        "replace('abc', '', '-')",
        "-a-b-c-",
    ),
    entry(
        "strpos(varchar(x), varchar(y)) -> bigint; strpos(varchar(x), varchar(y), bigint) -> bigint",
        _strpos,
        "strpos('haystack', 'a', -1)",
        "6",
    ),
    entry("starts_with(varchar(x), varchar(y)) -> boolean", "starts_with", "starts_with('abc', 'ab')", "true"),
    entry("reverse(varchar(x)) -> varchar(x)", "athena_reverse", "reverse('añb')", "bña"),
    entry("reverse(varbinary) -> varbinary", "athena_reverse_bytes", "reverse(X'0102')", "02 01"),
    entry(
        "translate(varchar(x), varchar(y), varchar(z)) -> varchar", "translate", "translate('abcd', 'abc', 'x')", "xd"
    ),
    entry(
        "levenshtein_distance(varchar(x), varchar(y)) -> bigint",
        "athena_levenshtein",
        "levenshtein_distance('日本', '本日')",
        "2",
    ),
    entry(
        "hamming_distance(varchar(x), varchar(y)) -> bigint", "athena_hamming", "hamming_distance('abc', 'abd')", "1"
    ),
    entry("soundex(varchar) -> varchar(4)", "athena_soundex", "soundex('Robert')", "R163"),
    entry("luhn_check(varchar) -> boolean", "athena_luhn", "luhn_check('79927398713')", "true"),
    entry("normalize(varchar(x), varchar(y)) -> varchar", "athena_normalize", "length(normalize('é', NFD))", "2"),
    entry("to_utf8(varchar(x)) -> varbinary", "encode", "to_utf8('Mü')", "4d c3 bc"),
    entry(
        "from_utf8(varbinary) -> varchar; from_utf8(varbinary, varchar(x)) -> varchar",
        _from_utf8,
        "from_utf8(X'61ff62', '?')",
        "a?b",
    ),
)

MACROS = (
    """athena_substring(s, i, n) AS CASE
        WHEN s IS NULL OR i IS NULL OR n IS NULL THEN NULL
        WHEN i = 0 OR n <= 0 OR i > length(s) OR -i > length(s) THEN ''
        ELSE substring(s, CASE WHEN i < 0 THEN length(s) + 1 + i ELSE i END, least(n, 2147483647)) END""",
)
NATIVES = (
    Native("athena_replace", _python_replace, ("VARCHAR",) * 3, "VARCHAR"),
    Native("athena_bytes_substring", _bytes_substring, ("BLOB", "BIGINT", "BIGINT"), "BLOB"),
    Native("athena_upper", _python_upper, ("VARCHAR",), "VARCHAR"),
    Native("athena_strpos", _python_strpos, ("VARCHAR", "VARCHAR", "BIGINT"), "BIGINT"),
    Native("athena_split", _python_split, ("VARCHAR", "VARCHAR", "BIGINT"), "VARCHAR[]"),
    Native("athena_reverse", _reversed_text, ("VARCHAR",), "VARCHAR"),
    Native("athena_reverse_bytes", _reversed_bytes, ("BLOB",), "BLOB"),
    Native("athena_levenshtein", _levenshtein, ("VARCHAR", "VARCHAR"), "BIGINT"),
    Native("athena_hamming", _python_hamming, ("VARCHAR", "VARCHAR"), "BIGINT"),
    Native("athena_soundex", _soundex, ("VARCHAR",), "VARCHAR"),
    Native("athena_luhn", _luhn_check, ("VARCHAR",), "BOOLEAN"),
    Native("athena_normalize", _normalize, ("VARCHAR", "VARCHAR"), "VARCHAR"),
    Native("athena_from_utf8", _python_from_utf8, ("BLOB", "VARCHAR"), "VARCHAR"),
)
