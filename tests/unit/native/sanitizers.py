"""The compiled parts under sanitizers, outside of the suite: `make test-native`.

    python -m tests.unit.native.sanitizers [--cases N] [--seed N]

Copies of the packages under .build/sanitized get modules that check what they do, and
the tests that reach the C run on these, then the fuzzer:

- *undefined*: clang's UndefinedBehaviorSanitizer (overflow, shifts, alignment, an index
  beyond its array, also within a structure), with the runtime that the compiler's package
  brings, so that this works on every machine that has the project. Python runs with
  PYTHONMALLOC=debug, which finds a write beyond a block when the block is freed, and the
  fuzzer and a test use memory that ends before an inaccessible page.
- *address*: clang's AddressSanitizer, which finds each read and write beyond a block, a
  stack array or a constant, and each use of freed memory. Its runtime is not in the
  compiler's package: it runs where gcc or clang is installed, and says so where not.

First each sanitizer has to find the faults in PLANTED: a target that never fails proves nothing. Exit code 1 for a
planted fault that is not found, or a test that fails; the report of a sanitizer is on standard error.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from components.compiler import LAKE, LOADGEN, PARTS, SANDBOX, SHARED_HEADERS, TRANSFORM, Part

ROOT = Path(__file__).parents[3]
COPIES = ROOT / ".build" / "sanitized"
_COPIED = (
    *("lake", "loadgen", "sandbox", "stack", "transform", "tests/events", "tests/dynamodb_engine.py"),
    *("tests/unit/loadgen", "tests/unit/native", "tests/unit/transform"),
    *("tests/property/loadgen", "tests/property/transform"),
    *("tests/property/sandbox/test_usual_items.py", "tests/property/sandbox/test_http1_heads.py"),
    *("tests/property/sandbox/test_athena_json.py", "tests/property/sandbox/test_checksums.py", "tests/property/lake"),
)
TESTS = (
    *("tests/unit/native/test_binding.py", "tests/unit/transform/test_batch.py"),
    *("tests/unit/transform/test_fast_path.py", "tests/unit/transform/test_fast_path_image.py"),
    *("tests/unit/transform/test_fast_path_event.py", "tests/property/transform/test_transform_rows.py"),
    *("tests/unit/loadgen/test_loadgen_receiver.py", "tests/unit/loadgen/test_loadgen_pacer.py"),
    "tests/unit/loadgen/test_loadgen_sending.py",
    *("tests/property/loadgen/test_loadgen_signing.py", "tests/property/loadgen/test_loadgen_inserts.py"),
    "tests/property/loadgen/test_loadgen_single_writes.py",
    *("tests/property/sandbox/test_usual_items.py", "tests/property/sandbox/test_http1_heads.py"),
    *("tests/property/sandbox/test_athena_json.py", "tests/property/sandbox/test_checksums.py"),
    "tests/property/lake/test_item_texts.py",
)
_PYTEST = ("-q", "--import-mode=importlib", "-p", "no:cacheprovider", "-p", "no:randomly")
# What the shared library of a sanitizer is called, by the compilers that have one.
_RUNTIMES = {"gcc": "libasan.so", "clang": "libclang_rt.asan.so"}


@dataclass(frozen=True)
class Sanitizer:
    """How the parts are compiled and Python is started, so that a fault ends the process with a report."""

    name: str
    flags: tuple[str, ...]
    reports: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


def undefined() -> Sanitizer:
    """UndefinedBehaviorSanitizer, with Python's own checks of its memory."""
    # Else clang takes an array at the end of a structure for one without an end.
    flags = ("-fsanitize=undefined", "-fno-sanitize-recover=undefined", "-fstrict-flex-arrays=3")
    return Sanitizer("undefined", flags, ("panic: ", "bad trailing pad byte"), {"PYTHONMALLOC": "debug"})


def address() -> Sanitizer | None:
    """AddressSanitizer; None where no runtime of it is installed."""
    runtime = next(_runtimes(), None)
    if runtime is None:
        return None
    environment = {
        "LD_PRELOAD": str(runtime),
        # Of what Python keeps until its end, and of what other modules do, nothing is said.
        "ASAN_OPTIONS": "detect_leaks=0:detect_odr_violation=0",
        # Each object is a separate block, so that memory after it does not belong to Python.
        "PYTHONMALLOC": "malloc",
    }
    return Sanitizer(
        "address", ("-fsanitize=address", "-fno-sanitize=undefined"), ("ERROR: AddressSanitizer",), environment
    )


def _runtimes() -> Iterator[Path]:
    for compiler, library in _RUNTIMES.items():
        if sys.platform == "linux" and (found := shutil.which(compiler)):
            shown = subprocess.run([found, f"-print-file-name={library}"], capture_output=True, text=True, check=False)
            path = Path(shown.stdout.strip())
            if path.is_absolute() and path.exists():
                yield path.resolve()


@dataclass(frozen=True)
class Fault:
    """A fault to be planted: in a file of a part, `right` becomes `wrong`; `statement` is Python that meets it."""

    name: str
    part: Part
    file: str
    right: str
    wrong: str
    statement: str
    found_by: tuple[str, ...]


_ROWS = """
from tests.unit.transform.changes import data_of, pipe_event, records_of
from transform.fast_path import FastPath
from transform.schema import TABLE
from transform.compiled import native, describe
"""
_SIGNING = """
from types import SimpleNamespace
from loadgen.compiled import native
state = native.state(b"x" * 64)
def sign(size):
    call = SimpleNamespace(target="t", pieces=[b"y" * size])
    return native.requests([call], {"t": (b"head", state)}, state, state)
"""
_WRITES = """
from loadgen.schedule.keys import Uniform
from loadgen.schedule.mix import Mix
from loadgen.workloads.compiled_orders import CompiledOrders
from loadgen.workloads.orders import Orders
from loadgen.workloads.pools import build
orders = CompiledOrders(Orders(build(1), Mix(), Uniform(), table="t", seed=1), 0)
def write(*arrival):
    for write in orders.due(iter(()), arrival, until_ns=1 << 62, limit=1, room=1).writes:
        write.answered_ns = 1
        orders.acknowledge([write], [0] * 9, [0] * 9, first_ns=0, end_ns=1 << 62)
"""
_STORED = "from sandbox.compiled import native\nnative.stored({}, (b'pk',), (83,))"
_TEXTS = """
from lake.compiled import compiled_columns, native
from transform.schema import TABLE
columns = compiled_columns(TABLE)
"""
PLANTED = (
    Fault(
        "an item's members are read beyond their array",
        *(LAKE, "texts.h", "for (int i = 0; i < count; i++) {", "for (int i = 0; i < count + MOST_SORTED; i++) {"),
        _TEXTS + 'native.texts(columns, b\'{"order_id":{"S":"a"}}\')',
        ("address",),
    ),
    Fault(
        "an item's row has too little room",
        *(LAKE, "texts.h", "int64_t bytes = count - 1;", "int64_t bytes = 0;"),
        _TEXTS + 'native.texts(columns, b\'{"order_id":{"S":"a"}}\')',
        ("undefined", "address"),
    ),
    Fault(
        "the names of an item are written beyond their array",
        *(SANDBOX, "item.h", "count == MOST_MEMBERS ||", "count > MOST_MEMBERS ||"),
        _STORED.format("b'{' + b','.join(b'\"%d\":{\"N\":\"1\"}' % n for n in range(70)) + b'}'"),
        ("undefined", "address"),
    ),
    Fault(
        "a header's name is written beyond its array",
        *(SANDBOX, "headers.h", "to == lower + MOST_NAME", "to == lower + 9 * MOST_NAME"),
        "from sandbox.compiled import native\nnative.headers(b'x' * 200 + b': y', 0, 203)",
        ("undefined", "address"),
    ),
    Fault(
        "an item has no room behind it",
        *(SANDBOX, "module.c", "(size_t)given->len + AT_ONCE;", "(size_t)given->len;"),
        _STORED.format("b'{}'"),
        ("undefined", "address"),
    ),
    Fault(
        "a JSON text has no room behind it",
        *(SANDBOX, "scalars.h", "(size_t)length(given) + AT_ONCE", "(size_t)length(given)"),
        "from sandbox.compiled import native\nnative.scalars(b'{}', ((b'a',),))",
        ("undefined", "address"),
    ),
    Fault(
        "the paths of scalars are written beyond their array",
        *(SANDBOX, "scalars.h", "count > MOST_PATHS", "count > 2 * MOST_PATHS"),
        "from sandbox.compiled import native\nnative.scalars(b'{}', ((b'a',),) * 65)",
        ("undefined", "address"),
    ),
    Fault(
        "an array within a structure is written one beyond its end",
        *(TRANSFORM, "change.h", "image->count == MAX_MEMBERS", "image->count > MAX_MEMBERS"),
        _ROWS + "FastPath(TABLE).write(records_of(pipe_event(NewImage={f'a{n}': {'S': ''} for n in range(600)})))",
        ("undefined",),
    ),
    Fault(
        "a number overflows",
        *(TRANSFORM, "rows.h", "++digits > 17", "++digits > 40"),
        _ROWS + "FastPath(TABLE).write(records_of(data_of(pipe_event()).replace(b'1795356187', b'9' * 30)))",
        ("undefined",),
    ),
    Fault(
        "a request is allocated too small",
        *(LOADGEN, "request.h", "+ length(after) + body)", "+ length(after) + body - 8)"),
        _SIGNING + "sign(1000)",
        ("undefined", "address"),
    ),
    Fault(
        "an update of an order is allocated too small",
        *(LOADGEN, "orders.h", "+ length(texts->values_end);", "+ length(texts->values_end) - 40;"),
        _WRITES + "write(0, 0, 'insert', 0, 5)\nwrite(1, 10**10, 'update', 0, 5)",
        ("undefined", "address"),
    ),
    Fault(
        "an order is written beyond the ring",
        *(LOADGEN, "orders.h", "number % ring->places", "number % (ring->places + 9)"),
        _WRITES + "write(0, 0, 'insert', len(orders.ring) // 32 + 1, 5)",
        ("address",),
    ),
    Fault(
        "the names of a table have too little room",
        *(TRANSFORM, "description.h", "bytes += length(span) + AT_ONCE;", "bytes += length(span);"),
        _ROWS + "native.table(*describe(TABLE))",
        ("undefined", "address"),
    ),
    Fault(
        "a row is read beyond the record",
        *(TRANSFORM, "module.c", "lengths[i] > room - AT_ONCE ||", "lengths[i] > room ||"),
        _ROWS
        + "from array import array\n"
        + "record = bytes(bytearray(data_of(pipe_event())[:-1]))\n"
        + "native.rows(native.table(*describe(TABLE)), record + b'\\0', array('q', [len(record)]), bytearray(9000), "
        + "bytearray(8), bytearray(1), bytearray(8))",
        ("address",),
    ),
    Fault(
        "decoded records have no room behind them",
        *(TRANSFORM, "contents.h", "int64_t bytes = AT_ONCE;", "int64_t bytes = 0;"),
        _ROWS
        + "records, length = records_of(b'x' * 900), bytearray(8)\n"
        + "native.contents(records, bytearray(native.contents(records, bytearray(), length)), length)",
        ("undefined", "address"),
    ),
    Fault(
        "the end of a hashed message is written beyond its array",
        *(LOADGEN, "sha256.h", "uint8_t bytes[3 * SHA256_BLOCK];", "uint8_t bytes[SHA256_BLOCK];"),
        _SIGNING + "sign(60)",
        ("undefined", "address"),
    ),
)


class Workshop:
    """A copy of what is tested, for one sanitizer."""

    def __init__(self, sanitizer: Sanitizer) -> None:
        self._sanitizer = sanitizer
        self._copy = COPIES / sanitizer.name
        shutil.rmtree(self._copy, ignore_errors=True)
        for name in _COPIED:
            ignored = shutil.ignore_patterns("__pycache__", "*.so")
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, self._copy / name, ignore=ignored)
                continue
            (self._copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, self._copy / name)
        shutil.copyfile(ROOT / "pyproject.toml", self._copy / "pyproject.toml")

    def build(self, part: Part) -> None:
        """Compile a part of the copy; CalledProcessError when it does not compile."""
        cache = str(ROOT / ".build" / "zig")
        subprocess.run(
            [
                *(sys.executable, "-m", "ziglang", "cc", "-std=gnu11", "-O1", "-g", "-fno-omit-frame-pointer"),
                *("-Wall", "-Wextra", "-Werror", f"-I{SHARED_HEADERS}", "-shared", "-fPIC", *self._sanitizer.flags),
                *("-o", part.library, part.source),
            ],
            cwd=self._copy,
            env=os.environ | {"ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache},
            check=True,
        )

    def finds(self, fault: Fault) -> bool:
        """Whether a planted fault ends the process, with the sanitizer's report or Python's of its memory."""
        path = self._copy / fault.part.headers / fault.file
        source = path.read_text()
        path.write_text(source.replace(fault.right, fault.wrong))
        try:
            self.build(fault.part)
            result = self._run("-c", fault.statement, captured=True)
        finally:
            path.write_text(source)
        # Where nothing can come behind a check, clang ends the process with an illegal instruction instead of a report.
        return result.returncode == -signal.SIGILL or (
            result.returncode != 0 and any(report in result.stderr for report in self._sanitizer.reports)
        )

    def runs(self, *arguments: str) -> bool:
        """Whether a Python with these arguments comes to a good end."""
        return self._run(*arguments).returncode == 0

    def _run(self, *arguments: str, captured: bool = False) -> subprocess.CompletedProcess[str]:
        # In CI, Hypothesis sets no deadline.
        environment = os.environ | {"CI": "1", "PYTHONFAULTHANDLER": "1"} | dict(self._sanitizer.environment)
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self._copy,
            env=environment,
            capture_output=captured,
            text=True,
            check=False,
        )


def check(sanitizer: Sanitizer, cases: int, seed: int) -> bool:
    """Whether a sanitizer finds what is planted, and nothing else."""
    workshop = Workshop(sanitizer)
    for part in PARTS:
        workshop.build(part)
    chosen = [fault for fault in PLANTED if sanitizer.name in fault.found_by]
    missed = [fault.name for fault in chosen if not workshop.finds(fault)]
    for name in missed:
        _say(f"{sanitizer.name}: not found: {name}")
    _say(f"{sanitizer.name}: {len(chosen) - len(missed)} of {len(chosen)} planted faults found")
    for part in PARTS:
        workshop.build(part)
    fuzz = ("-m", "tests.property.transform.fuzz", "--cases", str(cases), "--seed", str(seed))
    return not missed and workshop.runs("-m", "pytest", *_PYTEST, *TESTS) and workshop.runs(*fuzz)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.unit.native.sanitizers", description="Test the compiled parts under sanitizers."
    )
    parser.add_argument("--cases", type=int, default=20_000, help="how many cases the fuzzer tries (default: 20,000)")
    parser.add_argument("--seed", type=int, default=1, help="what the fuzzer's cases follow from (default: 1)")
    chosen = parser.parse_args(arguments)
    passed = check(undefined(), chosen.cases, chosen.seed)
    sanitizer = address()
    if sanitizer is None:
        _say("address: skipped, because there is neither gcc nor clang with AddressSanitizer's runtime")
    else:
        passed = check(sanitizer, chosen.cases, chosen.seed) and passed
    _say("No fault found in the compiled parts." if passed else "There is a fault: see above.")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
