"""SQS's messages, saved one by one: each when it is sent, received, changed or deleted.

moto stores a queue's messages in a list, so the changes that a call made to existing messages are found by comparison.
An added message is recorded directly, because a queue may be long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary

from moto.sqs.models import Message, Queue, sqs_backends

_Seen = dict[str, tuple[Any, ...]]
_saved: WeakKeyDictionary[Queue, _Seen] = WeakKeyDictionary()
_touched: dict[str, Queue] = {}
_added: list[tuple[Queue, Message]] = []


def recording_added(add_message: Callable[[Queue, Message], None]) -> Callable[[Queue, Message], None]:
    """Wrap moto's function that adds a message to a queue: it records each added message, for every caller."""

    def add(queue: Queue, message: Message) -> None:
        add_message(queue, message)
        there = all_of(queue)
        if there and there[-1] is message:
            _added.append((queue, message))
        else:
            touched(queue)

    return add


def touched(queue: Queue) -> None:
    """Mark a queue whose messages may have changed."""
    _touched[uid_of(queue)] = queue


def touch_named(name: str) -> None:
    """Mark all queues with a name whose messages may have changed."""
    for _, _, backend in sqs_backends.iter_backends():
        queue: Queue | None = vars(backend)["queues"].get(name)
        if queue is not None:
            touched(queue)


def take_changes() -> Iterator[tuple[str, str, Message | None]]:
    """Return the changes since the last call: a queue's journal name, a message's id, and the message or None."""
    for queue, message in _added:
        if uid_of(queue) not in _touched:
            _saved.setdefault(queue, {})[message.id] = _seen(message)
            yield uid_of(queue), message.id, message
    _added.clear()
    while _touched:
        uid, queue = _touched.popitem()
        before, now = _saved.get(queue, {}), {message.id: _seen(message) for message in all_of(queue)}
        if now != before:
            for message in all_of(queue):
                if before.get(message.id) != now[message.id]:
                    yield uid, message.id, message
            for message_id in before.keys() - now.keys():
                yield uid, message_id, None
            _saved[queue] = now


def uid_of(queue: Queue) -> str:
    """A queue's name in the journal."""
    return f"messages {queue.queue_arn} {queue.created_timestamp}"


def all_of(queue: Queue) -> list[Message]:
    """All messages of a queue, including those that are received and not deleted."""
    return vars(queue)["_messages"]


def everything() -> Iterator[tuple[str, Message]]:
    """All messages of all queues, each with its queue's name."""
    for queue in _queues():
        for message in list(all_of(queue)):
            yield uid_of(queue), message


def restore(messages: dict[str, dict[str, Message]]) -> int:
    """Restore messages, given by their queues' names and their ids; return their number."""
    count = 0
    for queue in _queues():
        kept = list(messages.get(uid_of(queue), {}).values())
        vars(queue)["_messages"] = kept
        vars(queue)["_pending_messages"] = {message for message in kept if not message.visible}
        _saved[queue] = {message.id: _seen(message) for message in kept}
        count += len(kept)
    return count


def reduced(queue: Queue) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
    """Pickle a queue without its messages."""
    empty: dict[str, Any] = {"_messages": [], "_pending_messages": set(), "deleted_messages": set()}
    return object.__new__, (Queue,), vars(queue) | empty


def _queues() -> Iterator[Queue]:
    for _, _, backend in list(sqs_backends.iter_backends()):
        yield from list(vars(backend)["queues"].values())


def _seen(message: Message) -> tuple[Any, ...]:
    return message.visible_at, message.approximate_receive_count, message.delayed_until, message.receipt_handle
