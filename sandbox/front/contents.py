"""What SQS refuses of a message's body, and moto takes.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html: at least one character, and
only those of XML 1.0. The sentences are in services/sqs/provider.py of localstack/localstack. A batch with such a
message is refused as a whole, where SQS names the entry.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from moto.sqs.exceptions import SQSException
from moto.sqs.models import Queue, SQSBackend

_INVALID = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def refusing_contents(validate: Callable[..., None]) -> Callable[..., None]:
    """Wrap moto's validation of a message, before which it now checks the body."""

    def validated(backend: SQSBackend, queue: Queue, message_body: str, *args: Any, **kwargs: Any) -> None:
        if not message_body:
            raise SQSException("MissingParameter", "The request must contain the parameter MessageBody.")
        if _INVALID.search(message_body):
            raise SQSException(
                "InvalidMessageContents",
                "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | "
                "#xE000 to #xFFFD | #x10000 to #x10FFFF",
            )
        validate(backend, queue, message_body, *args, **kwargs)

    return validated
