"""The registry of rate profiles: their names on the command line and in a profile's file, and their help.

To add a profile, write a function that makes it, with `@profile_kind` above it. A new shape also needs a class in
`loadgen.schedule.profile`.

A file is TOML, and its phases follow each other; each has a profile's name, `for`, and `rps`, the rate at its end,
which is --rps without it. Parameters follow the name, or are separate members (`from = 0`):

    [[phase]]
    profile = "ramp:from=0"
    for = "2m"
    rps = 2000

    [[phase]]
    for = "10m"
    rps = 2000
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from loadgen.schedule.parameters import Parameters, check, help_lines, located, tables
from loadgen.schedule.profile import AnyProfile, Constant, Phase, Phases, Poisson, Ramp, Sine, spike, step
from loadgen.schedule.trace import Recorded
from loadgen.values import duration, number, rate

Maker = Callable[[Parameters, float, float, int], AnyProfile]
"""Makes a profile from its parameters, the rate in writes per second, the duration in seconds, and the seed."""


class ProfileKind(NamedTuple):
    """An entry of the registry. `enough_s` computes the duration for a number of writes at a rate, if that is known."""

    form: str
    meaning: str
    make: Maker
    enough_s: Callable[[int, float], float] | None


PROFILES: dict[str, ProfileKind] = {}
"""Every rate profile by name."""


def profile_kind(
    form: str, meaning: str, *, enough_s: Callable[[int, float], float] | None = None
) -> Callable[[Maker], Maker]:
    """Register a profile: its form, as in "ramp:from=0", and its meaning in a few words."""

    def register(make: Maker) -> Maker:
        PROFILES[form.partition(":")[0]] = ProfileKind(form, meaning, make, enough_s)
        return make

    return register


# The registry passes all four arguments to every maker, including those that its profile ignores (ARG001).
@profile_kind("constant", "the same rate throughout", enough_s=lambda writes, rps: writes / rps)
def _constant(_: Parameters, rps: float, duration_s: float, seed: int) -> AnyProfile:  # noqa: ARG001
    return Constant(rps, duration_s)


@profile_kind("ramp:from=0", "from one rate to --rps in a straight line")
def _ramp(parameters: Parameters, rps: float, duration_s: float, seed: int) -> AnyProfile:  # noqa: ARG001
    return Ramp(parameters.take("from", rate, 0.0), rps, duration_s)


@profile_kind("step:from=100,steps=5", "stairs up to --rps")
def _step(parameters: Parameters, rps: float, duration_s: float, seed: int) -> AnyProfile:  # noqa: ARG001
    steps = int(parameters.take("steps", number, 5))
    check(steps >= 2, f"steps={steps}: a staircase has at least 2")
    return step(parameters.take("from", rate, rps / steps), rps, steps, duration_s)


@profile_kind("spike:peak=5000,at=20s,width=5s", "--rps, except for a peak in between")
def _spike(parameters: Parameters, rps: float, duration_s: float, seed: int) -> AnyProfile:  # noqa: ARG001
    at_s = parameters.take("at", duration, duration_s / 2)
    width_s = parameters.take("width", duration, duration_s / 10)
    check(at_s > 0 and width_s > 0 and at_s + width_s < duration_s, "the spike must lie within the duration")
    return spike(rps, parameters.take("peak", rate, 4 * rps), at_s, width_s, duration_s)


@profile_kind("sine:amplitude=0.5,period=30s", "a wave about --rps")
def _sine(parameters: Parameters, rps: float, duration_s: float, seed: int) -> AnyProfile:  # noqa: ARG001
    amplitude = parameters.take("amplitude", number, 0.5)
    check(0 <= amplitude <= 1, f"amplitude={amplitude:g}: it is a share of the rate, from 0 to 1")
    return Sine(rps, amplitude, parameters.take("period", duration, duration_s / 2), duration_s)


@profile_kind(
    "poisson",
    "independent arrivals, --rps on average",
    # Ten standard deviations above the mean: the count is reached and ends the run.
    enough_s=lambda writes, rps: (writes + 10 * writes**0.5 + 10) / rps,
)
def _poisson(_: Parameters, rps: float, duration_s: float, seed: int) -> AnyProfile:
    return Poisson(Constant(rps, duration_s), seed)


def profiles_help() -> str:
    """Return a line for each profile, for --help."""
    file = {"FILE.toml": "phases one after another: tables [[phase]] with profile, for and rps"}
    return help_lines({kind.form: kind.meaning for kind in PROFILES.values()} | file)


def profile(text: str, rps: float, duration_s: float, seed: int = 0) -> AnyProfile:
    """Return the profile that `text` names, as in "ramp:from=100" or a .toml file. Raises: ArgumentTypeError.

    `rps` is its rate in writes per second; `seed` makes the arrivals of "poisson".
    """
    if is_file(text):
        return read(Path(text), rps)
    name, parameters = Parameters.parse(text)
    return _profile(name, parameters, rps, duration_s, seed)


def is_file(text: str) -> bool:
    """Return whether `text` names a file of phases, which has its own rates and durations."""
    return text.endswith(".toml")


def enough_s(text: str, rps: float, writes: int) -> float:
    """Return the duration in seconds that a profile needs for `count` writes. Raises: ArgumentTypeError: unknown."""
    name, _ = Parameters.parse(text)
    kind = PROFILES.get(name)
    if kind is None or kind.enough_s is None:
        able = " and ".join(name for name, kind in PROFILES.items() if kind.enough_s is not None)
        raise ArgumentTypeError(f"--count without --duration works with {able} only: give {text!r} a --duration")
    return kind.enough_s(writes, rps)


def _profile(name: str, parameters: Parameters, rps: float, duration_s: float, seed: int) -> AnyProfile:
    kind = PROFILES.get(name)
    if kind is None:
        raise ArgumentTypeError(f"there is no profile {name!r}: it is one of {', '.join(PROFILES)}, or a .toml file")
    made = kind.make(parameters, rps, duration_s, seed)
    parameters.end()
    rates = made.rates()
    check(all(rate >= 0 for rate in rates) and any(rates), "a rate is never below 0, nor 0 throughout")
    return made


def read(path: Path, rps: float | None) -> Phases:
    """Return the phases of a file; `rps` is the rate of those that have none. Raises: ArgumentTypeError."""
    phases: list[Phase] = []
    for place, table in enumerate(tables(path, "profile", "phase"), 1):
        with located(f"phase {place} of {path}"):
            phases += _phase({name: str(value) for name, value in table.items()}, rps)
    return Phases(tuple(phases), path.name)


def _phase(given: dict[str, str], rps: float | None) -> list[Phase]:
    name, parameters = Parameters.split(given.pop("profile", "constant"))
    if "for" not in given:
        raise ArgumentTypeError("it lacks `for`")
    duration_s = duration(given.pop("for"))
    if "rps" in given:
        rps = rate(given.pop("rps"))
    if rps is None:
        raise ArgumentTypeError("it lacks `rps`: give it, or --rps for all that lack it")
    made = _profile(name, Parameters(name, {**given, **parameters}), rps, duration_s, 0)
    if isinstance(made, Poisson | Recorded):
        raise ArgumentTypeError(f"{name} is for a whole run")
    return list(made.phases) if isinstance(made, Phases) else [made]
