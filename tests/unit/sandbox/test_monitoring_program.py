"""Each of the program's alarms is raised by what it is about, and no other one with it; then all are back."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends

from components.alarms import Alarm, alarms
from components.metrics import TRANSFORM_NAMESPACE, Pipeline
from components.settings import Settings
from sandbox.firehose.metrics import FirehoseMetrics
from sandbox.front.counting.dynamodb import DynamoCounter
from sandbox.front.counting.kinesis import THROTTLED, KinesisCounter
from sandbox.front.counting.queues import counting_sent, sizes_of_queues
from sandbox.functions import metrics as functions
from sandbox.monitoring.alarm import AlarmDefinition, check, definition_of
from sandbox.monitoring.embedded import metrics_of
from sandbox.monitoring.evaluation import AlarmState
from sandbox.monitoring.outlook import outlook
from sandbox.monitoring.queries import MetricQuery
from sandbox.monitoring.recorder import RECORDER, metric
from sandbox.monitoring.store import MetricStore
from sandbox.pipes.metrics import PipeMetrics
from sandbox.states.executions import StoredExecution, count_end
from transform.telemetry import BatchCounters, Origin, log_line

REGION = "eu-west-1"
BEGIN_S = 1_800_000_000 // 300 * 300
PIPELINE = Pipeline(
    table_name="orders",
    stream_name="changes",
    pipe_name="pipe",
    dead_letter_queue_name="dead",
    delivery_stream_name="lake",
    function_name="transform",
    workgroup_name="group",
    large_pipe_name="large",
    shorten_function_name="shorten",
    error_queue_name="errors",
    event_pipe_name="events",
    event_queue_name="consumer",
    event_dead_letter_queue_name="event-dead",
    merge_machine_arn="arn:aws:states:eu-west-1:123456789012:stateMachine:merge",
    merge_dead_letter_queue_name="merge-dead",
)
MANY = 120
LATE_MS = 3_600_000
BODY = b'{"TableName": "orders"}'
_numbers = count()


def _pipe_throttled(pipe: str) -> None:
    """A sample of what only AWS publishes: it is about the account's quota of executions, and a sandbox has none."""
    RECORDER.series(REGION, metric("AWS/EventBridge/Pipes", "ExecutionThrottled", PipeName=pipe), "Count").add(MANY)


@contextmanager
def _queues(*names: str) -> Generator[list[Queue]]:
    """moto's queues, counted as the server counts them."""
    backend: SQSBackend = sqs_backends["123456789012"][REGION]
    try:
        yield [backend.create_queue(name, {}) for name in names]
    finally:
        for name in names:
            backend.delete_queue(name)


def _count_queues() -> None:
    for one in sizes_of_queues():
        RECORDER.series(one.region, one.metric, one.unit).add(one.samples.sum)


def _letter(name: str) -> None:
    """Send a message to a queue; no consumer receives it."""
    with _queues(name) as (queue,):
        letter: Any = Message(message_id=f"letter-{next(_numbers)}", body="{}")
        counting_sent(Queue.add_message)(queue, letter)
        _count_queues()


def _throttled_writes(_: int) -> None:
    for _ in range(MANY):
        DynamoCounter().refused(REGION, "PutItem", "com.amazonaws.dynamodb.v20120810#ThrottlingException", BODY)


def _old_records(_: int) -> None:
    stream: Any = SimpleNamespace(region=REGION, stream_name="changes")
    KinesisCounter().got(stream, "shardId-0", [b"{}"], LATE_MS, 0)


def _throttled_stream(_: int) -> None:
    for _ in range(MANY):
        KinesisCounter().refused(REGION, "PutRecords", "changes", THROTTLED)


def _times(function: Callable[[], None]) -> Callable[[int], None]:
    def repeated(_: int) -> None:
        for _ in range(MANY):
            function()

    return repeated


def _invoked(name: str, *, failed: bool = False) -> None:
    functions.invoked(REGION, name, failed=failed, duration_ms=1, concurrent=1)


def _executed(name: str, failed: int) -> None:
    PipeMetrics(REGION, name).executed(1, 100, failed, 5.0)


def _batch(at_s: int, **counted: Any) -> None:
    origin = Origin("transform", "lake", "id")
    line = log_line(BatchCounters(**counted), origin, TRANSFORM_NAMESPACE, at_s * 1000, 1.0)
    for published in metrics_of(REGION, line):
        series = RECORDER.series(REGION, published.metric, published.unit)
        series.add(published.samples.sum)


def _merged(status: str) -> None:
    """An execution of the merge's machine ended."""
    arn = str(PIPELINE.merge_machine_arn)
    count_end(StoredExecution(arn="e", machine_arn=arn, role_arn="", name="e", input="{}", started_s=0, status=status))


CONDITIONS: dict[str, Callable[[int], None]] = {
    "write-throttles": _throttled_writes,
    "pipe-failures": _times(lambda: _executed("pipe", 1)),
    "pipe-throttles": lambda _: _pipe_throttled("pipe"),
    "large-pipe-failures": _times(lambda: _executed("large", 1)),
    "large-pipe-throttles": lambda _: _pipe_throttled("large"),
    "shorten-errors": _times(lambda: _invoked("shorten", failed=True)),
    "dead-letters": lambda _: _letter("dead"),
    "skipped-changes": lambda _: DynamoCounter().not_replicated(REGION, "orders"),
    "stream-throttles": _throttled_stream,
    "stream-age": _old_records,
    "capture-age": lambda at_s: _batch(at_s, records=1, oldest_us=(at_s * 1000 - LATE_MS) * 1000),
    "transform-errors": _times(lambda: _invoked("transform", failed=True)),
    "bad-records": lambda at_s: _batch(at_s, records=MANY, failed=MANY),
    "transform-throttles": _times(lambda: functions.throttled(REGION, "transform")),
    "delivery-failures": lambda _: FirehoseMetrics(REGION, "lake").put("DeliveryToS3", 1, 1, 1.0, succeeded=False),
    "delivery-freshness": lambda _: FirehoseMetrics(REGION, "lake").put(
        "DeliveryToS3", 1, 1, LATE_MS / 1000, succeeded=True
    ),
    "lake-errors": lambda _: _letter("errors"),
    "merge-failures": lambda _: _merged("FAILED"),
    "merge-timeouts": lambda _: _merged("TIMED_OUT"),
    "merge-dead-letters": lambda _: _letter("merge-dead"),
    "event-pipe-failures": _times(lambda: _executed("events", 1)),
    "event-pipe-throttles": lambda _: _pipe_throttled("events"),
    "event-dead-letters": lambda _: _letter("event-dead"),
}


def _usual(at_s: int) -> None:
    """What a pipeline that works publishes."""
    stream: Any = SimpleNamespace(region=REGION, stream_name="changes")
    for name in ("pipe", "large", "events"):
        _executed(name, 0)
    for name in ("transform", "shorten"):
        _invoked(name)
    KinesisCounter().got(stream, "shardId-0", [b"{}"], 200, 0)
    _batch(at_s, records=10, ok=10, oldest_us=(at_s * 1000 - 300) * 1000)
    FirehoseMetrics(REGION, "lake").put("DeliveryToS3", 10, 100, 2.0, succeeded=True)
    _merged("SUCCEEDED")
    with _queues("dead", "errors", "event-dead", "merge-dead"):
        _count_queues()


class _Watched:
    """The alarms of a pipeline and a store of metrics, with a clock."""

    def __init__(self, mode: str) -> None:
        settings = Settings(capture_mode=mode, event_fanout=True, error_queue=True, merge_interval_minutes=60)  # pyright: ignore[reportArgumentType] - a text
        self.alarms = alarms(PIPELINE, settings)
        self.states: dict[str, AlarmState] = dict.fromkeys((one.name for one in self.alarms), "INSUFFICIENT_DATA")
        self.now_s = BEGIN_S
        self.store = MetricStore(lambda: self.now_s)

    def minutes(self, count: int, happening: Callable[[int], None]) -> None:
        """Minutes in which something happens; the alarms are evaluated after the last four of them."""
        for minute in range(count):
            RECORDER.take()
            happening(self.now_s)
            self.store.add(RECORDER.take())
            self.now_s += 60
            for one in self.alarms if minute >= count - 4 else ():
                self._evaluate(one)

    def raised(self) -> set[str]:
        return {name for name, state in self.states.items() if state == "ALARM"}

    def coming(self) -> set[str]:
        """The alarms that are raised later if nothing more happens."""
        defined = ((one.name, _definition(one)) for one in self.alarms)
        return {name for name, each in defined if outlook(self.store, REGION, each, BEGIN_S, self.now_s)}

    def _evaluate(self, one: Alarm) -> None:
        self.states[one.name] = check(self.store, REGION, _definition(one), self.states[one.name], self.now_s).state


def _definition(one: Alarm) -> AlarmDefinition:
    given = {
        "AlarmName": one.name,
        "ComparisonOperator": one.comparison,
        "Threshold": one.threshold,
        "EvaluationPeriods": one.periods,
        "DatapointsToAlarm": one.periods_over,
        "TreatMissingData": "notBreaching",
    }
    definition = definition_of(given, [_query(one)])
    assert definition is not None
    return definition


def _query(one: Alarm) -> MetricQuery:
    of = one.metric
    dimensions = {name: str(value) for name, value in of.dimensions.items()}
    if of.query:
        return MetricQuery("answer", expression=of.query.format(**dimensions), period_s=one.period_seconds)
    key = metric(of.namespace, of.name, **dimensions)
    return MetricQuery("m1", metric=key, statistic=of.statistic, period_s=one.period_seconds)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    yield
    RECORDER.take()


def test_every_alarm_of_the_program_has_a_condition_here() -> None:
    assert {one.name for mode in ("pipe", "native") for one in _Watched(mode).alarms} == set(CONDITIONS)


@pytest.mark.parametrize("name", sorted(CONDITIONS))
def test_an_alarm_is_raised_alone_and_comes_back(name: str) -> None:
    """The others stay as they are, and after a time without the condition this one is OK again."""
    watched = _Watched("native" if name == "skipped-changes" else "pipe")
    watched.minutes(8, _usual)
    assert set(watched.states.values()) == {"OK"}
    assert watched.coming() == set()

    def both(at_s: int) -> None:
        _usual(at_s)
        CONDITIONS[name](at_s)

    watched.minutes(4, both)
    assert watched.raised() == {name}
    assert watched.coming() == {name}
    watched.minutes(20, _usual)
    assert set(watched.states.values()) == {"OK"}


def test_a_pipeline_without_traffic_raises_nothing() -> None:
    watched = _Watched("pipe")
    watched.minutes(8, lambda _: None)
    assert set(watched.states.values()) == {"OK"}
