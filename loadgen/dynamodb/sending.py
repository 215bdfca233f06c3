"""Sends requests, each on its connection, and records when they leave."""

from __future__ import annotations

import os
import sys
import time

from loadgen.compiled import native
from loadgen.dynamodb.writes import Call


def send_in_python(calls: list[Call], sockets: list[int], requests: list[bytes]) -> list[tuple[int, int]]:
    """Send calls' requests on non-blocking sockets, given by their descriptors; set `sent_ns` of each call before.

    Returns the index of each request that was not sent whole, with the number of its bytes that were sent, or with the
    negative error number.
    """
    unsent: list[tuple[int, int]] = []
    for index, (call, number, request) in enumerate(zip(calls, sockets, requests, strict=True)):
        call.sent_ns = time.monotonic_ns()
        try:
            sent = os.write(number, request)
        except OSError as error:
            sent = -(error.errno or 0)
        if sent != len(request):
            unsent.append((index, sent))
    return unsent


send = native.send if native is not None and sys.platform == "linux" else send_in_python
"""As `send_in_python`, by the compiled module where there is one."""
