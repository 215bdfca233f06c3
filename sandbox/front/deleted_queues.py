"""The names of deleted queues, which SQS does not give to another queue for 60 seconds.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html; the sentence is the one for
which internal/service/sqs of hashicorp/terraform-provider-aws waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from moto.sqs.exceptions import SQSException
from moto.sqs.models import Queue, SQSBackend

_KEPT_S = 60.0
_SENTENCE = "You must wait 60 seconds after deleting a queue before you can create another with the same name."


class DeletedQueues:
    """When queues were deleted, by their region and name, on a clock in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at: dict[tuple[str, str], float] = {}

    def remembering(self, delete: Callable[[SQSBackend, str], None]) -> Callable[[SQSBackend, str], None]:
        """Wrap moto's deletion of a queue."""

        def remember(backend: SQSBackend, queue_name: str) -> None:
            delete(backend, queue_name)
            now = self._clock()
            self._at = {place: at for place, at in self._at.items() if now - at < _KEPT_S}
            self._at[backend.region_name, queue_name] = now

        return remember

    def refusing(self, create: Callable[..., Queue]) -> Callable[..., Queue]:
        """Wrap moto's creation of a queue."""

        def refuse(backend: SQSBackend, name: str, *arguments: Any, **attributes: Any) -> Queue:
            deleted_at = self._at.get((backend.region_name, name))
            if deleted_at is not None and self._clock() - deleted_at < _KEPT_S:
                raise SQSException("AWS.SimpleQueueService.QueueDeletedRecently", _SENTENCE)
            return create(backend, name, *arguments, **attributes)

        return refuse
