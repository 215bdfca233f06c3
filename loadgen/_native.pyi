"""Steps of every request, in C (native/). Each docstring names the Python fallback."""

from collections.abc import Iterator, Mapping

from loadgen.dynamodb.http import Template
from loadgen.dynamodb.writes import Call, Write
from loadgen.schedule.arrivals import PlannedInsert, PlannedOperation
from loadgen.workloads.rows import HeadRow, StepRows

def state(data: bytes, /) -> bytes:
    """Return SHA-256's state after this data."""

def requests(
    calls: list[Call], constants: Mapping[str, tuple[bytes, bytes]], inner: bytes, outer: bytes, /
) -> list[bytes]:
    """Return calls' signed requests; loadgen.dynamodb.signing.HashlibConstants.

    `constants` has for each target the head up to the signature and the state of the canonical request up to the body's
    hash; `inner` and `outer` are the states of the HMAC. KeyError for any other target.
    """

def inserts(
    rows: tuple[PlannedInsert, ...],
    texts: tuple[bytes, ...],
    numbers: tuple[int, ...],
    phases: tuple[tuple[HeadRow, ...], ...],
    /,
) -> tuple[bytes, int]:
    """Return new orders as a BatchWriteItem call's body, and their write units; loadgen.workloads.inserts.

    Raises: TypeError, ValueError: an argument has the wrong type or form.
    """

OrderConstants = tuple[
    tuple[bytes, ...],
    tuple[int, ...],
    tuple[tuple[HeadRow, ...], ...],
    StepRows,
    type[Write],
    str,
    *tuple[str, ...],
]
"""Texts and numbers of Orders.write_template, the start in ns, the pools, the steps, the class to make, the table's
name, three operations, and the target of each."""

def orders(
    constants: OrderConstants,
    ring: bytearray,
    arrivals: Iterator[PlannedOperation],
    following: PlannedOperation | None,
    until_ns: int,
    limit: int,
    room: int,
    /,
) -> tuple[list[Write], PlannedOperation | None, int, int]:
    """Return the writes of due arrivals; loadgen.workloads.compiled_orders.DueWrites. `ring` has the orders' states.

    Raises: TypeError, ValueError: an argument has the wrong type or form.
    """

def acknowledge(
    constants: OrderConstants,
    ring: bytearray,
    writes: list[Write],
    service: list[int],
    intended: list[int],
    first_ns: int,
    end_ns: int,
    /,
) -> tuple[int, int, int, int, list[Write]]:
    """Count and finish applied writes of `orders`; loadgen.workloads.compiled_orders.CountedWrites.

    Raises: TypeError, ValueError: an argument has the wrong type or form.
    """

def finish(ring: bytearray, number: int, version: int, /) -> None:
    """Store the result of an order's write: its version, 0 if it is not in the table or unknown, -1 if unchanged."""

def lags(calls: list[Write], counts: list[int], /) -> list[Write]:
    """Count by µs how long after its planned time each call was sent; return those for which there is no count."""

def instructions(used: bool, /) -> int:
    """Enable or disable the processor's SHA-256 instructions; return whether they are used now."""

def receive(
    poll: int, template: Template | None, calls: list[Call | None], idle: list[int], succeeded: list[Call], /
) -> list[tuple[int, bytes | int | None, int]]:
    """Return the data received on an epoll set's sockets; loadgen.dynamodb.receiver.EpollReceiver. Linux only.

    Data that equals the template ends the call in flight on its socket, by which `calls` has them: the call moves to
    `succeeded` with its time, the socket to `idle`. Without a call it is None. Raises: ValueError: the template's parts
    do not follow each other.
    """

def send(calls: list[Call], sockets: list[int], requests: list[bytes], /) -> list[tuple[int, int]]:
    """Send calls' requests, each on a non-blocking socket; loadgen.dynamodb.sending. Linux only.

    Raises: ValueError: the lists do not have the same length.
    """

def set_timer(timer: int, at_ns: int, /) -> None:
    """Set a timerfd to a time of the monotonic clock; loadgen.schedule.pacing.TimerFd.

    Linux only. Raises: OSError.
    """
