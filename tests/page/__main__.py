"""Starts a pipeline, its console and some load, and drives the page: `python -m tests.page PYTHON [OPTION]`.

PYTHON is the interpreter of an environment with Playwright (requirements/page.txt); `make test-page` makes it. The
browser is $CHROMIUM, or the Chromium or Chrome on the path; nothing is downloaded.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory

from stack import resolve
from tests.conftest import free_port

ROOT = Path(__file__).parents[2]
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_TIMEOUT_S = 600


def main() -> int:
    """Run the checks; 1 if one failed, 2 without a browser."""
    parser = ArgumentParser(description="Drive the console's page in a headless Chromium.")
    parser.add_argument("python", help="the interpreter of the environment with Playwright")
    parser.add_argument(
        "--pictures", type=Path, metavar="DIR", help="also write pictures of the page to this directory"
    )
    parser.add_argument(
        "--documents", type=Path, metavar="DIR", help="instead draw the pictures of the documents to this directory"
    )
    arguments = parser.parse_args()
    browser = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        sys.stderr.write("No browser was found: install Chromium, or name one in CHROMIUM.\n")
        return 2
    # A short path, because a Unix socket's path has at most 107 bytes.
    with TemporaryDirectory(prefix="page-") as directory:
        state = ("--state-dir", f"{directory}/state")
        _run("sandbox", "up", *state, "--port", str(free_port()))
        console = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "console", *state, "--port", str(free_port())],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        load = None
        try:
            printed = console.stderr.readline() if console.stderr else ""
            url = re.search(r"http://\S+", printed)
            if url is None:
                sys.stderr.write(f"The console did not start: {printed}")
                return 1
            rate = ("--rps", "300", "--profile", "sine:amplitude=0.5,period=40s", "--duration", "10m")
            if not arguments.documents:
                rate = ("--rps", "200", "--duration", "90s")
                # The first batches of changes end under the error prefix: the page displays and replays them.
                fault = ("function", "how=raise", f"function={_function(state)}", "--count", "12")
                _run("sandbox", "fault", "on", *fault, *state)
            load = subprocess.Popen(
                [sys.executable, "-m", "loadgen", *rate, "--report", f"{directory}/report.json", *state],
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            driver = [arguments.python, str(Path(__file__).with_name("browser.py")), url[0], browser]
            for option, place in (("--pictures", arguments.pictures), ("--documents", arguments.documents)):
                driver += [option, str(place.absolute())] if place else []
            return subprocess.run(driver, timeout=_TIMEOUT_S, check=False).returncode
        finally:
            for process in (load, console):
                if process is not None:
                    process.send_signal(signal.SIGINT)
                    process.wait(timeout=30)
            _run("sandbox", "down", "--forget", *state)


def _function(state: tuple[str, str]) -> str:
    return str(resolve(state_dir=Path(state[1])).require("function_name"))


def _run(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"`python -m {' '.join(arguments)}` failed: {done.stderr.strip()}")


if __name__ == "__main__":
    sys.exit(main())
