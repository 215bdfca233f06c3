"""Parses the command line's values: durations, rates, sizes, numbers with units."""

from __future__ import annotations

import math
import re
from argparse import ArgumentTypeError
from collections.abc import Callable

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)?")
_SECONDS = {"ms": 0.001, None: 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
LONGEST_S = 1e9
"""The longest time of a run."""
_FASTEST_PER_S = 1e9
_LARGEST = 2**53
"""Of the whole numbers: every reader of JSON has them exactly (RFC 8259, 6)."""


def duration(text: str) -> float:
    """Parse seconds from "90", "90s", "1.5m", "500ms" or "1h"."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ArgumentTypeError(f"{text!r} is not a duration: write it as 500ms, 90s, 5m or 1h")
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > LONGEST_S:
        raise ArgumentTypeError(f"{text!r} is out of bounds: it is more than 30 years")
    return seconds


def positive(kind: Callable[[str], float]) -> Callable[[str], float]:
    """Return a parser that refuses values which are not above zero."""

    def parse(text: str) -> float:
        value = kind(text)
        if not value > 0:
            raise ArgumentTypeError(f"{text!r} is not above 0")
        return value

    return parse


def number(text: str) -> float:
    """Parse a finite number."""
    try:
        value = float(text.replace("_", ""))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ArgumentTypeError(f"{text!r} is not a number")
    return value


def share(text: str) -> float:
    """Parse a share, 0 or more, from "10%" or "0.1"."""
    try:
        value = number(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ArgumentTypeError:
        value = -1.0
    if value < 0:
        raise ArgumentTypeError(f"{text!r} is not a share: write it as 10% or 0.1")
    return value


_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)([kM])?")
_RATE = re.compile(rf"{_AMOUNT.pattern}(?:/(s|m|h))?")
_THOUSANDS = {None: 1.0, "k": 1e3, "M": 1e6}


def amount(text: str) -> int:
    """Parse a whole number above zero from "500", "10k" or "1.5M"."""
    match = _AMOUNT.fullmatch(text.replace("_", ""))
    value = float(match[1]) * _THOUSANDS[match[2]] if match is not None else 0.0
    if not 0 < value <= _LARGEST or not value.is_integer():
        raise ArgumentTypeError(f"{text!r} is not a whole number above 0: write it as 5000 or 10k")
    return int(value)


def rate(text: str) -> float:
    """Parse writes per second from "500", "5k", "1.5k/s", "300/m" or "20k/h"."""
    match = _RATE.fullmatch(text.replace("_", ""))
    if match is None:
        raise ArgumentTypeError(f"{text!r} is not a rate: write it as 500, 5k, 300/m or 20k/h")
    per_s = float(match[1]) * _THOUSANDS[match[2]] / _SECONDS[match[3] or "s"]
    if per_s > _FASTEST_PER_S:
        raise ArgumentTypeError(f"{text!r} is out of bounds: it is more than 1000M")
    return per_s


def whole(lowest: int, highest: int = _LARGEST) -> Callable[[str], int]:
    """Return a parser of whole numbers within bounds."""

    def parse(text: str) -> int:
        try:
            value = int(text.replace("_", ""))
        except ValueError:
            raise ArgumentTypeError(f"{text!r} is not a whole number") from None
        if not lowest <= value <= highest:
            bounds = f"at least {lowest}" if value < lowest and highest == _LARGEST else f"{lowest} to {highest}"
            raise ArgumentTypeError(f"{value} is out of bounds: it must be {bounds}")
        return value

    return parse


_SIZE = re.compile(r"(\d+)(B|KB|KiB)?")


def size(text: str) -> int:
    """Parse bytes from "4KB" (4096), "1500B" or "1500": from 1 KB, about an order's size, to 400 KB."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ArgumentTypeError(f"{text!r} is not a size: write it as 4KB or 4096")
    value = int(match[1]) * (1024 if (match[2] or "").startswith("K") else 1)
    if not 1024 <= value <= 400 * 1024:
        raise ArgumentTypeError(f"{text} is out of bounds: an item has 1KB to 400KB")
    return value
