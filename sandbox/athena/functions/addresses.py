"""IP address functions: https://trino.io/docs/435/functions/ipaddress.html."""

from __future__ import annotations

from sandbox.athena.functions.function import entry
from sandbox.athena.functions.native import Native

FUNCTIONS = (
    entry(
        "contains(varchar, ipaddress) -> boolean",
        "athena_ip_contains",
        "contains('10.0.0.0/8', IPADDRESS '10.255.255.255')",
        "true",
    ),
)
MACROS: tuple[str, ...] = ()
NATIVES: tuple[Native, ...] = ()
