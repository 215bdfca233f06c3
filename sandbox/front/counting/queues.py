"""SQS' metrics.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends

from sandbox.monitoring.recorder import RECORDER, Published, metric
from sandbox.monitoring.statistics import statistic_set

NAMESPACE = "AWS/SQS"


def counting_sent(add_message: Callable[[Queue, Message], None]) -> Callable[[Queue, Message], None]:
    """Wrap moto's function that adds a message, to count it; a message that a redrive moves is not counted again."""

    def add(queue: Queue, message: Message) -> None:
        add_message(queue, message)
        if not message.approximate_receive_count:
            _add(queue, "NumberOfMessagesSent", 1)
            _add(queue, "SentMessageSize", len(message.body.encode()), "Bytes")

    return add


def counting_received(receive: Callable[..., list[Message]]) -> Callable[..., list[Message]]:
    """Wrap moto's receive function, to count the messages."""

    def received(backend: SQSBackend, queue_name: str, *args: Any, **kwargs: Any) -> list[Message]:
        messages = receive(backend, queue_name, *args, **kwargs)
        queue = vars(backend)["queues"].get(queue_name)
        if queue is not None:
            _add(queue, "NumberOfMessagesReceived", len(messages))
            if not messages:
                _add(queue, "NumberOfEmptyReceives", 1)
        return messages

    return received


def counting_deleted(delete: Callable[..., None]) -> Callable[..., None]:
    """Wrap moto's delete function, to count the messages."""

    def deleted(backend: SQSBackend, queue_name: str, *args: Any, **kwargs: Any) -> None:
        delete(backend, queue_name, *args, **kwargs)
        queue = vars(backend)["queues"].get(queue_name)
        if queue is not None:
            _add(queue, "NumberOfMessagesDeleted", 1)

    return deleted


def sizes_of_queues(now_s: float | None = None) -> list[Published]:
    """The numbers of messages in each queue now."""
    now_s = time.time() if now_s is None else now_s
    published: list[Published] = []
    for _, region, backend in list(sqs_backends.iter_backends()):
        queues: dict[str, Queue] = vars(backend)["queues"]
        for queue in list(queues.values()):
            visible = delayed = received = 0
            oldest_ms: float | None = None
            messages: list[Message] = vars(queue)["_messages"]
            for message in messages:
                if message.delayed:
                    delayed += 1
                elif message.visible:
                    visible += 1
                else:
                    received += 1
                sent_ms = float(message.sent_timestamp or 0)
                oldest_ms = sent_ms if oldest_ms is None else min(oldest_ms, sent_ms)
            age_s = 0.0 if oldest_ms is None else max(0.0, now_s - oldest_ms / 1000)
            for name, value, unit in (
                ("ApproximateNumberOfMessagesVisible", visible, "Count"),
                ("ApproximateNumberOfMessagesNotVisible", received, "Count"),
                ("ApproximateNumberOfMessagesDelayed", delayed, "Count"),
                ("ApproximateAgeOfOldestMessage", int(age_s), "Seconds"),
            ):
                counted = metric(NAMESPACE, name, QueueName=str(queue.name))
                published.append(Published(region, counted, unit, statistic_set({float(value): 1.0})))
    return published


def _add(queue: Queue, name: str, value: float, unit: str = "Count") -> None:
    RECORDER.series(queue.region, metric(NAMESPACE, name, QueueName=str(queue.name)), unit).add(value)
