"""Refuse the words that docs/glossary.md refuses, in every text of the tree: run by `make check`.

`python docs/words.py loadgen/ sandbox/front/` checks these paths only.

The tables of the glossary are the only list. A phrase is searched for in comments, docstrings and strings of Python
files and in the whole text of other files, without regard to case and line breaks. A name in backticks is compared with
Python identifiers, and one that ends in an underscore with their beginnings, both after leading underscores.

No linter on PyPI fits: codespell and typos take single words only, and the package vale downloads a program when it
runs.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
GLOSSARY = ROOT / "docs" / "glossary.md"
_SUFFIXES = {".c", ".h", ".md", ".py", ".pyi", ".sh", ".toml", ".yaml", ".yml"}
_NAMES = {"Makefile"}
_EXEMPT = ("docs/glossary.md", "tests/unit/docs/test_words.py")
# Between two words of a phrase: white space, a comment's mark, or the quotes of two adjacent literals.
_GAP = r"""\s*["']?\s+(?:(?:#:?|//|\*|f?["'])\s*)?"""
_TEXT = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}


class Refusals(NamedTuple):
    """What the glossary refuses: a pattern of phrases in text, identifiers, and beginnings of identifiers."""

    phrases: re.Pattern[str]
    names: frozenset[str]
    prefixes: tuple[str, ...]


class Hit(NamedTuple):
    """A refused word: the file, the line (from 1) and the word as the file has it."""

    path: str
    line: int
    word: str


def refusals(glossary: str) -> Refusals:
    """Read the two tables of refused words from the glossary's Markdown."""
    cells = [row.split("|")[1] for row in glossary.split("## Refused words", 1)[1].splitlines() if row.startswith("| ")]
    entries = [entry.strip() for cell in cells for entry in cell.split(",") if entry.strip() != "refused"]
    phrases = [_GAP.join(map(re.escape, entry.split())) for entry in entries if not entry.startswith("`")]
    names = frozenset(entry.strip("`") for entry in entries if entry.startswith("`"))
    prefixes = tuple(name for name in names if name.endswith("_"))
    return Refusals(re.compile(rf"\b(?:{'|'.join(phrases)})\b", re.IGNORECASE), names, prefixes)


def hits(path: str, text: str, refused: Refusals) -> Iterator[Hit]:
    """Find the refused words of one file.

    `None` and `NONE` are values, so "is None" is not a hit.
    """
    readable = _readable(text) if path.endswith((".py", ".pyi")) else text
    for match in refused.phrases.finditer(readable):
        if not re.search("None|NONE", match.group()):
            yield Hit(path, readable.count("\n", 0, match.start()) + 1, " ".join(match.group().split()))
    if path.endswith((".py", ".pyi")):
        yield from _names(path, text, refused)


def _names(path: str, text: str, refused: Refusals) -> Iterator[Hit]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        name = token.string.lstrip("_")
        if token.type == tokenize.NAME and (name in refused.names or name.startswith(refused.prefixes)):
            yield Hit(path, token.start[0], token.string)


def _readable(text: str) -> str:
    """Keep comments and strings of a Python file at their lines and drop its code."""
    lines = [""] * (text.count("\n") + 2)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in _TEXT:
            for number, part in enumerate(token.string.split("\n"), token.start[0]):
                lines[number - 1] += f" {part}"
    return "\n".join(lines)


def files(under: tuple[str, ...] = ()) -> Iterator[str]:
    """Name the tracked text files that are checked, as paths from the root: those under `under`, or all."""
    listed = subprocess.run(
        ["git", "ls-files"],  # noqa: S607 - the user's own git, wherever it is
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for path in listed.stdout.splitlines():
        if path in _EXEMPT or (under and not path.startswith(under)):
            continue
        if (Path(path).suffix in _SUFFIXES or Path(path).name in _NAMES) and (ROOT / path).exists():
            yield path


def main(under: tuple[str, ...]) -> int:
    """Print each refused word with its place; exit code 1 if there is one."""
    refused = refusals(GLOSSARY.read_text())
    found = [hit for path in files(under) for hit in hits(path, (ROOT / path).read_text(), refused)]
    for hit in found:
        sys.stdout.write(f"{hit.path}:{hit.line}: {hit.word!r}: docs/glossary.md has the word to write\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:])))
