"""The rules of settings: each parses a key's text and describes the allowed values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

ConfigType = Literal["string", "integer", "boolean"]


class SettingRule(Protocol):
    """The parser of one key's text."""

    @property
    def type(self) -> ConfigType:
        """The key's type in Pulumi.yaml."""
        ...

    @property
    def allowed(self) -> str:
        """The allowed values, as text after "allowed: "."""
        ...

    def parse(self, text: str) -> str | int | bool:
        """The value; raises ValueError when the text is not allowed."""
        ...


class OneOf:
    """One of a few values, all strings or all integers."""

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
    """A text that fully matches a regular expression; `allowed` describes it."""

    pattern: str
    allowed: str
    type: ConfigType = "string"

    def parse(self, text: str) -> str:
        """The text."""
        if not re.fullmatch(self.pattern, text):
            raise ValueError(text)
        return text


@dataclass(frozen=True)
class Hour:
    """A past or current hour in UTC, in the form of the lake's partitions: 2026-01-01-00."""

    allowed: str = "an hour in UTC that has begun, written YYYY-MM-DD-HH"
    type: ConfigType = "string"

    def parse(self, text: str) -> str:
        """The text."""
        if not re.fullmatch(r"\d{4}-\d\d-\d\d-\d\d", text):
            raise ValueError(text)
        if datetime.strptime(f"{text}+0000", "%Y-%m-%d-%H%z") > datetime.now(UTC):
            raise ValueError(text)
        return text
