"""The sandbox's credentials, for its clients."""

from __future__ import annotations

from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from stack import awsconfig
from stack.outputs import SANDBOX, StackOutputs


class Credentials(NamedTuple):
    """An access key and its secret."""

    access_key: str
    secret_key: str


_SANDBOX = Credentials("sandbox", "sandbox")


def credentials(outputs: StackOutputs) -> Credentials | None:
    """Return explicit credentials for the outputs' endpoint; None means those of the AWS configuration.

    A sandbox has fixed credentials; any other loopback endpoint uses them too when the AWS configuration has none.
    """
    if outputs.origin == SANDBOX:
        return _SANDBOX
    if outputs.endpoint_url is None or not is_loopback(outputs.endpoint_url) or awsconfig.has_credentials():
        return None
    return _SANDBOX


def is_loopback(url: str) -> bool:
    """Return whether a URL's host is a loopback address: localhost, 127.0.0.0/8 or ::1."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
