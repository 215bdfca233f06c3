"""Records how the JDK and Joda-Time interpret date patterns, in files beside this one.

    python -m tests.oracle.dates --joda joda-time-2.13.0.jar

It needs a JDK on the PATH, and the jar joda-time:joda-time of Maven Central. The tests read these files and need
neither.
"""

from __future__ import annotations

import json
import random
import subprocess
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

HERE = Path(__file__).parent
MOMENTS = (
    "2018-08-27T10:30:05.123Z[UTC]",
    "2024-02-29T00:00:00Z[UTC]",
    "2024-12-30T23:59:59.999Z[UTC]",
    "1999-01-03T12:05:09.010+09:00[Asia/Tokyo]",
    "2026-07-01T13:07:00.500+05:30[Asia/Kolkata]",
    "2026-11-01T01:30:00-03:30[America/St_Johns]",
)
_LETTERS = "GCyuYxwWeEcDdMLQqFaBKHhkmsSAnNVvzZOXp"
_DATES = (("yyyy", "y", "yyyy", "yy"), ("MM", "M", "MMM", "MMMM"), ("dd", "d"))
_TIMES = (("HH", "H"), ("mm", "m"), ("ss", "s"), ("S", "SS", "SSS"))
_BETWEEN = ("-", "/", " ", ":", "T", ".", "''", "'at'", "'it''s'", "", "", "[", "]", "{", "#", "'")


def _format_questions(letters: Sequence[str], moments: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    for letter, count in product(letters, range(1, 7)):
        for moment in moments:
            yield "format", letter * count, moment
    draw = random.Random(12)
    for _ in range(400):
        runs = [draw.choice(letters) * draw.randint(1, 4) for _ in range(draw.randint(1, 5))]
        pattern = "".join(run + draw.choice(_BETWEEN).replace("T", "'T'") for run in runs)
        yield "format", pattern, draw.choice(moments)


def _parse_questions(extra: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    draw = random.Random(13)
    texts = {
        "yyyy": ("2024", "1999", "0800", "24", "12024"),
        "y": ("2024", "7"),
        "yy": ("24", "99", "2024", "7"),
        "MM": ("02", "2", "12", "13", "00"),
        "M": ("2", "02", "12"),
        "MMM": ("Feb", "feb", "February", "Xyz"),
        "MMMM": ("February", "Feb", "december"),
        "dd": ("29", "3", "03", "31"),
        "d": ("3", "29"),
        "HH": ("00", "23", "24", "7"),
        "H": ("7", "07"),
        "mm": ("59", "60", "5"),
        "m": ("5", "59"),
        "ss": ("05", "59", "61"),
        "s": ("5",),
        "S": ("1", "12"),
        "SS": ("12", "1"),
        "SSS": ("123", "12", "1"),
        "D": ("60", "366"),
        "DDD": ("060", "366", "60"),
        "uuuu": ("2024",),
        "Z": ("+0100", "-03:30", "Z"),
        "ZZ": ("+01:00", "Z"),
        "hh": ("12", "07", "13"),
        "h": ("7", "12"),
        "a": ("AM", "pm", "x"),
        "kk": ("24", "07"),
        "KK": ("00", "11", "12"),
    }
    patterns = ["yyyyMMdd", "yyyyMMddHHmmss", "yyyy-MM-dd'T'HH:mm:ss.SSS", "dd MMM yyyy", "yyyy-DDD", "MM.dd", "HH:mm"]
    patterns += ["yyyy-MM-dd hh:mm a", "yyyyMMddHH", "d/M/yy", "yyyy", "yyyy-MM", "MMM d, yyyy", "yyyy''MM", "dd"]
    for _ in range(250):
        fields = (*_DATES, *_TIMES[: draw.randint(0, 4)])
        chosen = [draw.choice(field) for field in (fields if draw.random() < 0.7 else draw.sample(fields, 2))]
        draw.shuffle(chosen)
        if draw.random() < 0.3:
            chosen[draw.randrange(len(chosen))] = draw.choice(extra)
        patterns.append(draw.choice(("-", "/", " ", ":")).join(chosen))
    for pattern in patterns:
        for _ in range(4):
            yield "parse", pattern, _filled(pattern, texts, draw)


def _filled(pattern: str, texts: dict[str, tuple[str, ...]], draw: random.Random) -> str:
    out, rest = "", pattern
    while rest:
        run = rest[: len(rest) - len(rest.lstrip(rest[0]))] if rest[0].isalpha() else rest[0]
        if rest[0] == "'":
            literal = rest[1 : rest.index("'", 1)]
            out, rest = out + (literal or "'"), rest[len(literal) + 2 :]
            continue
        choice = texts.get(run, (run,))
        out += draw.choice((choice[0], choice[0], draw.choice(choice)))
        rest = rest[len(run) :]
    return out


def _ask(command: Sequence[str], questions: Sequence[tuple[str, str, str]], to: Path) -> None:
    asked = "".join("\t".join(question) + "\n" for question in questions)
    result = subprocess.run(command, input=asked, capture_output=True, text=True, check=True)
    version = result.stderr.strip().splitlines()[-1]
    with to.open("w") as file:
        file.write(json.dumps({"oracle": to.stem, "version": version}) + "\n")
        for question, answer in zip(questions, result.stdout.splitlines(), strict=True):
            mark, text = answer.split("\t", 1)
            file.write(json.dumps([*question, text if mark == "=" else None, None if mark == "=" else text]) + "\n")


def main() -> None:
    """Write java.jsonl and joda.jsonl: a line with the version, then [what, pattern, text, answer, error] each."""
    parser = ArgumentParser(prog="python -m tests.oracle.dates", description="Record what date patterns mean.")
    parser.add_argument("--joda", type=Path, required=True, help="the jar joda-time:joda-time")
    joda = str(parser.parse_args().joda.resolve())
    questions = [*_format_questions(_LETTERS, MOMENTS), *_parse_questions(("uuuu", "DDD", "D", "hh", "h", "a"))]
    _ask(["java", str(HERE / "Java.java")], questions, HERE / "java.jsonl")
    utc = [moment.partition("[")[0] for moment in MOMENTS]
    questions = [*_format_questions(_LETTERS, utc), *_parse_questions(("DDD", "D", "hh", "h", "a", "Z", "ZZ", "kk"))]
    _ask(["java", "-cp", joda, str(HERE / "Joda.java")], questions, HERE / "joda.jsonl")


if __name__ == "__main__":
    main()
