"""Mutation testing of the transform's C, outside of the suite: does a test hold every line that the transform has in C?

    python -m tests.unit.transform.c_mutation [--workers N] [--only FILE:LINE ...]

One thing is changed at a time: an operator, a constant, a condition, a statement
left out. Each mutant is compiled and tried by the tests that reach it, in copies
under .build/c-mutation; what does not end is killed too. Not counted is one that
does not compile, and one of which the compiler makes what it made before. Printed are
each that no test noticed, and the score; it takes half an hour. mutation.py does the
same for the Python.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import NamedTuple

from components import host
from components.compiler import SHARED_HEADERS, digest
from components.library import LIBRARY, SOURCE, compile_library
from components.wheels import BundleError, Platform

ROOT = Path(__file__).parents[3]
COPIES = ROOT / ".build" / "c-mutation"
_COPIED = (*("transform", "tests/events", "tests/unit/native", "tests/unit/transform", "tests/property/transform"),)
# Declarations alone, of which tests/unit/native/test_header.py has each in facts.c.
_NOT_MUTATED = ("python.h",)
# What is quick is tried first: most mutants are killed by it.
_TESTS = (
    (
        "tests/unit/native/test_binding.py",
        "tests/unit/transform/test_fast_path.py",
        "tests/unit/transform/test_fast_path_image.py",
        "tests/unit/transform/test_fast_path_event.py",
    ),
    (
        "tests/unit/transform/test_golden.py",
        "tests/unit/transform/test_batch.py",
        "tests/property/transform/test_transform_rows.py",
    ),
)
# Of the processor's time, so that a busy machine kills nothing.
_LIMITS_S = (10, 60)
_EXAMPLES = 5
_PYTEST = (*("-q", "-x", "--tb=no", "--import-mode=importlib"), *("-p", "no:cacheprovider"))
_CONFIG = '[tool.pytest.ini_options]\npythonpath = ["."]\n'
# Hypothesis draws the same each time, and what other plug-ins do takes longer than most tests.
_ENVIRONMENT = os.environ | {"CI": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}

_SWAPPED = ["< <=", "> >=", "== !=", "+ -", "* /", "& |", "&& ||", "+= -=", "*= /=", "++ --"]
_REPLACED = {
    **{first: second for pair in _SWAPPED for first, second in (pair.split(), pair.split()[::-1])},
    "%": "/",
    "<<": ">>",
    "&=": "|=",
}
# In the source, as its formatter leaves it, an operator with two operands stands between spaces.
_BINARY = re.compile(
    r"(?<= )(?:" + "|".join(re.escape(text) for text in _REPLACED if text not in ("++", "--")) + r")(?= )"
)
_STEP = re.compile(r"\+\+|--")
_CONSTANT = re.compile(r"(?<!\w)(?:0x[0-9A-F]+|[0-9]+)(?=u?\b)")
_CONDITION = re.compile(r"\b(?:if|while) \(")
_STATEMENT = re.compile(
    r"(?:^ *|(?<=[;{)] )|(?<=else ))(return\b[^;]*;|[\w*][^ ;(]* [-+*/|&]?= [^;]*;|\w+\([^;]*\);|break;|continue;)",
    re.MULTILINE,
)
# Not code: left as blanks, so that what is behind keeps its place.
_BLANKED = re.compile(
    r'/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\]|\\.)\'|^#(?:include|ifndef|endif|define \w+_H).*?$',
    re.DOTALL | re.MULTILINE,
)


class Mutant(NamedTuple):
    """A source with one thing changed: `text` instead of what stands from `start` to `end`."""

    file: str
    start: int
    end: int
    text: str

    def of(self, source: str) -> str:
        """The changed source."""
        return source[: self.start] + self.text + source[self.end :]


def mutants(file: str, source: str) -> Iterator[Mutant]:
    """Every mutant of a source."""
    code = _BLANKED.sub(lambda match: re.sub(r"[^\n]", "\N{SYMBOL FOR NULL}", match[0]), source)
    for match in [*_BINARY.finditer(code), *_STEP.finditer(code)]:
        yield Mutant(file, match.start(), match.end(), _REPLACED[match[0]])
    for match in _CONSTANT.finditer(code):
        value = int(match[0], 0)
        for other in (value + 1, value - 1):
            yield Mutant(file, match.start(), match.end(), str(other))
    for match in _CONDITION.finditer(code):
        end = _closing(code, match.end() - 1)
        yield Mutant(file, match.end(), end, f"!({source[match.end() : end]})")
    for match in _STATEMENT.finditer(code):
        if match[1].count("(") == match[1].count(")"):
            yield Mutant(file, match.start(1), match.end(1), ";")


def _closing(code: str, place: int) -> int:
    """Where the bracket that opens at a place is closed."""
    depth = 0
    while True:
        depth += {"(": 1, ")": -1}.get(code[place], 0)
        if not depth:
            return place
        place += 1


class Workshop:
    """Copies of the tree in which mutants are compiled and tried, as many at a time as there are workers."""

    def __init__(self, workers: int) -> None:
        self._target = Platform(host.runtime(), host.architecture(), native=True)
        self._known: set[bytes] = set()
        self._lock = Lock()
        self._free: SimpleQueue[Path] = SimpleQueue()
        shutil.rmtree(COPIES, ignore_errors=True)
        for number in range(workers):
            self._free.put(_copy(COPIES / str(number)))

    def is_noticed(self, mutant: Mutant) -> bool | None:
        """Whether a test fails; None when the mutant is not to be counted."""
        copy = self._free.get()
        path = (copy / SOURCE).with_name(mutant.file)
        source = path.read_text()
        try:
            path.write_text(mutant.of(source))
            return self._compile(copy) and not self._passes(copy)
        finally:
            path.write_text(source)
            self._free.put(copy)

    def _compile(self, copy: Path) -> bool | None:
        """True, or None when there is nothing new to be tried."""
        try:
            library = compile_library(copy / SOURCE, self._target)
        except BundleError:
            return None
        # It tells its sources, which differ each time.
        code = library.replace(digest((copy / SOURCE).parent).encode(), b"")
        with self._lock:
            if code in self._known:
                return None
            self._known.add(code)
        (copy / LIBRARY).write_bytes(library)
        return True

    def _passes(self, copy: Path) -> bool:
        return all(
            subprocess.run(
                [
                    "sh",
                    "-c",
                    f'ulimit -c 0; ulimit -t {limit_s}; exec "$@"',
                    "sh",
                    sys.executable,
                    "-m",
                    "pytest",
                    *_PYTEST,
                    *tests,
                ],
                cwd=copy,
                env=_ENVIRONMENT,
                capture_output=True,
                check=False,
            ).returncode
            == 0
            for tests, limit_s in zip(_TESTS, _LIMITS_S, strict=True)
        )


def _copy(directory: Path) -> Path:
    for name in _COPIED:
        shutil.copytree(ROOT / name, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
    for test in (directory / "tests" / "property").rglob("test_*.py"):
        test.write_text(re.sub(r"max_examples=\d+", f"max_examples={_EXAMPLES}", test.read_text()))
    shutil.copyfile(ROOT / "tests" / "golden.py", directory / "tests" / "golden.py")
    # Beside the source, where it finds them before the originals.
    shutil.copytree(SHARED_HEADERS, (directory / SOURCE).parent, dirs_exist_ok=True)
    (directory / "pyproject.toml").write_text(_CONFIG)
    return directory


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.unit.transform.c_mutation", description="Mutate the transform's C."
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", nargs="*", metavar="FILE:LINE", help="mutate no other lines than these")
    chosen = parser.parse_args(arguments)
    files = sorted(path for directory in ((ROOT / SOURCE).parent, SHARED_HEADERS) for path in directory.iterdir())
    sources = {path.name: path.read_text() for path in files if path.name not in _NOT_MUTATED}
    every = [mutant for file, source in sources.items() for mutant in mutants(file, source)]
    workshop = Workshop(chosen.workers)
    unchanged = Mutant(Path(SOURCE).name, 0, 0, "")
    if workshop.is_noticed(unchanged) is not False:
        sys.stderr.write("The tests fail without a mutation; fix that first.\n")
        return 2
    wanted = [mutant for mutant in every if not chosen.only or _place(mutant, sources) in chosen.only]
    tried = noticed = 0
    with ThreadPoolExecutor(chosen.workers) as pool:
        for mutant, is_noticed in zip(wanted, pool.map(workshop.is_noticed, wanted), strict=True):
            if is_noticed is None:
                continue
            tried, noticed = tried + 1, noticed + is_noticed
            if not is_noticed:
                before = sources[mutant.file][mutant.start : mutant.end]
                line = _line(mutant, sources)
                sys.stdout.write(f"{_place(mutant, sources)}: {before!r} -> {mutant.text!r} in {line}\n")
                sys.stdout.flush()
    sys.stdout.write(f"{noticed} of {tried} mutants killed: {noticed / max(tried, 1):.1%}\n")
    return 0


def _place(mutant: Mutant, sources: dict[str, str]) -> str:
    return f"{mutant.file}:{sources[mutant.file].count(chr(10), 0, mutant.start) + 1}"


def _line(mutant: Mutant, sources: dict[str, str]) -> str:
    """The line that is changed, with a mark at the place."""
    source = sources[mutant.file]
    start = source.rfind("\n", 0, mutant.start) + 1
    return f"{source[start : mutant.start]}»{source[mutant.start :].partition(chr(10))[0]}".strip()


if __name__ == "__main__":
    sys.exit(main())
