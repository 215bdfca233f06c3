"""Where the stack's AWS answers, when that is not AWS itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pulumi


def endpoint_url() -> str | None:
    """The one URL to which `aws:endpoints` sends every service; None where they differ, and for AWS itself.

    The tools (loadgen, lake) find it among the stack's outputs, so that they
    call what the stack was deployed to.
    """
    configured: Any = pulumi.Config("aws").get_object("endpoints")
    services = cast("list[Mapping[str, str]]", configured or [])
    urls = {url for service in services for url in service.values() if url}
    return urls.pop() if len(urls) == 1 else None
