"""The registry of key choices: their names on the command line, and their help.

To add a key choice, write its class in `loadgen.schedule.keys` and a function
here that makes it, with `@key_choice` above it.
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import NamedTuple

from loadgen.schedule.keys import AnyKeys, HotSet, Latest, Uniform, Zipfian
from loadgen.schedule.parameters import Parameters, check, help_lines
from loadgen.values import duration, number

Maker = Callable[[Parameters], AnyKeys]


class KeyChoiceKind(NamedTuple):
    """An entry of the registry."""

    form: str
    meaning: str
    make: Maker


KEY_CHOICES: dict[str, KeyChoiceKind] = {}
"""Every key choice by name."""


def key_choice(form: str, meaning: str) -> Callable[[Maker], Maker]:
    """Register a key choice: its form, as in "latest:theta=0.99", and its meaning in a few words."""

    def register(make: Maker) -> Maker:
        KEY_CHOICES[form.partition(":")[0]] = KeyChoiceKind(form, meaning, make)
        return make

    return register


@key_choice("uniform", "of the newest 96,000 orders each as often")
def _uniform(parameters: Parameters) -> AnyKeys:
    return Uniform(parameters.take("rest", duration, 0.1))


@key_choice("latest:theta=0.99", "the newest most often")
def _latest(parameters: Parameters) -> AnyKeys:
    return Latest(parameters.take("theta", number, 0.99), parameters.take("rest", duration, 0.1))


@key_choice("zipfian:theta=0.99", "the same few most often")
def _zipfian(parameters: Parameters) -> AnyKeys:
    return Zipfian(parameters.take("theta", number, 0.99), parameters.take("rest", duration, 0.05))


@key_choice("hot:keys=100,share=0.9", "a hot set, and the rest")
def _hot(parameters: Parameters) -> AnyKeys:
    hot, share = int(parameters.take("keys", number, 100)), parameters.take("share", number, 0.9)
    check(hot >= 1 and 0 < share < 1, "keys is at least 1, and share between 0 and 1")
    return HotSet(hot, share, parameters.take("rest", duration, 0.05))


def keys_help() -> str:
    """Return a line for each key choice, for --help."""
    every = {"each with rest=TIME": "the pause of an order after a write (default: 100ms; zipfian and hot: 50ms)"}
    return help_lines({kind.form: kind.meaning for kind in KEY_CHOICES.values()} | every)


def keys(text: str) -> AnyKeys:
    """Return the key choice that `text` names. Raises: ArgumentTypeError: `text` is wrong."""
    name, parameters = Parameters.parse(text)
    kind = KEY_CHOICES.get(name)
    if kind is None:
        raise ArgumentTypeError(f"there is no key choice {name!r}: it is one of {', '.join(KEY_CHOICES)}")
    made = kind.make(parameters)
    parameters.end()
    return made
