"""The parts of a profile, by frames as `perf script -F ip,sym,dso` prints them."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.loadgen.profile import Profile, main, part_of, samples_in, together

# From perf 6.1 on Linux 6.18, shortened.
PRINTED = """\
 ffffffff81a3c1b4 tcp_sendmsg_locked+0x1d4 ([kernel.kallsyms])
 ffffffff81a3cd2b tcp_sendmsg+0x2b ([kernel.kallsyms])
 ffffffff81901f2e __sys_sendto+0x1be ([kernel.kallsyms])
 ffffffff81c0a3f5 do_syscall_64+0x85 ([kernel.kallsyms])
     7f10a2b2f6aa __send+0x4a (/usr/lib/x86_64-linux-gnu/libc.so.6)

     7f10a0f082b1 [unknown] (/usr/lib/x86_64-linux-gnu/libcrypto.so.3)

     7f10a1c9d7e3 unicodekeys_lookup_unicode+0x13 (/usr/lib/libpython3.11.so.1.0)
     7f10a1c9d7e3 a function (with, its types)+0x13 (/usr/lib/libpython3.11.so.1.0)
"""
KERNEL = "[kernel.kallsyms]"


def test_samples_are_read_innermost_frame_first() -> None:
    samples = [*samples_in(PRINTED)]
    assert [part_of(frames) for frames in samples] == ["system call: sendto", "OpenSSL: encryption", "Python"]
    assert samples[2][1] == ("a function (with, its types)", "/usr/lib/libpython3.11.so.1.0")


@pytest.mark.parametrize(
    ("frames", "part"),
    [
        ([("fdget", KERNEL), ("__sys_recvmsg", KERNEL), ("do_syscall_64", KERNEL)], "system call: recvmsg"),
        ([("vfs_write", KERNEL), ("ksys_write", KERNEL)], "system call: write"),
        ([("ep_poll", KERNEL), ("__x64_sys_epoll_wait", KERNEL)], "system call: epoll_wait"),
        ([("__schedule", KERNEL), ("asm_sysvec_apic_timer_interrupt", KERNEL)], "kernel, outside of a system call"),
        ([("sha256", "/p/loadgen/_native.abi3.so")], "the compiled module: signing"),
        ([("read", "/lib/_ssl.cpython-311-x86_64-linux-gnu.so")], "Python"),
        ([("__vdso_clock_gettime", "[vdso]")], "clocks"),
        ([("uv__io_poll", "/p/site-packages/elsewhere.so")], "other"),
    ],
)
def test_a_sample_counts_for_the_part_in_which_it_was_taken(frames: list[tuple[str, str]], part: str) -> None:
    assert part_of(frames) == part


def test_a_parts_time_is_its_share_of_the_samples() -> None:
    rounds = [
        Profile("client", 30_000, 0.5, Counter({"Python": 20})),
        Profile("client", 20_000, 0.5, Counter({"Python": 10, "other": 10})),
    ]
    profile = together(rounds)
    assert profile.cpu_us == 20.0
    assert (profile.part_us("Python"), profile.part_us("other"), profile.part_us("clocks")) == (15.0, 5.0, 0.0)


def test_what_is_missing_or_wrong_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, sentence in ((["--seconds", "0"], "must be at least 4"), ([], "this needs perf")):
        monkeypatch.setitem(os.environ, "PATH", str(tmp_path))
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
        assert sentence in capsys.readouterr().err
