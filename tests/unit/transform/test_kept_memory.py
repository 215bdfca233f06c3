"""A process that transforms batches keeps its memory for the next one."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

# Blocks as those of a batch's rows, and one as that of a response; the pages that the system had to provide.
TURNS = """
import resource
def turn():
    rows = [bytes(2000) for _ in range(3000)]
    response = b"x" * 6_000_000
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(3):
        turn()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
turn()
print(faults())
import transform.handler
turn()
print(faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has this setting")
def test_the_memory_of_a_batch_is_kept_for_the_next_one() -> None:
    shown = subprocess.run([sys.executable, "-c", TURNS], capture_output=True, text=True, check=True).stdout
    before, after = map(int, shown.split())
    assert after < 100 < 1000 < before
