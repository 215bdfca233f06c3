"""The alarms that are in the state ALARM now, for the sandbox's own commands."""

from __future__ import annotations

import msgspec

from sandbox.awsjson import CallError, HttpClient

PATH = "/_sandbox/alarms"
COMING_PATH = "/_sandbox/alarms/coming"


class RaisedAlarm(msgspec.Struct, frozen=True):
    """An alarm in the state ALARM: its name, the reason, and the time of the change (epoch seconds)."""

    name: str
    reason: str
    since_s: float


def raised_alarms(endpoint_url: str) -> list[RaisedAlarm]:
    """The raised alarms of a sandbox, the latest first; empty if it does not respond."""
    try:
        return _listed(endpoint_url, PATH)
    except (CallError, msgspec.DecodeError):
        return []


def coming_alarms(endpoint_url: str) -> list[RaisedAlarm]:
    """The alarms that are or were raised, or will be raised by the existing metrics if no further ones arrive.

    Raises:
        CallError: the sandbox does not respond.
    """
    return _listed(endpoint_url, COMING_PATH)


def _listed(endpoint_url: str, path: str) -> list[RaisedAlarm]:
    client = HttpClient(endpoint_url, timeout_s=5.0)
    try:
        response = client.request("GET", path)
    finally:
        client.close()
    if response.status != 200:
        raise CallError(f"GET {path} has the status {response.status}")
    return msgspec.json.decode(response.body, type=list[RaisedAlarm])
