"""What profiles and key choices are called on the command line and in a profile's file.

    constant                     ramp:from=100               step:from=100,steps=5
    spike:peak=5000,at=20s,width=5s                          sine:amplitude=0.5,period=30s
    poisson                      day.toml

    uniform    latest:theta=0.99    zipfian:theta=0.99    hot:keys=100,share=0.9    (each with rest=50ms)

A file is TOML, and its phases follow each other; each has a profile's name,
`for`, and the profile's parameters, where `rps` is the rate at its end:

    [[phase]]
    profile = "ramp"
    for = "2m"
    from = 0
    rps = 2000

    [[phase]]
    for = "10m"
    rps = 2000
"""

from __future__ import annotations

import tomllib
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from typing import cast

from loadgen.schedule.keys import AnyKeys, HotSet, Latest, Uniform, Zipfian
from loadgen.schedule.profile import AnyProfile, Constant, Phases, Poisson, Ramp, Sine, spike, step
from loadgen.values import duration, number

PROFILES = ("constant", "ramp", "step", "spike", "sine", "poisson")
KEYS = ("uniform", "latest", "zipfian", "hot")


class Parameters:
    """The parameters of a name, taken one by one; what is left over is an error."""

    def __init__(self, name: str, given: dict[str, str]) -> None:
        self._name = name
        self._given = dict(given)

    @classmethod
    def parse(cls, text: str) -> tuple[str, Parameters]:
        """From "name:key=value,key=value"."""
        name, _, rest = text.partition(":")
        given: dict[str, str] = {}
        for part in rest.split(",") if rest else ():
            key, equals, value = part.partition("=")
            if not equals:
                raise ArgumentTypeError(f"{part!r} of {name!r} is no parameter: write it as name=value")
            given[key.strip()] = value.strip()
        return name.strip(), cls(name, given)

    def take(self, key: str, kind: Callable[[str], float], default: float) -> float:
        """A parameter's value."""
        text = self._given.pop(key, None)
        return default if text is None else kind(text)

    def end(self) -> None:
        """Complain about parameters that nobody took."""
        if self._given:
            raise ArgumentTypeError(f"{self._name!r} has no parameter {', '.join(sorted(self._given))}")


def profile(text: str, rps: float, duration_s: float, seed: int) -> AnyProfile:
    """The profile called `text`. ArgumentTypeError says what is wrong with it."""
    if text.endswith(".toml"):
        return _file(Path(text))
    name, parameters = Parameters.parse(text)
    return _profile(name, parameters, rps, duration_s, seed)


def enough_s(text: str, rps: float, writes: int) -> float:
    """How long a profile must last for so many writes, when no duration is given."""
    name, _ = Parameters.parse(text)
    match name:
        case "constant":
            return writes / rps
        case "poisson":
            # Ten standard deviations more than on average: the count is reached, and ends the run.
            return (writes + 10 * writes**0.5 + 10) / rps
        case _:
            raise ArgumentTypeError(
                f"--count without --duration goes with constant and poisson: give {text!r} its length"
            )


def _profile(name: str, parameters: Parameters, rps: float, duration_s: float, seed: int) -> AnyProfile:
    made: AnyProfile
    match name:
        case "constant":
            made = Constant(rps, duration_s)
        case "poisson":
            made = Poisson(Constant(rps, duration_s), seed)
        case "ramp":
            made = Ramp(parameters.take("from", number, 0.0), rps, duration_s)
        case "step":
            steps = int(parameters.take("steps", number, 5))
            _check(steps >= 2, f"steps={steps}: a staircase has at least 2")
            made = step(parameters.take("from", number, rps / steps), rps, steps, duration_s)
        case "spike":
            at_s = parameters.take("at", duration, duration_s / 2)
            width_s = parameters.take("width", duration, duration_s / 10)
            _check(at_s > 0 and width_s > 0 and at_s + width_s < duration_s, "the spike must lie within the duration")
            made = spike(rps, parameters.take("peak", number, 4 * rps), at_s, width_s, duration_s)
        case "sine":
            amplitude = parameters.take("amplitude", number, 0.5)
            _check(0 <= amplitude <= 1, f"amplitude={amplitude:g}: it is a share of the rate, from 0 to 1")
            made = Sine(rps, amplitude, parameters.take("period", duration, duration_s / 2), duration_s)
        case _:
            raise ArgumentTypeError(
                f"there is no profile {name!r}: it is one of {', '.join(PROFILES)}, or a .toml file"
            )
    parameters.end()
    _check(all(rate >= 0 for rate in _rates(made)) and any(_rates(made)), "a rate is never below 0, nor 0 throughout")
    return made


def _rates(made: AnyProfile) -> list[float]:
    match made:
        case Constant():
            return [made.per_s]
        case Ramp():
            return [made.from_per_s, made.to_per_s]
        case Sine():
            return [made.mean_per_s]
        case Poisson():
            return _rates(made.of)
        case Phases():
            return [rate for phase in made.phases for rate in _rates(phase)]


def _file(path: Path) -> Phases:
    try:
        document = tomllib.loads(path.read_text())
    except OSError as error:
        raise ArgumentTypeError(f"the profile {path} cannot be read: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise ArgumentTypeError(f"the profile {path} is no TOML: {error}") from None
    tables = document.get("phase")
    if not isinstance(tables, list) or not tables:
        raise ArgumentTypeError(f"the profile {path} has no [[phase]]")
    phases: list[Constant | Ramp | Sine] = []
    for table in cast("list[dict[str, object]]", tables):
        phases += _phase({name: str(value) for name, value in table.items()}, path)
    return Phases(tuple(phases), path.name)


def _phase(given: dict[str, str], path: Path) -> list[Constant | Ramp | Sine]:
    name = given.pop("profile", "constant")
    if "for" not in given or "rps" not in given:
        raise ArgumentTypeError(f"a phase of {path} lacks `for` or `rps`")
    duration_s, rps = duration(given.pop("for")), number(given.pop("rps"))
    made = _profile(name, Parameters(name, given), rps, duration_s, 0)
    if isinstance(made, Poisson):
        raise ArgumentTypeError(f"a phase of {path} is poisson, which is for a whole run")
    return list(made.phases) if isinstance(made, Phases) else [made]


def keys(text: str) -> AnyKeys:
    """The key choice called `text`. ArgumentTypeError says what is wrong with it."""
    name, parameters = Parameters.parse(text)
    made: AnyKeys
    match name:
        case "uniform":
            made = Uniform(parameters.take("rest", duration, 1.0))
        case "latest":
            made = Latest(parameters.take("theta", number, 0.99), parameters.take("rest", duration, 1.0))
        case "zipfian":
            made = Zipfian(parameters.take("theta", number, 0.99), parameters.take("rest", duration, 0.05))
        case "hot":
            hot, share = int(parameters.take("keys", number, 100)), parameters.take("share", number, 0.9)
            _check(hot >= 1 and 0 < share < 1, "keys is at least 1, and share between 0 and 1")
            made = HotSet(hot, share, parameters.take("rest", duration, 0.05))
        case _:
            raise ArgumentTypeError(f"there is no key choice {name!r}: it is one of {', '.join(KEYS)}")
    parameters.end()
    return made


def _check(holds: bool, sentence: str) -> None:
    if not holds:
        raise ArgumentTypeError(sentence)
