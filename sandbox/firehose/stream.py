"""One running delivery stream, in its own thread."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

from sandbox.awsjson import AwsJson
from sandbox.firehose.catalog import GlueTable
from sandbox.firehose.config import StreamConfig
from sandbox.firehose.flow import Flow, Ports
from sandbox.firehose.invocations import Caller
from sandbox.firehose.transform import ProcessorFunction
from sandbox.shards import Checkpoint
from sandbox.state import StateDir, client
from sandbox.streams import KinesisStream
from sandbox.unread import Source

log = logging.getLogger(__name__)


class DeliveryStream:
    """A delivery stream that runs until it is stopped. Its successor resumes at its checkpoint."""

    def __init__(self, config: StreamConfig, endpoint_url: str, state: StateDir) -> None:
        self.config = config
        self._table = GlueTable(endpoint_url, config.conversion) if config.conversion else None
        region = config.source_arn.split(":")[3]
        self._wake = threading.Event()
        self._caller = Caller(f"firehose-{config.name}-processor", self._wake.set)
        ports = Ports(
            source=KinesisStream(AwsJson(endpoint_url, "kinesis", region), config.source_arn),
            store=client("s3", endpoint_url),
            function=ProcessorFunction(endpoint_url, config.processor.function_arn, config.arn, config.source_arn)
            if config.processor
            else None,
            table=self._table,
            clock=time.time,
            submit=self._caller.submit,
        )
        self._checkpoint = Checkpoint(state, f"firehose-{config.name}", config.identity)
        self._flow = Flow(config, ports, self._checkpoint)
        self._trouble: str | None = None
        self._status = self._flow.account()
        self._stop = threading.Event()
        self._delivers_at_end = True
        self._thread = threading.Thread(target=self._run, name=f"firehose-{config.name}", daemon=True)

    def start(self) -> None:
        """Start reading."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """False once its thread has ended, also after an error."""
        return self._thread.is_alive()

    def request_stop(self, *, deliver: bool = True) -> None:
        """Stop the stream; by default it first delivers its buffers."""
        self._delivers_at_end = deliver
        self._stop.set()
        self._wake.set()

    def join(self, timeout_s: float) -> None:
        """Wait for the end; the checkpoint then includes its progress."""
        self._thread.join(timeout_s)

    def status(self) -> Mapping[str, Any]:
        """The latest counters and backlog of its thread."""
        return self._status

    @property
    def source(self) -> Source:
        """The source, and the position up to which it is delivered."""
        return Source(self.config.source_arn, self._checkpoint.all(), self.config.created_at)

    @property
    def trouble(self) -> str | None:
        """The reason that it fails now; None while it works."""
        return self._trouble

    def _run(self) -> None:
        log.info("delivery stream %s: from %s", self.config.name, self.config.source_arn)
        self._caller.start()
        try:
            while not self._stop.is_set():
                # Before the step, so that a call that ends during it is not missed.
                self._wake.clear()
                pause = self._flow.step()
                self._status = self._flow.account()
                if pause > 0 and not self._stop.is_set():
                    self._wake.wait(pause)
        except Exception as error:
            # The thread ends, and the supervisor starts a new one, which reads again from the checkpoint.
            log.exception("delivery stream %s failed", self.config.name)
            self._trouble = f"It failed: {type(error).__name__}: {error}"
            self._caller.stop()
            return
        if self._delivers_at_end:
            self._flow.finish()
        self._caller.stop()
        self._status = self._flow.account()
        if self._table is not None:
            self._table.close()
        log.info("delivery stream %s: stopped", self.config.name)
