"""wrk, if installed: one unsigned request, repeated as fast as a client in C can send it."""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
import tempfile

from benchmarks.loadgen.clock import CONCURRENCY
from benchmarks.loadgen.machine import CLIENT_CORE, pinned
from benchmarks.loadgen.measure import Line
from benchmarks.loadgen.server import NullServer, share

NAME = "wrk, unsigned"
_SCRIPT = """wrk.method = "POST"
wrk.headers["X-Amz-Target"] = "DynamoDB_20120810.PutItem"
wrk.body = string.rep("x", 1000)
"""
_REQUESTS = re.compile(r"(\d+) requests in ([\d.]+)s")


def measure(server: NullServer, seconds: float, *, tls: bool) -> Line:
    """Run wrk on the clients' core."""
    if shutil.which("wrk") is None:
        return Line(NAME, tls, failure="not measured: wrk is not installed")
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_SCRIPT)
        script.flush()
        options = ["-t1", f"-c{CONCURRENCY}", f"-d{max(1, round(seconds))}s", "-s", script.name]
        before, used_s = server.usage(), _children_s()
        ran = subprocess.run(
            [*pinned(CLIENT_CORE), "wrk", *options, server.url], capture_output=True, text=True, check=False
        )
        after, cpu_s = server.usage(), _children_s() - used_s
    found = _REQUESTS.search(ran.stdout)
    if ran.returncode != 0 or found is None or not int(found[1]):
        return Line(NAME, tls, failure=f"not measured: {(ran.stderr or ran.stdout).strip()[-100:]}")
    requests, rate = int(found[1]), int(found[1]) / float(found[2])
    return Line(NAME, tls, rate, rate, cpu_s / requests * 1e6, cpu_s / float(found[2]), share(before, after))


def _children_s() -> float:
    """Processor seconds of this process's ended child processes."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
