"""The endpoint of the stack's AWS calls, if it is not AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pulumi


def endpoint_url() -> str | None:
    """The common URL of every service in `aws:endpoints`; None if they differ, and for AWS.

    The tools (loadgen, lake) read it from the stack's outputs, so they call the deployment's endpoint.
    """
    configured: Any = pulumi.Config("aws").get_object("endpoints")
    services = cast("list[Mapping[str, str]]", configured or [])
    urls = {url for service in services for url in service.values() if url}
    return urls.pop() if len(urls) == 1 else None
