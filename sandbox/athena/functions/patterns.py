"""Translation of Trino's regular expressions (Joni, Java's syntax) to Python's and to DuckDB's (RE2).

A construct with a different meaning there is translated, or the pattern is refused if that is impossible. In Joni \\w,
\\d and \\s are of ASCII, while \\b and (?i) are of Unicode.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import lru_cache

from sandbox.athena.functions.building import INVALID
from sandbox.athena.functions.native import TrinoError

_CLASSES = {"w": "A-Za-z0-9_", "d": "0-9", "s": " \\t\\n\\x0b\\f\\r"}
_COMPLEMENTS = {
    "W": "\\x00-/:-@\\[-\\^`{-\U0010ffff",
    "D": "\\x00-/:-\U0010ffff",
    "S": "\\x00-\\x08\\x0e-\\x1f!-\U0010ffff",
}
"""The classes of all other characters, for a class within a class."""
_LITERAL_ESCAPES = "tnrfaev"
_DIGITS = "0123456789"
_ENDINGS = {"Z": "\\n?\\z", "z": "\\z"}
"""Java's anchors at the end of a text in RE2's form, as the last part of a pattern."""
_MULTILINE_START = "(?:^(?!\\Z)|\\A)"
"""Joni's ^ of several lines, which is not found behind a line feed that ends the text."""
_FLAGS = re.compile(r"\(\?([ims]*)(?:-([ims]*))?(:|\))")
_NAMED = re.compile(r"\(\?<([A-Za-z_]\w*)>")
_SHARP_LETTERS = "sS\u017fßẞ"
_SHARP = re.compile(f"[{_SHARP_LETTERS}]+")
_REPEATS = ("*", "+", "?", "{")
_POSIX = {"digit": "0-9", "xdigit": "0-9A-Fa-f", "space": " \\t\\n\\x0b\\f\\r"}


@lru_cache(32)
def category(name: str) -> str:
    """The ranges of a class for a category of Unicode (L, Lu, Nd, …); empty for any other property."""
    if name[:1] not in "LMNPSZC" or len(name) > 2:
        return ""
    ranges, start = list[str](), -1
    for code in range(sys.maxunicode + 2):
        belongs = code <= sys.maxunicode and unicodedata.category(chr(code)).startswith(name)
        if belongs and start < 0:
            start = code
        elif not belongs and start >= 0:
            ranges.append(re.escape(chr(start)) + (f"-{re.escape(chr(code - 1))}" if code - 1 > start else ""))
            start = -1
    return "".join(ranges)


class _Reader:
    """Translates one pattern to Python's syntax, and determines whether RE2 also supports it."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.out: list[str] = []
        self.simple = True
        """Whether DuckDB's RE2 has the same result for whether the pattern is found."""
        self.ending: str | None = None
        """RE2's form of the anchor that is the end of the pattern: its $ is not found before a last line feed."""
        self._insensitive = self._multiline = False

    def refuse(self, what: str) -> TrinoError:
        return TrinoError("NOT_SUPPORTED", f"The sandbox's Athena cannot read {what} in the pattern {self.pattern}")

    def translated(self) -> str:
        while self.at < len(self.pattern):
            letter = self.pattern[self.at]
            if letter == "\\":
                self._escape(inside=False)
            elif letter == "[":
                self._class()
            elif letter == "(" and self.pattern.startswith("(?", self.at):
                self._group()
            else:
                self._plain(letter)
        return "".join(self.out)

    def _plain(self, letter: str) -> None:
        if letter == "$":
            self._anchored(self.at + 1, None if self._multiline else _ENDINGS["Z"])
        if letter == "^" and self._multiline:
            self.simple = False
            letter = _MULTILINE_START
        if letter in "*+?}" and self.pattern[self.at + 1 : self.at + 2] == "+":
            self.simple = False  # possessive
        if self._insensitive and letter in _SHARP_LETTERS:
            self._sharp()
            return
        self.out.append(letter)
        self.at += 1

    def _anchored(self, following: int, ending: str | None) -> None:
        """Take RE2's form of an anchor, if it has one and the pattern ends there."""
        self.ending = ending if following == len(self.pattern) else None
        self.simple = self.simple and self.ending is not None

    def _sharp(self) -> None:
        """Read s and ß without regard to case: ss also matches ß, unless a part is repeated; ẞ is only itself."""
        found = _SHARP.match(self.pattern, self.at)
        text = found[0] if found else ""
        repeated = self.pattern[self.at + len(text) : self.at + len(text) + 1] in _REPEATS
        if text == "ẞ":
            self.out.append("(?-i:ẞ)")
        elif text in {"s", "S"} or (text.lower() == "ss" and repeated):
            self.out.append(text)
        elif (text.lower() == "ss" or text == "ß") and not repeated:
            self.out.append("(?:ss|(?-i:ß))")
        else:
            raise self.refuse("(?i) with ss, which also matches ß,")
        self.at += len(text)

    def _escape(self, *, inside: bool) -> None:
        code = self.pattern[self.at + 1 : self.at + 2]
        if not code:
            raise TrinoError(INVALID, "end pattern at escape")
        self.at += 2
        if code in _CLASSES or code in _COMPLEMENTS:
            self._shorthand(code, inside=inside)
        elif code == "Q" and not inside:
            end = self.pattern.find("\\E", self.at)
            end = len(self.pattern) if end < 0 else end
            self.out.append(re.escape(self.pattern[self.at : end]))
            self.at = end + 2
        elif (code in "bBAZz" and not inside) or code in _DIGITS:
            self._anchor(code, inside=inside)
        elif code in "xu":
            self._code_point(code)
        elif code in "pP" and not (inside and self.pattern[self.at : self.at + 1] != "{"):
            self._property(code, inside=inside)
        else:
            self._escaped(code, inside=inside)

    def _shorthand(self, code: str, *, inside: bool) -> None:
        if code in _CLASSES:
            self.out.append(_CLASSES[code] if inside else f"[{_CLASSES[code]}]")
        elif inside and self._insensitive and code == "W":
            raise self.refuse("(?i) with \\W in a class")
        else:
            self.out.append(_COMPLEMENTS[code] if inside else f"[^{_CLASSES[code.lower()]}]")

    def _escaped(self, code: str, *, inside: bool) -> None:
        """A character behind a backslash: Joni's syntax of Java lacks \\h, \\R, \\X and \\K, which are letters."""
        if self._is_refused(code, inside=inside):
            raise self.refuse(f"\\{code}")
        if inside and code == "b":
            self.out.append("\\x08")
        elif code in _LITERAL_ESCAPES:
            self.out.append("\\x1b" if code == "e" else f"\\{code}")
        else:
            self.out.append(re.escape(code))

    def _is_refused(self, code: str, *, inside: bool) -> bool:
        """Return whether a letter behind a backslash is a control character, \\G, a named reference, or (?i) with ß."""
        named = code == "k" and self.pattern[self.at : self.at + 1] == "<"
        return named or code == "c" or (code == "G" and not inside) or (self._insensitive and code in _SHARP_LETTERS)

    def _anchor(self, code: str, *, inside: bool) -> None:
        self._anchored(self.at, _ENDINGS.get(code))
        if inside:
            raise self.refuse(f"\\{code}")
        if code == "0":
            raise self.refuse("an octal escape")
        self.out.append({"Z": "(?=\\n?\\Z)", "z": "\\Z", "B": "(?!\\b)"}.get(code, f"\\{code}"))

    def _property(self, code: str, *, inside: bool) -> None:
        """Write out a category of Unicode, which Python's expressions lack."""
        found = re.compile(r"\{(\^?)(\w+)\}").match(self.pattern, self.at)
        ranges = category(found[2]) if found else ""
        if found is None or not ranges:
            raise self.refuse(f"\\{code}")
        self.simple = False
        negated = (code == "P") != bool(found[1])
        if negated and inside:
            raise self.refuse(f"\\{code} in a class")
        self.out.append(ranges if inside else f"[{'^' if negated else ''}{ranges}]")
        self.at = found.end()

    def _code_point(self, code: str) -> None:
        count = 2 if code == "x" else 4
        digits = self.pattern[self.at : self.at + count]
        if len(digits) != count or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
            raise self.refuse(f"\\{code}")
        if code == "x" and int(digits, 16) > 0x7F:
            raise self.refuse("a byte")
        self.out.append(re.escape(chr(int(digits, 16))))
        self.at += count

    def _class(self) -> None:
        end = re.compile(r"\[\^?").match(self.pattern, self.at)
        opening = end[0] if end else "["
        self.out.append(opening)
        self.at += len(opening)
        first = True
        while True:
            if self.at >= len(self.pattern):
                raise TrinoError(INVALID, "premature end of char-class")
            letter = self.pattern[self.at]
            if letter == "]" and not first:
                self.out.append("]")
                self.at += 1
                return
            first = False
            if letter == "[":
                self._posix()
            elif letter == "\\":
                self._escape(inside=True)
            elif self._insensitive and letter in "ßẞ":
                raise self.refuse("(?i) with ß in a class, which also matches ss,")
            elif self.pattern.startswith("&&", self.at):
                raise self.refuse("an intersection of classes")
            else:
                self.out.append("\\]" if letter == "]" else letter)
                self.at += 1

    def _posix(self) -> None:
        found = re.compile(r"\[:(\w+):\]").match(self.pattern, self.at)
        if found is None or found[1] not in _POSIX:
            raise self.refuse("a class within a class")
        self.out.append(_POSIX[found[1]])
        self.at = found.end()

    def _group(self) -> None:
        flags, named = _FLAGS.match(self.pattern, self.at), _NAMED.match(self.pattern, self.at)
        if named:
            self.out.append(f"(?P<{named[1]}>")
            self.at = named.end()
        elif flags and (flags[3] == ":" or (self.at == 0 and not flags[2])):
            self._insensitive = self._insensitive or ("i" in flags[1] and flags[3] == ")")
            self._multiline = self._multiline or "m" in flags[1]
            if "i" in flags[1] and flags[3] == ":" and re.search("ss|ß|ẞ", self.pattern, re.IGNORECASE):
                raise self.refuse("(?i) with ss, which also matches ß,")
            self.out.append(flags[0])
            self.at = flags.end()
        elif flags:
            raise self.refuse(flags[0])
        elif self.pattern[self.at + 2 : self.at + 3] in {"=", "!", ">"} or self.pattern[self.at + 2 : self.at + 4] in {
            "<=",
            "<!",
        }:
            self.simple = False
            self.out.append("(?")
            self.at += 2
        else:
            raise self.refuse(self.pattern[self.at : self.at + 3])


_ERRORS = (
    "unterminated",
    "missing",
    "nothing to repeat",
    "unbalanced",
    "bad character range",
    "invalid group reference",
)


@lru_cache(256)
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of Trino's for Python; TrinoError for one that is invalid or cannot be translated."""
    translated = _Reader(pattern).translated()
    try:
        return re.compile(translated)
    except re.error as error:
        if error.msg.startswith(_ERRORS):
            raise TrinoError(INVALID, f"{error.msg}: {pattern}") from error
        raise TrinoError("NOT_SUPPORTED", f"The sandbox's Athena cannot read {pattern}: {error.msg}") from error


def re2(pattern: str) -> str | None:
    """The pattern for DuckDB, if its own engine is certain to find the same texts; otherwise None."""
    reader = _Reader(pattern)
    try:
        translated = reader.translated()
        compiled(pattern)
    except TrinoError:
        return None
    if not reader.simple:
        return None
    return translated if reader.ending is None else "".join(reader.out[:-1]) + reader.ending
