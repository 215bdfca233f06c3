"""The effect of `memory.tune` in a separate process: no page faults for recently freed memory."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from loadgen.engine import memory

_ROOT = Path(memory.__file__).resolve().parents[2]
_PAGE_FAULTS = """
import sys
from resource import RUSAGE_SELF, getrusage
from loadgen.engine import memory

def a_wake_up() -> None:
    batches = [bytes(30_000) for _ in range(256)]
    large = [bytes(400_000) for _ in range(8)]

if sys.argv[1] == "tuned":
    memory.tune()
a_wake_up()
before = getrusage(RUSAGE_SELF).ru_minflt
for _ in range(20):
    a_wake_up()
print(getrusage(RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(how: str) -> int:
    command = [sys.executable, "-c", _PAGE_FAULTS, how]
    return int(subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_freed_memory_is_used_again() -> None:
    # 20 times the pages of 256 batches and 8 large items.
    assert page_faults("as it is") > 10_000
    assert page_faults("tuned") < 1_000
