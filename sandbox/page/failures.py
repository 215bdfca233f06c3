"""Undelivered records: the error prefix and the dead letters by cause, and their replay, by `lake replay`."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sandbox.page.clients import Clients

_TIMEOUT_S = 300.0


def listed(clients: Clients) -> dict[str, Any]:
    """The failed records and the dead letters, counted by cause with samples: `lake replay --dry-run` of both.

    Raises:
        ValueError: the command refused; the text is the reason.
    """
    with ThreadPoolExecutor(2) as both:
        records = both.submit(_replay, clients, "--dry-run")
        letters = both.submit(_replay, clients, "--dead-letters", "--dry-run")
        return {"records": records.result(), "letters": letters.result()}


def replay(clients: Clients, *, dead_letters: bool, cause: str) -> dict[str, Any]:
    """Put records on the stream again, all or those of one cause; return the result of `lake replay`.

    Raises:
        ValueError: the command refused; the text is the reason.
    """
    options = ["--dead-letters"] if dead_letters else ["--cause", cause] if cause else []
    return _replay(clients, *options)


def _replay(clients: Clients, *options: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "lake", "replay", *options, "--json"]
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter; a cause is a separate argument
            [*command, "--state-dir", str(clients.sandbox.state.path)],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ValueError(f"The replay took more than {_TIMEOUT_S:.0f} s: run `python -m lake replay`.") from None
    if not done.stdout.strip():
        raise ValueError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "lake replay wrote nothing.")
    return json.loads(done.stdout)
