"""One running pipe: its shards, in its own thread."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import msgspec

from sandbox.awsjson import AwsJson, CallError
from sandbox.invocation import FunctionClient
from sandbox.pipes.bus import BusTarget, OutgoingEvent
from sandbox.pipes.config import PipeConfig
from sandbox.pipes.deadletters import DeadLetters
from sandbox.pipes.enrichment import EnrichedTarget
from sandbox.pipes.metrics import PipeMetrics
from sandbox.pipes.passing import passed_on, reader_of
from sandbox.pipes.patterns import compile_filters
from sandbox.pipes.shard import PipeCounters, PipeShard, Steps, Target
from sandbox.pipes.source import KinesisEvents, handed_on
from sandbox.pipes.target import KinesisTarget, Outgoing
from sandbox.pipes.templates import compile_parameter, compile_template
from sandbox.shards import Checkpoint, ShardReader, StreamApi
from sandbox.state import StateDir
from sandbox.streams import ChangeRecord, DynamoDbStream, KinesisStream
from sandbox.unread import Source

log = logging.getLogger(__name__)

DISCOVERY_INTERVAL_S = 2.0
_OUTAGE_PAUSE_S = 1.0


def compile_steps(config: PipeConfig) -> Steps:
    """The processing of an event by a pipe's configuration.

    Raises:
        PatternError, TemplateError: Pipes refuses the configuration.
    """
    keep = compile_filters(config.filters)
    data = _compile_data(config)
    if config.writes_to_bus:
        source, detail_type = compile_parameter(config.event_source), compile_parameter(config.detail_type)
        return Steps(
            keep,
            lambda event: OutgoingEvent(
                data(event), event["eventID"], source=source(event), detail_type=detail_type(event)
            ),
        )
    partition_key = compile_parameter(config.partition_key)
    return Steps(keep, lambda event: Outgoing(data(event), partition_key(event)))


def _compile_data(config: PipeConfig) -> Callable[[dict[str, Any]], bytes]:
    """The target's input for an event."""
    if config.input_template is None:
        return _whole(config)
    variables = {
        "aws.pipes.pipe-arn": config.arn,
        "aws.pipes.pipe-name": config.name,
        "aws.pipes.source-arn": config.source_arn,
        "aws.pipes.target-arn": config.target_arn,
        "aws.pipes.enrichment-arn": config.enrichment_arn,
    }
    return compile_template(config.input_template, variables)


def _whole(config: PipeConfig) -> Callable[[dict[str, Any]], bytes]:
    """An event as JSON."""
    if config.reads_kinesis:
        return lambda event: msgspec.json.encode(handed_on(event))
    return msgspec.json.encode


def as_pipes_emits(event: dict[str, Any], source_arn: str, region: str) -> dict[str, Any]:
    """The event of a stream record in a pipe's form: that of GetRecords, plus its source.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-dynamodb.html
    """
    event = event | {"awsRegion": region, "eventSourceARN": source_arn}
    if identity := event.get("userIdentity"):
        # The API spells its members in capitals (API_streams_Identity), events do not.
        event["userIdentity"] = {name[0].lower() + name[1:]: value for name, value in identity.items()}
    return event


class PipeRunner:
    """A pipe that runs until it is stopped. Its successor resumes at its checkpoint."""

    def __init__(self, config: PipeConfig, endpoint_url: str, state: StateDir) -> None:
        self.config = config
        self.counters = PipeCounters()
        self._stop = threading.Event()
        self._region = config.source_arn.split(":")[3]
        self._steps = self._compile(config)
        self._checkpoint = Checkpoint(state, f"pipes-{config.name}", config.identity)
        self._reader = ShardReader(self._source(endpoint_url), self._checkpoint, config.since)
        self._target = self._open_target(endpoint_url)
        self._dead_letters = DeadLetters(endpoint_url, config.dead_letter_arn) if config.dead_letter_arn else None
        self._metrics = PipeMetrics(config.arn.split(":")[3], config.name, enriched=bool(config.enrichment_arn))
        self._shards: dict[str, PipeShard] = {}
        self._status = self._account()
        self._discovery_due = 0.0
        self._trouble: str | None = None
        self._thread = threading.Thread(target=self._run, name=f"pipe-{config.name}", daemon=True)

    def start(self) -> None:
        """Start reading."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """False once its thread has ended, also after an error."""
        return self._thread.is_alive()

    def request_stop(self, *, deliver: bool = True) -> None:
        """Stop the pipe after its current call. It has no buffered records to deliver."""
        del deliver
        self._stop.set()

    def join(self, timeout_s: float) -> None:
        """Wait for the end; the checkpoint then includes its progress."""
        self._thread.join(timeout_s)

    def status(self) -> Mapping[str, Any]:
        """The latest counters and backlog of its thread."""
        return self._status

    @property
    def source(self) -> Source:
        """The source, and the position up to which it is accepted."""
        return Source(self.config.source_arn, self._checkpoint.all(), self.config.since)

    @property
    def trouble(self) -> str | None:
        """The reason that it fails now; None while it works."""
        return self._trouble

    def _compile(self, config: PipeConfig) -> Steps:
        steps = compile_steps(config)
        if config.enrichment_arn:
            # The function receives the unchanged event; its response is the target's input.
            data = _whole(config)
            steps = Steps(steps.keep, lambda event: Outgoing(data(event), event["eventID"]))
        if config.reads_kinesis:
            return steps
        return Steps(
            steps.keep,
            lambda event: steps.outgoing(as_pipes_emits(event, config.source_arn, self._region)),
            None if config.writes_to_bus else passed_on(config),
        )

    def _source(self, endpoint_url: str) -> StreamApi[ChangeRecord]:
        if self.config.reads_kinesis:
            stream = KinesisStream(AwsJson(endpoint_url, "kinesis", self._region), self.config.source_arn)
            return KinesisEvents(stream, self.config)
        client = AwsJson(endpoint_url, "dynamodbstreams", self._region)
        reader = None if self.config.writes_to_bus else reader_of(self.config)
        return DynamoDbStream(client, self.config.source_arn, reader)

    def _open_target(self, endpoint_url: str) -> Target:
        target = self._open_last(endpoint_url)
        if not self.config.enrichment_arn:
            return target
        function = FunctionClient(endpoint_url, self.config.enrichment_arn)
        return EnrichedTarget(function, compile_steps(self.config).outgoing, target)

    def _open_last(self, endpoint_url: str) -> KinesisTarget | BusTarget:
        arn = self.config.target_arn
        region = arn.split(":")[3]
        if self.config.writes_to_bus:
            return BusTarget(AwsJson(endpoint_url, "events", region), arn)
        return KinesisTarget(AwsJson(endpoint_url, "kinesis", region), arn)

    def _run(self) -> None:
        log.info("pipe %s: from %s to %s", self.config.name, self.config.source_arn, self.config.target_arn)
        try:
            while not self._stop.is_set():
                pause = self._round()
                self._status = self._account()
                if pause > 0:
                    self._stop.wait(pause)
        except Exception as error:
            # The thread ends, and the supervisor starts a new one; in the meantime the pipe is not reported as running.
            log.exception("pipe %s failed", self.config.name)
            self._trouble = f"It failed: {type(error).__name__}: {error}"
        self._checkpoint.save()
        log.info("pipe %s: stopped", self.config.name)

    def _account(self) -> dict[str, Any]:
        ids = [shard.cursor.shard.id for shard in self._shards.values()]
        return {
            **asdict(self.counters),
            "backlog": sum(shard.backlog for shard in self._shards.values()),
            "lag_ms": max((shard.lag_ms() for shard in self._shards.values()), default=0),
            "checkpoint": {shard_id: self._checkpoint.accepted(shard_id) for shard_id in ids},
        }

    def _round(self) -> float:
        """Do one step of every shard; return the seconds until the next."""
        try:
            self._discover()
            pauses = [self._step(shard) for shard in list(self._shards.values())]
        except CallError as error:
            if self._trouble is None:
                log.warning("pipe %s: source: %s", self.config.name, error)
            self._trouble = f"Its source cannot be read: {error}"
            return _OUTAGE_PAUSE_S
        if self._trouble is not None:
            log.info("pipe %s: the source responds again", self.config.name)
            self._trouble = None
        return min(pauses, default=DISCOVERY_INTERVAL_S)

    def _step(self, shard: PipeShard) -> float:
        pause = shard.step()
        if shard.is_drained:
            del self._shards[shard.cursor.shard.id]
            self._reader.finish(shard.cursor.shard.id)
            self._adopt()
            return 0.0
        return pause

    def _discover(self) -> None:
        if time.monotonic() < self._discovery_due:
            return
        self._reader.discover()
        self._discovery_due = time.monotonic() + DISCOVERY_INTERVAL_S
        self._adopt()

    def _adopt(self) -> None:
        for shard_id, cursor in self._reader.cursors.items():
            if shard_id not in self._shards:
                self._shards[shard_id] = PipeShard(
                    self.config,
                    cursor,
                    self._steps,
                    self._target,
                    self._dead_letters,
                    self._checkpoint,
                    self.counters,
                    time.time,
                    self._metrics,
                )
