"""The memory of the console's page while changes flow: `make bench-page MINUTES=60`.

    python -m benchmarks.console.page PYTHON [--minutes 60] [--rate 1000] [--json PATH]

PYTHON is an interpreter with Playwright (requirements/page.txt), the browser $CHROMIUM or the one on the path. A
sandbox receives changes at a rate while a headless Chromium has the page open; every five minutes it visits each view.
A line per minute shows the memory of the page (JavaScript's heap after a collection, and the renderer's memory as
Chromium's task manager counts it) and of the sandbox's processes and files. Exit code 1 when the page had more than 100
MB.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.before import ROOT
from benchmarks.console.serving import console_url, started, stop
from benchmarks.sandbox.builds import PROCESSES, Running, memory_of, running
from benchmarks.terminal import Steps, console, table
from stack.commandline import Parser, UserError, run

MAX_BYTES = 100_000_000
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    return run(lambda: _main(arguments))


def _main(arguments: list[str] | None) -> int:
    parser = Parser(prog="python -m benchmarks.console.page", description="The memory of the console's page.")
    parser.add_argument("python", help="the interpreter of the environment with Playwright")
    parser.add_argument("--minutes", type=int, default=60, help="how long (default: %(default)s)")
    parser.add_argument("--rate", type=int, default=1000, help="changes a second (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="also write each minute's line to this file, as JSON")
    chosen = parser.parse_args(arguments)
    if not (1 <= chosen.minutes <= 24 * 60 and 1 <= chosen.rate <= 20_000):
        parser.error("--minutes is from 1 to 1,440, --rate from 1 to 20,000.")
    browser = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        raise UserError("No browser was found: install Chromium, or name one in CHROMIUM.")
    lines: list[dict[str, Any]] = []
    with ExitStack() as ends, Steps("the page") as steps:
        steps.begin("starting the sandbox")
        # A Unix socket's path is short: 107 bytes at most.
        state = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir="/tmp")))
        sandbox = ends.enter_context(running(ROOT, state))
        url, _ = console_url(state, ends)
        load = ["--rps", str(chosen.rate), "--duration", f"{chosen.minutes}m", "--report", str(state / "report.json")]
        started(["loadgen", *load, "--state-dir", str(state)], ends)
        watch = [chosen.python, str(Path(__file__).with_name("browser.py")), url, browser, str(chosen.minutes)]
        watched = subprocess.Popen(watch, stdout=subprocess.PIPE, text=True)
        ends.callback(stop, watched)
        for text in watched.stdout or ():
            line = json.loads(text) | _sandbox(sandbox)
            lines.append(line)
            steps.begin(f"minute {line['minute']} of {chosen.minutes}")
            steps.end(", ".join(f"{name} {value / 1e6:,.1f} MB" for name, value in line.items() if name != "minute"))
            if chosen.json:
                with chosen.json.open("a") as file:
                    file.write(json.dumps(line) + "\n")
        if watched.wait() or not lines:
            raise UserError("The browser ended early.")
    return _show(lines)


def _sandbox(sandbox: Running) -> dict[str, int]:
    """Return the resident memory of the sandbox's processes, and the size of its files, in bytes."""
    files = sum(map(_size_of, sandbox.state.rglob("*")))
    return {name: memory_of(sandbox.pid(name)) for name in PROCESSES} | {"files": files}


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0  # replaced or removed meanwhile


def _show(lines: list[dict[str, Any]]) -> int:
    shown = table("megabytes, by the minute")
    names = [name for name in lines[0] if name != "minute"]
    for title in ("minute", *names):
        shown.add_column(title)
    for line in lines[:: max(1, len(lines) // 12)] + lines[-1:]:
        shown.add_row(str(line["minute"]), *(f"{line[name] / 1e6:,.1f}" for name in names))
    console().print(shown)
    most = max(line["footprint"] for line in lines)
    console().print(f"the page had at most {most / 1e6:,.1f} MB; the target is {MAX_BYTES / 1e6:,.0f} MB")
    return int(most > MAX_BYTES)


if __name__ == "__main__":
    sys.exit(main())
