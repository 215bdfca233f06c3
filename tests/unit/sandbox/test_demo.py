from __future__ import annotations

import os
import signal
from collections.abc import Generator, Mapping, Sequence

import msgspec
import pytest

from sandbox import demo
from sandbox.demo import Demo

COUNTS = {"planned": 5, "sent": 5, "acked": 0, "acked_by_op": {"insert": 0, "update": 0, "delete": 0}, "dropped": 0}


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM])
def interrupted_stop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Generator[list[str]]:
    """What ends the demo's commands: `down`, meanwhile the signal arrives; Ctrl-C reaches all but what is apart."""
    ended: list[str] = []

    def run(command: Sequence[str], environment: Mapping[str, str], *, apart: bool) -> int:
        os.kill(os.getpid(), request.param)
        if apart:
            ended.append(command[3])
        return 0

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "_run", run)
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    yield ended
    for number, handler in before.items():
        signal.signal(number, handler)


def test_an_interrupt_waits_until_the_sandbox_is_stopped(
    interrupted_stop: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def play(self: Demo) -> None:
        self.load_report.write_bytes(msgspec.json.encode({"counts": COUNTS}))

    monkeypatch.setattr(Demo, "play", play)
    with pytest.raises(KeyboardInterrupt):
        demo.main()
    assert interrupted_stop == ["down"]
    said = capsys.readouterr().out
    assert "It was interrupted." in said
    assert "0 (none)" in said
