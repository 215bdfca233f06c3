"""What a setting may be: each rule reads a key's text and says what it allows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

ConfigType = Literal["string", "integer", "boolean"]


class Rule(Protocol):
    """How one key's text becomes its value."""

    @property
    def type(self) -> ConfigType:
        """The key's type in Pulumi.yaml."""
        ...

    @property
    def allowed(self) -> str:
        """What is allowed, to stand after "allowed: "."""
        ...

    def parse(self, text: str) -> str | int | bool:
        """The value; ValueError when the text is not allowed."""
        ...


class OneOf:
    """One of a few values, all texts or all whole numbers."""

    def __init__(self, *values: str | int) -> None:
        self.type: ConfigType = "integer" if isinstance(values[0], int) else "string"
        self._values = {str(value): value for value in values}
        self.allowed = ", ".join(self._values)

    def parse(self, text: str) -> str | int:
        """The value of that text."""
        if text not in self._values:
            raise ValueError(text)
        return self._values[text]


@dataclass(frozen=True)
class Between:
    """A whole number from `low` to `high`, both allowed; with `or_zero`, 0 too."""

    low: int
    high: int
    or_zero: bool = False
    type: ConfigType = "integer"

    @property
    def allowed(self) -> str:
        """The bounds."""
        return f"{'0, or ' if self.or_zero else ''}a whole number from {self.low} to {self.high}"

    def parse(self, text: str) -> int:
        """The number."""
        if not re.fullmatch(r"0|-?[1-9][0-9]{0,11}", text):
            raise ValueError(text)
        number = int(text)
        if not (self.low <= number <= self.high or (self.or_zero and number == 0)):
            raise ValueError(text)
        return number


@dataclass(frozen=True)
class Flag:
    """True or false."""

    type: ConfigType = "boolean"
    allowed: str = "true or false"

    def parse(self, text: str) -> bool:
        """The flag."""
        if text not in ("true", "false"):
            raise ValueError(text)
        return text == "true"


@dataclass(frozen=True)
class Pattern:
    """A text that a regular expression matches whole; `allowed` says it in words."""

    pattern: str
    allowed: str
    type: ConfigType = "string"

    def parse(self, text: str) -> str:
        """The text itself."""
        if not re.fullmatch(self.pattern, text):
            raise ValueError(text)
        return text


@dataclass(frozen=True)
class Hour:
    """An hour in UTC that has begun, written as the lake's partitions are: 2026-01-01-00."""

    allowed: str = "an hour in UTC that has begun, written YYYY-MM-DD-HH"
    type: ConfigType = "string"

    def parse(self, text: str) -> str:
        """The text itself."""
        if not re.fullmatch(r"\d{4}-\d\d-\d\d-\d\d", text):
            raise ValueError(text)
        if datetime.strptime(f"{text}+0000", "%Y-%m-%d-%H%z") > datetime.now(UTC):
            raise ValueError(text)
        return text
