"""A whole pipeline in a separate sandbox, used like a user does: with boto3 and the command lines."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, redirect_stderr, redirect_stdout
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from lake.__main__ import main
from lake.verification import Verification
from lake.verify import verify
from sandbox.faults import InjectedFault, inject
from sandbox.processes import started_at
from stack import StackOutputs, credentials, resolve

PROJECT = Path(__file__).parents[2]
_PATIENCE_S = 150.0
"""Only what never happens may take so long: with eight processes to a core, tests of 10 s have taken 42."""
_ATTEMPTS = 15
"""The retries that cover the restart of a killed server."""


class Finished(NamedTuple):
    """The result of a command."""

    code: int
    out: str
    err: str


def command(*arguments: str, env: dict[str, str] | None = None, cwd: Path = PROJECT) -> Finished:
    """Run `python -m` with these arguments in the project's directory, like a new user's shell."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SANDBOX_"))}
    result = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=cwd,
        env=inherited | {"PYTHONPATH": str(PROJECT)} | (env or {}),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return Finished(result.returncode, result.stdout, result.stderr)


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Poll until the condition holds; raise AssertionError when patience ends."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"timeout while waiting for {what}"
        time.sleep(0.1)


class Pipeline:
    """A deployed pipeline in the sandbox of `state_dir`, and the writes that its table has acknowledged."""

    def __init__(self, state_dir: Path, port: int) -> None:
        self.state_dir = state_dir
        self.port = port
        self.ledger = state_dir.with_name("writes.ledger")
        self.ledger.touch()
        self._clients: dict[str, Any] = {}

    def up(self) -> Finished:
        """`sandbox up`: start it, or restart dead processes."""
        return command("sandbox", "up", "--state-dir", str(self.state_dir), "--port", str(self.port))

    def down(self) -> Finished:
        """`sandbox down`."""
        return command("sandbox", "down", "--state-dir", str(self.state_dir))

    def lake(self, *arguments: str) -> Finished:
        """`python -m lake` on this sandbox, in this process: test_installation.py runs the installed command."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = main([*arguments, "--state-dir", str(self.state_dir)])
        return Finished(code, out.getvalue(), err.getvalue())

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Return a query's result, by the command line."""
        result = self.lake("query", sql, "--format", "json")
        assert result.code == 0, result.err
        return json.loads(result.out)

    @cached_property
    def outputs(self) -> StackOutputs:
        """The stack's outputs, which are available while the server is dead."""
        return resolve(state_dir=self.state_dir)

    def client(self, service: str) -> Any:
        """Return a cached boto3 client: creating one takes longer than most of its calls."""
        if service not in self._clients:
            self._clients[service] = self._new_client(service)
        return self._clients[service]

    def _new_client(self, service: str) -> Any:
        outputs = self.outputs
        keys = credentials(outputs)
        assert keys is not None
        return import_module("boto3").client(
            service,
            region_name=outputs.require("region"),
            endpoint_url=outputs.require("endpoint_url"),
            aws_access_key_id=keys.access_key,
            aws_secret_access_key=keys.secret_key,
            config=import_module("botocore.config").Config(
                s3={"addressing_style": "path"}, retries={"mode": "standard", "total_max_attempts": _ATTEMPTS}
            ),
        )

    def write(self, changes: Iterable[tuple[str, dict[str, Any]]]) -> int:
        """Apply changes (insert, update, delete; the item as it then is) one by one; returns how many.

        Each is noted in the ledger once the table has acknowledged it.
        """
        client, table = self.client("dynamodb"), self.outputs.require("table_name")
        count = 0
        with self.ledger.open("a") as ledger:
            for op, item in changes:
                if op == "delete":
                    client.delete_item(TableName=table, Key={"order_id": item["order_id"]})
                else:
                    client.put_item(TableName=table, Item=item)
                line = {"key": item["order_id"]["S"], "op": op, "version": int(item["version"]["N"]), "table": table}
                ledger.write(json.dumps(line) + "\n")
                count += 1
        return count

    def verified(self) -> Verification:
        """Verify the lake against the table and the ledger; close it after use."""
        return verify(self.outputs, timeout_s=_PATIENCE_S, ledger=self.ledger)

    def inject(self, kind: str, **options: Any) -> AbstractContextManager[InjectedFault]:
        """Switch a fault on for a block."""
        return inject(kind, state_dir=self.state_dir, **options)

    def kill(self, process: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to one of the sandbox's processes; after SIGKILL wait for its end."""
        record = json.loads((self.state_dir / f"{process}.pid").read_text())
        os.kill(record["pid"], number)
        if number == signal.SIGKILL:
            wait_for(lambda: started_at(record["pid"]) != record["started"], f"the end of {process}")

    def kinesis_records(self) -> list[dict[str, Any]]:
        """Return all records of the Kinesis stream."""
        client, stream = self.client("kinesis"), self.outputs.require("stream_name")
        records: list[dict[str, Any]] = []
        for shard in client.list_shards(StreamName=stream)["Shards"]:
            iterator = client.get_shard_iterator(
                StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            while True:
                page = client.get_records(ShardIterator=iterator)
                records += page["Records"]
                if not page["Records"] and not page["MillisBehindLatest"]:
                    break
                iterator = page["NextShardIterator"]
        return records

    def put_to_kinesis(self, records: Sequence[dict[str, Any]]) -> None:
        """Put records into the Kinesis stream (again), past the table and the pipe."""
        client, stream = self.client("kinesis"), self.outputs.require("stream_name")
        for start in range(0, len(records), 500):
            batch = [
                {"Data": record["Data"], "PartitionKey": record["PartitionKey"]}
                for record in records[start : start + 500]
            ]
            assert client.put_records(StreamName=stream, Records=batch)["FailedRecordCount"] == 0


def assert_refused(result: Finished, *words: str) -> None:
    """Check for one sentence on stderr with these words, and exit code 2."""
    assert result.code == 2, result
    assert "Traceback" not in result.err
    sentence = result.err.strip().splitlines()[-1]
    assert sentence.endswith(".")
    for word in words:
        assert word in sentence
