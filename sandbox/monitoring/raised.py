"""The alarms that are raised now, for the sandbox's own commands."""

from __future__ import annotations

import msgspec

from sandbox.awsjson import CallError, HttpClient

PATH = "/_sandbox/alarms"


class RaisedAlarm(msgspec.Struct, frozen=True):
    """An alarm in the state ALARM: its name, why, and since when (epoch seconds)."""

    name: str
    reason: str
    since_s: float


def raised_alarms(endpoint_url: str) -> list[RaisedAlarm]:
    """The raised alarms of a sandbox, the latest first; none when it does not answer."""
    client = HttpClient(endpoint_url, timeout_s=5.0)
    try:
        response = client.request("GET", PATH)
        return msgspec.json.decode(response.body, type=list[RaisedAlarm]) if response.status == 200 else []
    except (CallError, msgspec.DecodeError):
        return []
    finally:
        client.close()
