"""What the processor time of a write consists of: `python -m benchmarks.loadgen.profile`.

    python -m benchmarks.loadgen.profile [--seconds 8] [--plain] [--json PATH]

`perf` samples the load generator's writer and the floor (one request, built and signed in advance, sent repeatedly)
over TLS against the null server. Each sample counts for the part in which it was taken: a system call, OpenSSL, the
compiled module that signs, Python, or the memory functions of the C library. A part's share of the samples is its share
of the processor time per request. What the writer has above the floor is its own work: the order, the signature, the
times and the replies. The two take turns, so other load affects both equally.

The kernel's part of a system call includes the packet's way to the server on this machine, up to its socket.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.loadgen.clock import BEGIN, END, Measured
from benchmarks.loadgen.machine import CLIENT_CORE, ROOT, SERVER_CORE, pinned
from benchmarks.loadgen.server import NullServer, make_certificate
from benchmarks.terminal import Steps, console, table
from stack.commandline import Parser, UserError, run

_MEASURED = ("loadgen fast", "floor")
_ROUNDS = 4
_SAMPLES_PER_S = 4_000
# The kernel's functions of a system call: __x64_sys_epoll_wait, __sys_sendto, ksys_read.
_CALL = re.compile(r"(?:__x64_sys_|__arm64_sys_|__sys_|ksys_)(\w+)")
_KERNEL, _OTHER = "kernel, outside of a system call", "other"
# The first that a sample's file contains.
_FILES = {
    "libcrypto": "OpenSSL: encryption",
    "libssl": "OpenSSL: TLS records",
    "_native": "the compiled module: signing",
    "python": "Python",
    "libc.so": "C library: memory and copies",
    "vdso": "clocks",
}


class Profile(NamedTuple):
    """A client's requests, its processor seconds for them, and the samples of each part."""

    client: str
    requests: int
    cpu_s: float
    samples: Counter[str]

    @property
    def cpu_us(self) -> float:
        """The processor time per request."""
        return self.cpu_s / self.requests * 1e6

    def part_us(self, part: str) -> float:
        """The part's processor time per request."""
        return self.cpu_us * self.samples[part] / self.samples.total()


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    return run(lambda: _main(arguments))


def _main(arguments: list[str] | None) -> int:
    parser = Parser(prog="python -m benchmarks.loadgen.profile", description="The parts of a write's processor time.")
    parser.add_argument("--seconds", type=float, default=8.0, help="seconds per client (default: 8)")
    parser.add_argument("--plain", action="store_true", help="without TLS")
    parser.add_argument("--json", type=Path, help="also write the result to this file")
    chosen = parser.parse_args(arguments)
    if not chosen.seconds >= _ROUNDS:
        parser.error(f"--seconds must be at least {_ROUNDS}.")
    if not shutil.which("perf"):
        parser.error("this needs perf: install Linux's perf tools.")
    with TemporaryDirectory() as scratch, Steps("clients") as steps:
        certificate, key = make_certificate(Path(scratch))
        tls = None if chosen.plain else (certificate, key)
        rounds: dict[str, list[Profile]] = {name: [] for name in _MEASURED}
        for _ in range(_ROUNDS):
            for name, each in rounds.items():
                steps.begin(name)
                with NullServer(prefix=pinned(SERVER_CORE), tls=tls) as server:
                    seconds = chosen.seconds / _ROUNDS
                    each.append(profiled(name, server.url, seconds, certificate, Path(scratch) / "samples"))
                steps.end(f"{each[-1].cpu_us:.1f} µs")
    found = [together(each) for each in rounds.values()]
    show(found)
    if chosen.json:
        report = [{"client": one.client, "cpu_us": one.cpu_us, "samples": one.samples} for one in found]
        chosen.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


def profiled(name: str, url: str, seconds: float, certificate: Path, samples: Path) -> Profile:
    """Run one client, and sample it during its measured time. Raises: UserError: it or perf failed."""
    command = [*pinned(CLIENT_CORE), sys.executable, "-m", "benchmarks.loadgen.clients", name]
    trusted = {"AWS_CA_BUNDLE": str(certificate), "SSL_CERT_FILE": str(certificate)}
    with subprocess.Popen(
        [*command, "--url", url, "--seconds", str(seconds)],
        cwd=ROOT,
        env=os.environ | trusted,
        stdout=subprocess.PIPE,
        text=True,
    ) as client:
        said = ""
        perf: subprocess.Popen[bytes] | None = None
        for line in client.stdout or ():
            said = line.strip()
            if said == BEGIN:
                perf = _sampling(client.pid, samples)
            elif said == END and perf is not None:
                # perf writes its file when it is interrupted.
                perf.send_signal(signal.SIGINT)
                perf.wait()
    if client.returncode or perf is None:
        raise UserError(f"{name} failed with exit code {client.returncode}; its error is above.")
    if not samples.exists():
        raise UserError("perf recorded nothing: it needs root, or kernel.perf_event_paranoid at most 1.")
    measured = Measured(**json.loads(said))
    printed = subprocess.run(
        ["perf", "script", "-i", str(samples), "-F", "ip,sym,dso"], capture_output=True, text=True, check=True
    ).stdout
    parts = Counter(map(part_of, samples_in(printed)))
    return Profile(name, measured.requests, measured.cpu_s, parts)


def together(rounds: list[Profile]) -> Profile:
    """A client's rounds as one."""
    samples = sum((one.samples for one in rounds), Counter[str]())
    return Profile(rounds[0].client, sum(one.requests for one in rounds), sum(one.cpu_s for one in rounds), samples)


def _sampling(process: int, samples: Path) -> subprocess.Popen[bytes]:
    # The processor's clock, because a virtual machine often has no hardware counters.
    event = ["-e", "cpu-clock", "-F", str(_SAMPLES_PER_S), "--call-graph", "fp"]
    return subprocess.Popen(
        ["perf", "record", *event, "-p", str(process), "-o", str(samples)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def samples_in(printed: str) -> Iterator[list[tuple[str, str]]]:
    """The samples that `perf script` printed, each as its frames, innermost first: a function and its file."""
    for block in printed.split("\n\n"):
        frames = [line.split(maxsplit=1)[1].rpartition(" (") for line in block.splitlines() if line.strip()]
        if frames:
            yield [(function.rpartition("+")[0] or function, file.rstrip(")")) for function, _, file in frames]


def part_of(frames: list[tuple[str, str]]) -> str:
    """The part of a sample, by its frames."""
    file = frames[0][1]
    if "kernel" in file or file.endswith(".ko"):
        # From the outside in: a system call may use the function of another.
        calls = (_CALL.match(function) for function, _ in reversed(frames))
        call = next(filter(None, calls), None)
        return _KERNEL if call is None else f"system call: {call[1]}"
    return next((part for text, part in _FILES.items() if text in file), _OTHER)


def show(profiles: list[Profile]) -> None:
    """Print a line per part."""
    lines = table("processor time per request, µs")
    for title in ("", *(one.client for one in profiles)):
        lines.add_column(title)
    parts = Counter[str]()
    for one in profiles:
        parts.update({part: int(1e6 * one.part_us(part)) for part in one.samples})
    for part, _ in parts.most_common():
        lines.add_row(part, *(f"{one.part_us(part):.2f}" for one in profiles))
    lines.add_row("all", *(f"{one.cpu_us:.2f}" for one in profiles))
    console().print(lines)


if __name__ == "__main__":
    sys.exit(main())
