"""Estimates what a command will scan, write and cost; the command prints it first.

Prices are those of us-east-1 in dollars; other regions differ by some percent.
https://aws.amazon.com/athena/pricing/, https://aws.amazon.com/dynamodb/pricing/on-demand/,
https://aws.amazon.com/s3/pricing/
"""

from __future__ import annotations

from msgspec import Struct

_TB = 10**12
_GB = 10**9
_SCAN_TB, _EXPORT_GB, _READ_MILLION, _PUT_THOUSAND, _GET_THOUSAND = 5.0, 0.10, 0.125, 0.005, 0.0004
_READ_UNIT_BYTES = 4096
_LEAST_SCANNED = 10_000_000
"""Athena's minimum for a query."""


class CommandCost(Struct, frozen=True, kw_only=True):
    """Bytes and requests. `read_bytes` are read from DynamoDB with consistent reads, `exported_bytes` by an export."""

    scanned_bytes: int = 0
    queries: int = 0
    exported_bytes: int = 0
    read_bytes: int = 0
    puts: int = 0
    gets: int = 0

    @property
    def dollars(self) -> float:
        """Return the sum."""
        return (
            max(self.scanned_bytes, self.queries * _LEAST_SCANNED) / _TB * _SCAN_TB
            + self.exported_bytes / _GB * _EXPORT_GB
            + self.read_bytes / _READ_UNIT_BYTES / 1e6 * _READ_MILLION
            + self.puts / 1000 * _PUT_THOUSAND
            + self.gets / 1000 * _GET_THOUSAND
        )

    def __str__(self) -> str:
        parts = [f"Athena scans {size(self.scanned_bytes)}"]
        if self.exported_bytes:
            parts.append(f"DynamoDB exports {size(self.exported_bytes)}")
        if self.read_bytes:
            parts.append(f"a Scan reads {size(self.read_bytes)}")
        return f"{', '.join(parts)}: about {self.dollars:.2f} dollars"


def size(count: float) -> str:
    """Format bytes with a unit."""
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"
