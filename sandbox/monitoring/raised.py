"""The alarms that are in the state ALARM now, for the sandbox's own commands."""

from __future__ import annotations

import msgspec

from sandbox.awsjson import CallError, HttpClient

PATH = "/_sandbox/alarms"


class RaisedAlarm(msgspec.Struct, frozen=True):
    """An alarm in the state ALARM: its name, the reason, and the time of the change (epoch seconds)."""

    name: str
    reason: str
    since_s: float


def raised_alarms(endpoint_url: str) -> list[RaisedAlarm]:
    """The raised alarms of a sandbox, the latest first; empty if it does not respond."""
    client = HttpClient(endpoint_url, timeout_s=5.0)
    try:
        response = client.request("GET", PATH)
        return msgspec.json.decode(response.body, type=list[RaisedAlarm]) if response.status == 200 else []
    except (CallError, msgspec.DecodeError):
        return []
    finally:
        client.close()
