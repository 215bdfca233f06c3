"""Steps that every request takes, in C: native/. What takes the place of each where it is missing stands beside it."""

from collections.abc import Mapping

from loadgen.dynamodb.writes import Call
from loadgen.schedule.arrivals import PlannedInsert
from loadgen.workloads.inserts import Heads

def state(data: bytes, /) -> bytes:
    """SHA-256's state once it has been given this."""

def requests(
    calls: list[Call], constants: Mapping[str, tuple[bytes, bytes]], inner: bytes, outer: bytes, /
) -> list[bytes]:
    """Calls' signed requests; loadgen.dynamodb.signing.HashlibConstants.

    `constants` have for each target the head up to the signature and the state
    of the canonical request up to the body's hash; `inner` and `outer` are the
    states of the HMAC. KeyError for any other target.
    """

def inserts(
    rows: tuple[PlannedInsert, ...], texts: tuple[bytes, ...], numbers: tuple[int, ...], phases: tuple[Heads, ...], /
) -> tuple[bytes, int]:
    """New orders as the body of a BatchWriteItem call, and the write units they take; loadgen.workloads.inserts.

    TypeError and ValueError for what does not fit.
    """

def instructions(used: bool, /) -> int:
    """Use the processor's instructions for SHA-256, or do not; whether they are used now."""

def receive(poll: int, /) -> list[tuple[int, bytes | int, int]]:
    """What has arrived on the sockets of an epoll set; loadgen.dynamodb.receiver.EpollReceiver. Linux only."""

def set_timer(timer: int, at_ns: int, /) -> None:
    """Let a timerfd ring at a time of the monotonic clock; loadgen.schedule.pacing.TimerFd.

    Linux only. OSError when it fails.
    """
