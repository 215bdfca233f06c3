"""Fuzzing outside of the suite: millions of damaged events, none of which may raise or break another's row.

    python -m tests.property.transform.fuzz --cases 1000000 --seed 1

It starts from the fixtures in tests/events and from its own seeds, and damages them: bits, bytes, numbers, quotes,
values, cuts, repeats, splices of two. Checked of each case:

- by the fast path, between two memory areas that each end before an inaccessible page: it stays within both and returns
  the slow path's result, in any amount of room;
- in a batch, between two good records: the results' ids and order, that the good rows are unchanged, that a failed
  record keeps its data, and that every row is the slow path's: JSON with the schema's columns and the unchanged images.

Exit code 1 at the first failing case, which is printed. A case that ends the process is in .build/fuzz-case, where each
is written before it runs:

    python -m tests.property.transform.fuzz --case .build/fuzz-case
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import sys
import time
from collections.abc import Callable
from io import FileIO
from pathlib import Path

from msgspec import Raw, Struct
from msgspec.json import Decoder

from tests.property.transform.damage import Damage, movement_seeds, order_seeds
from tests.property.transform.guarded import GuardedRows
from tests.property.transform.inventory import INVENTORY
from transform.batch import Record, Transform
from transform.events import Change, read_change
from transform.fast_path import FALLBACK, RESULTS
from transform.rows import RowWriter
from transform.schema import TABLE, LakeTable
from transform.settings import FunctionSettings

UNDER_TEST = Path(__file__).parents[3] / ".build" / "fuzz-case"
_PER_BATCH = 20
_MAX_BYTES = 1 << 20


class _Images(Struct):
    OldImage: Raw = Raw(b"null")
    NewImage: Raw = Raw(b"null")


class _Envelope(Struct):
    dynamodb: _Images


_images = Decoder(_Envelope).decode


class Fuzzer:
    """Checks the results of records for one table."""

    def __init__(self, table: LakeTable, good: bytes, generator: random.Random, note: Callable[[bytes], None]) -> None:
        """`note` receives each case before it runs."""
        self._columns = tuple(column.name for column in table.change_log_columns)
        self._transform = Transform(table, FunctionSettings())
        self._writer = RowWriter(table)
        self._guarded = GuardedRows(table, _MAX_BYTES)
        self._random = generator
        self._note = note
        self._good = base64.b64encode(good).decode()
        ((answer,), _) = self._transform.answer([{"recordId": "good", "data": self._good}])
        self._good_row = answer.get("data", "")

    def check(self, cases: list[bytes]) -> tuple[int, int]:
        """Check cases in one batch; return the number of rows, and the number of those by the fast path."""
        lines: list[bytes | None] = []
        fast = 0
        for case in cases:
            try:
                line, is_fast = self._check_alone(case)
            except BaseException:
                sys.stderr.write(f"{case!r}\n")
                raise
            lines.append(line)
            fast += is_fast
        self._check_together(cases, lines)
        return len(cases) - lines.count(None), fast

    def _check_alone(self, case: bytes) -> tuple[bytes | None, bool]:
        """Return the case's row by the slow path, and whether the fast path writes it too."""
        change, line, mismatches = self._slow(case)
        self._note(case)
        room = self._guarded.room(len(case))
        fast = self._guarded.write(case, room)
        if fast.result != FALLBACK:
            assert change
            assert fast.line == line
            assert not mismatches
            assert RESULTS[fast.result] == (change.op, change.expired)
            assert fast.moment == change.epoch_us
        scant = self._guarded.write(case, self._random.randrange(room))
        assert scant.line in (None, fast.line)
        if line:
            self._check_row(case, line)
        return line, fast.result != FALLBACK

    def _slow(self, case: bytes) -> tuple[Change | None, bytes | None, dict[str, int]]:
        mismatches: dict[str, int] = {}
        try:
            change = read_change(case)
            return change, self._writer.line(change, mismatches), mismatches
        except (ValueError, RecursionError):
            return None, None, mismatches

    def _check_row(self, case: bytes, line: bytes) -> None:
        row = json.loads(line)
        assert tuple(row) == self._columns
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1
        images = _images(case).dynamodb
        for name, image in (("before", images.OldImage), ("after", images.NewImage)):
            assert (row[name] or "null") == str(image, "utf-8")

    def _check_together(self, cases: list[bytes], lines: list[bytes | None]) -> None:
        records: list[Record] = []
        for index, case in enumerate(cases):
            records.append({"recordId": f"case-{index}", "data": base64.b64encode(case).decode()})
            records.append({"recordId": f"good-{index}", "data": self._good})
        answers, _ = self._transform.answer(records)
        assert [answer["recordId"] for answer in answers] == [record["recordId"] for record in records]
        assert all(answer.get("data") == self._good_row for answer in answers[1::2])
        for case, line, record, answer in zip(cases, lines, records[::2], answers[::2], strict=True):
            data = answer.get("data", "")
            is_right = data == record["data"] if line is None else base64.b64decode(data) == line
            if not is_right or (answer["result"] == "Ok") != (line is not None):
                raise AssertionError(f"in a batch the row is another: {case!r}")


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.property.transform.fuzz", description="Fuzz the transform.")
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case", type=Path, help="check only the record in this file")
    chosen = parser.parse_args(arguments)
    generator = random.Random(chosen.seed)
    if chosen.case:
        case = chosen.case.read_bytes()
        for table, seeds in _TABLES:
            Fuzzer(table, seeds[0], generator, _note_nothing).check([case])
    else:
        UNDER_TEST.parent.mkdir(exist_ok=True)
        with UNDER_TEST.open("wb", buffering=0) as under_test:
            _fuzz(chosen.cases, chosen.seed, generator, _Noted(under_test))
    return 0


def _fuzz(cases: int, seed: int, generator: random.Random, note: Callable[[bytes], None]) -> None:
    fuzzers = [(Fuzzer(table, seeds[0], generator, note), Damage(seeds, generator)) for table, seeds in _TABLES]
    done = rows = fast = 0
    started = shown = time.monotonic()
    while done < cases:
        fuzzer, damage = fuzzers[done // _PER_BATCH % len(fuzzers)]
        batch = [damage.case() for _ in range(min(_PER_BATCH, cases - done))]
        new_rows, new_fast = fuzzer.check(batch)
        done, rows, fast = done + len(batch), rows + new_rows, fast + new_fast
        if time.monotonic() - shown > 10:
            shown = time.monotonic()
            sys.stdout.write(f"{done:,} cases, {rows:,} rows, {fast:,} of them by the fast path\n")
    sys.stdout.write(
        f"{done:,} cases in {time.monotonic() - started:.0f} s, seed {seed}: none raised; "
        f"{rows:,} rows, {fast:,} of them by the fast path as by the slow path\n"
    )


class _Noted:
    """Stores the last case in a file, also when the process dies."""

    def __init__(self, file: FileIO) -> None:
        self._file = file

    def __call__(self, case: bytes) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._file.write(case)


def _note_nothing(case: bytes) -> None:
    pass


_TABLES = ((TABLE, order_seeds()), (INVENTORY, [*movement_seeds(), order_seeds()[0]]))


if __name__ == "__main__":
    sys.exit(main())
