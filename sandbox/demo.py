"""`python -m sandbox demo`: the whole pipeline, from a write to a query, in a separate sandbox.

Every step runs the user's command as a process; the demo only chooses a free port and an unused directory, and
summarizes the steps' reports.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from sandbox.awsjson import CallError
from sandbox.lifecycle import Sandbox
from sandbox.monitoring.raised import coming_alarms
from sandbox.state import STATE_DIR_VARIABLE, StateDir
from stack.commandline import Exit, TerminationRequest, interrupts_deferred

RATE_PER_S = 500
DURATION_S = 20
STOP_TIMEOUT_S = 30.0

QUERIES = {
    "Revenue by region and day": """
        SELECT region, date(ordered_at) AS day, currency, count(*) AS orders, sum(total) AS revenue
        FROM orders WHERE status NOT IN ('cancelled', 'returned')
        GROUP BY region, date(ordered_at), currency ORDER BY day, region, currency""",
    "Order funnel: the number of orders that reached each step": """
        SELECT status, count(DISTINCT order_id) AS orders FROM order_changes WHERE op <> 'REMOVE'
        GROUP BY status ORDER BY orders DESC""",
    "Cancelled share by channel": """
        SELECT channel, count(*) AS orders, count_if(status = 'cancelled') AS cancelled,
               round(100.0 * count_if(status = 'cancelled') / count(*), 1) AS cancelled_percent
        FROM orders GROUP BY channel ORDER BY cancelled_percent DESC""",
}


class StepError(Exception):
    """A command of the demo failed and has printed its error."""


@dataclass(frozen=True)
class Demo:
    """One run of the demo with its files in `directory`."""

    directory: Path
    console: Console

    @property
    def load_report(self) -> Path:
        """The path of the load generator's report."""
        return self.directory / "load.json"

    @property
    def verification(self) -> Path:
        """The path of the verification's report."""
        return self.directory / "verify.json"

    @property
    def alarms(self) -> Path:
        """The path of the alarms that were raised."""
        return self.directory / "alarms.json"

    def play(self) -> None:
        """Run every step.

        Raises:
            StepError: one fails.
        """
        ledger = str(self.directory / "acknowledged.ledger")
        self._step("Start a sandbox and deploy __main__.py to it", "sandbox", "up", "--port", str(_free_port()))
        self._step(
            f"Write {RATE_PER_S} changes per second for {DURATION_S} seconds",
            *("loadgen", "--rps", str(RATE_PER_S), "--duration", str(DURATION_S)),
            # A busy machine responds late, which is no reason for a demonstration to drop writes.
            *("--max-in-flight", str(8 * RATE_PER_S)),
            *("--report", str(self.load_report), "--ledger", ledger),
        )
        self._step(
            "Wait until the pipeline is drained, and compare the table with the lake",
            *("lake", "verify", "--ledger", ledger, "--report", str(self.verification)),
        )
        self._step("Measure how long the changes took until Athena could read them", "lake", "freshness")
        for title, sql in QUERIES.items():
            self._step(title, "lake", "query", " ".join(sql.split()))
        self._look_at_alarms()

    def stop(self) -> None:
        """Stop the sandbox, whatever its state. Interrupts wait: no command finds it when its directory is gone."""
        with interrupts_deferred():
            self._step("Stop the sandbox", "sandbox", "down", "--forget", apart=True)

    def _look_at_alarms(self) -> None:
        """Note which alarms the deployment and the load have raised or will raise once their periods have ended."""
        outputs = Sandbox(StateDir(self.directory / "sandbox"), lambda _: None).outputs()
        try:
            alarms = coming_alarms(outputs["endpoint_url"])
        except CallError as error:
            raise StepError(f"The sandbox does not report its alarms: {error}.") from error
        self.alarms.write_bytes(msgspec.json.encode({"raised": [f"{alarm.name}: {alarm.reason}" for alarm in alarms]}))

    def _step(self, title: str, *command: str, apart: bool = False) -> None:
        shown = " ".join(word if word.isprintable() and " " not in word else f'"{word}"' for word in command)
        self.console.print(f"\n[bold]{title}[/bold]\n[dim]$ python -m {shown}[/dim]", highlight=False)
        environment = {**os.environ, STATE_DIR_VARIABLE: str(self.directory / "sandbox")}
        code = _run([sys.executable, "-m", *command], environment, apart=apart)
        if code == Exit.INTERRUPTED:
            raise KeyboardInterrupt
        if code != 0:
            raise StepError(f"`python -m {command[0]} {command[1]}` ended with exit code {code}.")


def main() -> int:
    """Run the demo; return 0 only if every write was acknowledged, arrived and was verified."""
    console = Console(soft_wrap=True)
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sales-cdc-demo-") as directory:
        demo = Demo(Path(directory), console)
        failure: str | None = None
        try:
            try:
                demo.play()
            finally:
                demo.stop()
        except StepError as error:
            failure = str(error)
        except KeyboardInterrupt:
            _summary(demo, console, "It was interrupted.", time.monotonic() - began_s)
            raise
        return _summary(demo, console, failure, time.monotonic() - began_s)


def _summary(demo: Demo, console: Console, failure: str | None, elapsed_s: float) -> int:
    load, verification = _read(demo.load_report), _read(demo.verification)
    raised: list[str] | None = _read(demo.alarms).get("raised")
    table = Table(title="Demo", title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in (*_load_rows(load.get("counts", {})), *_verification_rows(verification)):
        table.add_row(name, value)
    if raised is not None:
        table.add_row("alarms raised", str(len(raised)))
    table.add_row("time", f"{elapsed_s:.0f} s")
    console.print()
    console.print(table)
    failure = failure or _shortfall(load.get("counts", {}), verification, raised or ())
    if failure is not None:
        console.print(f"[bold red]Not verified.[/bold red] {failure}")
        return 1
    console.print("[bold green]Verified:[/bold green] the lake equals the table and has every acknowledged write.")
    console.print("See it at work: `python -m sandbox up`, then `python -m sandbox console`.", highlight=False)
    return 0


def _load_rows(counts: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    if not counts:
        return ()
    by_op = ", ".join(f"{number:,} {op}s" for op, number in counts["acked_by_op"].items() if number) or "none"
    return (
        ("writes planned", f"{counts['planned']:,}"),
        ("sent", f"{counts['sent']:,}"),
        ("acknowledged", f"{counts['acked']:,} ({by_op})"),
        ("dropped", f"{counts['dropped']:,}"),
    )


def _verification_rows(report: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    if not report:
        return ()
    return (
        ("changes in the lake", f"{report['changes']:,} and {report['duplicates']:,} repeated deliveries"),
        ("orders in the table", f"{report['items']:,}"),
        ("orders in the view", f"{report['rows']:,}"),
        ("missing", f"{report['missing']:,}"),
        ("extra", f"{report['extra']:,}"),
        ("different", f"{report['different']:,}"),
        ("waited for the drain", f"{report['waited_s']:.1f} s"),
    )


def _shortfall(counts: Mapping[str, Any], verification: Mapping[str, Any], raised: Sequence[str]) -> str | None:
    """The reason why a demo without failed steps is not a proof; None if it is one."""
    if not counts["planned"] == counts["sent"] == counts["acked"]:
        return "Not every planned write was sent and acknowledged."
    if not verification["ok"]:
        return "The lake differs from the table."
    if raised:
        return f"An alarm is raised: {raised[0]}"
    return None


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except FileNotFoundError:
        return {}


def _run(command: Sequence[str], environment: Mapping[str, str], *, apart: bool) -> int:
    """Run a command and return its exit code.

    Ctrl-C also reaches the command, which has time to end cleanly, unless it is run `apart` from the terminal.
    """
    process = subprocess.Popen(command, env=environment, start_new_session=apart)  # noqa: S603 - our own modules
    try:
        return process.wait()
    except KeyboardInterrupt as interrupt:
        if isinstance(interrupt, TerminationRequest):
            process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        raise


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
