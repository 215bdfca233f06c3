"""A deleted queue's name. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html"""

from __future__ import annotations

import pytest
from moto.sqs.exceptions import SQSException
from moto.sqs.models import SQSBackend

from sandbox.front.deleted_queues import DeletedQueues


def test_a_queue_s_name_is_free_60_seconds_after_its_deletion() -> None:
    now = 1000.0
    deleted = DeletedQueues(lambda: now)
    backend, elsewhere = (SQSBackend(region, "123456789012") for region in ("eu-west-1", "us-east-1"))
    create, delete = deleted.refusing(SQSBackend.create_queue), deleted.remembering(SQSBackend.delete_queue)
    create(backend, "q")
    delete(backend, "q")
    now += 59.9
    with pytest.raises(SQSException) as raised:
        create(backend, "q")
    assert raised.value.code == "AWS.SimpleQueueService.QueueDeletedRecently"
    create(backend, "other")
    create(elsewhere, "q")
    now += 0.1
    create(backend, "q")
    assert set(backend.queues) == {"q", "other"}
