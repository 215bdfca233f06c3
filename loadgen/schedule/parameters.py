"""Parses a profile or a key choice, "name:key=value,key=value", and reads files of tables."""

from __future__ import annotations

import tomllib
from argparse import ArgumentTypeError
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast


class Parameters:
    """The parameters of a name, taken one by one; remaining ones are an error."""

    def __init__(self, name: str, given: dict[str, str]) -> None:
        self._name = name
        self._given = dict(given)

    @staticmethod
    def split(text: str) -> tuple[str, dict[str, str]]:
        """Return the name and the values of "name:key=value,key=value". Raises: ArgumentTypeError: not that form."""
        name, _, rest = text.partition(":")
        given: dict[str, str] = {}
        for part in rest.split(",") if rest else ():
            key, equals, value = part.partition("=")
            if not equals:
                raise ArgumentTypeError(f"{part!r} of {name!r} is not a parameter: write it as name=value")
            if key.strip() in given:
                raise ArgumentTypeError(f"{key.strip()!r} of {name!r} is given twice")
            given[key.strip()] = value.strip()
        return name.strip(), given

    @classmethod
    def parse(cls, text: str) -> tuple[str, Parameters]:
        """Parse "name:key=value,key=value"."""
        name, given = cls.split(text)
        return name, cls(name, given)

    def take(self, key: str, kind: Callable[[str], float], default: float) -> float:
        """A parameter's value."""
        text = self._given.pop(key, None)
        return default if text is None else kind(text)

    def end(self) -> None:
        """Raise ArgumentTypeError for parameters that were not taken."""
        if self._given:
            raise ArgumentTypeError(f"{self._name!r} has no parameter {', '.join(sorted(self._given))}")


def tables(path: Path, what: str, name: str) -> list[dict[str, object]]:
    """Return the tables [[name]] of a TOML file that has nothing else. Raises: ArgumentTypeError: it is not that."""
    try:
        document = tomllib.loads(path.read_text())
    except OSError as error:
        raise ArgumentTypeError(f"the {what} {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ArgumentTypeError(f"the {what} {path} is not TOML: {error}") from None
    found = document.pop(name, None)
    if (
        not isinstance(found, list)
        or not found
        or not all(isinstance(each, dict) for each in cast("list[object]", found))
    ):
        raise ArgumentTypeError(f"the {what} {path} has no [[{name}]]")
    if document:
        raise ArgumentTypeError(
            f"the {what} {path} has {', '.join(map(repr, document))} beside [[{name}]]: leave it out"
        )
    return cast("list[dict[str, object]]", found)


@contextmanager
def located(where: str) -> Generator[None]:
    """Put a place before the sentence of an ArgumentTypeError."""
    try:
        yield
    except ArgumentTypeError as error:
        raise ArgumentTypeError(f"{where}: {error}") from None


def check(holds: bool, sentence: str) -> None:
    """Raise ArgumentTypeError with the sentence unless the condition holds."""
    if not holds:
        raise ArgumentTypeError(sentence)


def help_lines(forms: dict[str, str]) -> str:
    """Align forms and their meanings for --help."""
    return "\n".join(f"  {form:31} {meaning}" for form, meaning in forms.items())
