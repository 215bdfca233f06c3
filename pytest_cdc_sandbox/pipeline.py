"""A deployed pipeline in a sandbox, for use by tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from importlib import import_module
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from lake.athena import Athena
from lake.clients import client as lake_client
from lake.formats import write_json
from sandbox.awsjson import CallError
from sandbox.backlog import backlog
from sandbox.errors import SandboxError
from sandbox.faults import InjectedFault, inject
from sandbox.faults.fault import Value
from sandbox.lifecycle import Sandbox
from sandbox.state import ACCESS_KEY, SECRET_KEY, StateDir
from stack import StackOutputs, resolve

DRAIN_TIMEOUT_S = 60.0
_POLL_S = 0.1
_PACKAGES = Path(__file__).parents[1]


class SandboxFailedError(AssertionError):
    """A command of the sandbox failed, or the pipeline is not drained in time; the text is the reason."""


class CdcSandbox:
    """A deployed pipeline: table, streams, Lambda functions, lake.

    `outputs` are the stack's outputs, `endpoint_url` serves every AWS client with the access key and secret `sandbox`.
    """

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.outputs: StackOutputs = resolve(state_dir=state_dir)
        self.endpoint_url = self.outputs.require("endpoint_url")
        self.region = self.outputs.require("region")
        self._clients: dict[str, Any] = {}

    @classmethod
    def running(cls, state_dir: Path | str) -> CdcSandbox:
        """The pipeline of a running sandbox.

        Raises:
            UserError: no sandbox runs in this state directory.
        """
        return cls(Path(state_dir).absolute())

    @classmethod
    @contextmanager
    def started(cls, stack: str = "local") -> Generator[CdcSandbox]:
        """Start a pipeline in a new sandbox on a free port; it ends with the block.

        Raises:
            SandboxFailedError: it cannot be started.
        """
        # Not pytest's temporary directory: the path of a Unix socket has at most 107 bytes.
        with TemporaryDirectory(prefix="cdc-") as directory:
            state_dir = Path(directory) / "state"
            _command("up", state_dir, "--port", str(_free_port()), "--stack", stack)
            try:
                yield cls(state_dir)
            finally:
                _command("down", state_dir)

    # AWS

    @property
    def session(self) -> Any:
        """A boto3 session with the sandbox's credentials and region, independent of the user's configuration.

        Its clients need `endpoint_url`; `client` has it.
        """
        return import_module("boto3").Session(
            aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=self.region
        )

    def client(self, service: str) -> Any:
        """A boto3 client of a service, the same object for each call."""
        if service not in self._clients:
            config = import_module("botocore.config").Config(s3={"addressing_style": "path"}, proxies={})
            self._clients[service] = self.session.client(service, endpoint_url=self.endpoint_url, config=config)
        return self._clients[service]

    def table(self) -> Any:
        """boto3's resource of the pipeline's table."""
        resource = self.session.resource("dynamodb", endpoint_url=self.endpoint_url)
        return resource.Table(self.outputs.require("table_name"))

    # The lake

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a statement in Athena's SQL, numbers and booleans as in JSON; decimals keep digits.

        `orders` is the current state, `order_changes` the change log.

        Raises:
            QueryError: Athena refuses the statement, or it fails.
        """
        athena = Athena(
            lake_client("athena", self.outputs),
            self.outputs.require("workgroup_name"),
            self.outputs.require("database_name"),
        )
        text = StringIO()
        write_json(athena.query(sql), text)
        return msgspec.json.Decoder(list[dict[str, Any]], float_hook=Decimal).decode(text.getvalue())

    def wait_until_drained(self, timeout_s: float = DRAIN_TIMEOUT_S) -> None:
        """Wait until every change that the table has acknowledged is in the lake.

        A change that a Pipe or the transform fails to deliver is in the dead-letter queue or under the error prefix,
        and is not waited for.

        Raises:
            SandboxFailedError: it takes longer than the timeout.
        """
        state, deadline = StateDir(self.state_dir), time.monotonic() + timeout_s
        last: object = None
        while time.monotonic() < deadline:
            try:
                last = left = backlog(self.endpoint_url, state)
                if not any(left):
                    return
            except (CallError, SandboxError) as error:
                last = error
            time.sleep(_POLL_S)
        raise SandboxFailedError(
            f"The pipeline is not drained after {timeout_s:g} s ({last}): see `python -m sandbox status`."
        )

    # Faults

    def inject(
        self,
        kind: str,
        service: str = "",
        operation: str = "",
        *,
        share: float = 1.0,
        count: int | None = None,
        for_s: float | None = None,
        seed: int = 0,
        **parameters: Value,
    ) -> AbstractContextManager[InjectedFault]:
        """Switch a fault on for a `with` block: `sandbox.faults.inject` on this sandbox."""
        return inject(
            kind,
            service,
            operation,
            share=share,
            count=count,
            for_s=for_s,
            seed=seed,
            endpoint_url=self.endpoint_url,
            state_dir=None,
            **parameters,
        )

    def dead(self) -> list[str]:
        """The names of the dead processes, for example after a crash."""
        health = Sandbox(StateDir(self.state_dir), lambda _line: None).health()
        return [process.process for process in health if not process.alive]

    def restart(self) -> None:
        """Restart the dead processes; each continues at its checkpoint.

        Raises:
            SandboxFailedError: a restart fails.
        """
        _command("up", self.state_dir)


def _command(name: str, state_dir: Path, *options: str) -> None:
    """Run one of the sandbox's commands in its own process, because a deployment changes Pulumi's global state."""
    path = os.pathsep.join(filter(None, (str(_PACKAGES), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(  # noqa: S603 - a module of the project, and no shell
        [sys.executable, "-m", "sandbox", name, "--state-dir", str(state_dir), *options],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": path},
    )
    if done.returncode != 0:
        raise SandboxFailedError(f"`sandbox {name}` failed: {done.stderr.strip()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
