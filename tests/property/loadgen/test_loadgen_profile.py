"""Every profile's arrivals are monotonic and integrate to its formula."""

import math
import re
from argparse import ArgumentTypeError
from itertools import pairwise
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.cli import main
from loadgen.schedule import profiles
from loadgen.schedule.parameters import Parameters
from loadgen.schedule.plan import Plan
from loadgen.schedule.profile import AnyProfile, Constant, Phases, Poisson, Ramp, Regular, Sine, count, spike, step
from loadgen.schedule.profiles import profile as parse
from loadgen.schedule.trace import Recorded
from loadgen.values import number

rates = st.floats(min_value=0.5, max_value=400)
durations = st.floats(min_value=0.1, max_value=5)
constants = st.builds(Constant, rates, durations)
ramps = st.builds(Ramp, st.just(0.0) | rates, rates, durations)
falls = st.builds(Ramp, rates, st.just(0.0) | rates, durations)
sines = st.builds(Sine, rates, st.floats(min_value=0, max_value=1), st.floats(min_value=0.05, max_value=10), durations)


def spike_within(rate: float, peak: float, at_s: float, width_s: float, rest_s: float) -> Phases:
    return spike(rate, peak, at_s, width_s, at_s + width_s + rest_s)


steps = st.builds(step, rates, rates, st.integers(min_value=2, max_value=6), durations)
spikes = st.builds(
    spike_within,
    *(rates, rates, durations, durations, durations),
)
phases = st.lists(
    constants | ramps | falls | sines | st.builds(Constant, st.just(0.0), durations), min_size=1, max_size=5
)
several = phases.map(lambda parts: Phases(tuple(parts))).filter(lambda made: any(made.rate(t / 50) for t in range(250)))
shapes: st.SearchStrategy[Regular] = st.one_of(constants, ramps, falls, sines, steps, spikes, several)


@settings(deadline=None)
@given(profile=shapes)
def test_write_n_is_due_when_the_integral_reaches_n(profile: AnyProfile) -> None:
    times = list(profile.times())
    assert len(times) == count(profile)
    for n, t_s in enumerate(times):
        assert 0 <= t_s <= profile.duration_s + 1e-6
        assert profile.expected(t_s) == pytest.approx(n, abs=1e-4)
        assert t_s == pytest.approx(profile.at(n), abs=1e-6)
    assert all(before <= after for before, after in pairwise(times))


@settings(deadline=None)
@given(profile=shapes)
def test_the_count_is_the_whole_integral(profile: AnyProfile) -> None:
    assert 0 <= count(profile) - profile.expected(profile.duration_s) + 1e-5 < 1 + 1e-4


@settings(deadline=None)
@given(profile=shapes, share=st.floats(min_value=0.01, max_value=0.99))
def test_the_integral_is_that_of_the_rate(profile: AnyProfile, share: float) -> None:
    """By the midpoint rule, to within what its steps and the profile's jumps allow."""
    end_s = profile.duration_s * share
    slices = 2000
    width_s = end_s / slices
    area = math.fsum(profile.rate((n + 0.5) * width_s) for n in range(slices)) * width_s
    highest = max(profile.rate(n * width_s) for n in range(slices + 1))
    assert area == pytest.approx(profile.expected(end_s), rel=1e-3, abs=12 * highest * width_s + 1e-6)


@settings(deadline=None, max_examples=30)
@given(profile=shapes, seed=st.integers(min_value=0, max_value=2**32))
def test_poisson_arrivals_have_the_profile_as_their_mean(profile: Regular, seed: int) -> None:
    made = Poisson(profile, seed)
    times = list(made.times())
    assert times == list(Poisson(profile, seed).times())
    assert all(before <= after for before, after in pairwise(times))
    mean = profile.expected(profile.duration_s)
    assert len(times) == count(made) == pytest.approx(mean, abs=8 * math.sqrt(mean) + 4)
    # By the time-change theorem the integral between arrivals is exponential: its mean is 1.
    gaps = [after - before for before, after in pairwise(map(profile.expected, times))]
    if len(gaps) > 100:
        assert math.fsum(gaps) / len(gaps) == pytest.approx(1, abs=0.5)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("constant", Constant(100, 60)),
        ("ramp:from=10", Ramp(10, 100, 60)),
        ("step:from=20,steps=2", step(20, 100, 2, 60)),
        ("spike:peak=900,at=10s,width=500ms", spike(100, 900, 10, 0.5, 60)),
        ("sine:amplitude=0.2,period=1m", Sine(100, 0.2, 60, 60)),
        ("poisson", Poisson(Constant(100, 60), 3)),
    ],
)
def test_a_profile_is_called_by_name(text: str, made: AnyProfile) -> None:
    assert parse(text, 100, 60, 3) == made


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("zigzag", "there is no profile 'zigzag'"),
        ("ramp:to=5", "'ramp' has no parameter to"),
        ("ramp:from", "'from' of 'ramp' is not a parameter"),
        ("ramp:from=-1", "'-1' is not a rate"),
        ("spike:at=59s,width=5s", "the spike must lie within the duration"),
        ("sine:amplitude=2", "it is a share of the rate"),
        ("missing.toml", "the profile missing.toml cannot be read"),
    ],
)
def test_a_wrong_profile_is_explained(text: str, sentence: str) -> None:
    with pytest.raises(ArgumentTypeError, match=sentence):
        parse(text, 100, 60, 3)


def test_a_file_has_phases_that_follow_each_other(tmp_path: Path) -> None:
    path = tmp_path / "day.toml"
    path.write_text('[[phase]]\nprofile = "ramp"\nfor = "2s"\nrps = 50\n\n[[phase]]\nfor = "1s"\nrps = 50\n')
    made = parse(str(path), 1, 1, 3)
    assert made == profiles.read(path, None) == Phases((Ramp(0, 50, 2), Constant(50, 1)), "day.toml")
    assert count(made) == 100


def test_a_file_s_phases_without_a_rate_have_that_of_the_run(tmp_path: Path) -> None:
    path = tmp_path / "day.toml"
    path.write_text('[[phase]]\nfor = "2s"\n\n[[phase]]\nfor = "1s"\nrps = 50\n')
    assert profiles.read(path, 20) == Phases((Constant(20, 2), Constant(50, 1)), "day.toml")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"[[phase]]\nrps = 50\n", "phase 1 of .*: it lacks `for`"),
        (b'[[phase]]\nfor = "5s"\n', "phase 1 of .*: it lacks `rps`: give it, or --rps for all that lack it"),
        (b"phase = [1]\n", "has no ..phase.."),
        (b"\xff", "is not TOML"),
    ],
)
def test_a_file_that_is_no_profile_is_refused(tmp_path: Path, text: bytes, sentence: str) -> None:
    path = tmp_path / "day.toml"
    path.write_bytes(text)
    with pytest.raises(ArgumentTypeError, match=sentence):
        profiles.read(path, None)


def test_a_profile_that_is_registered_is_seen_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its name, parameters, help, errors, phases of a file, and a duration for a count: all from one entry."""
    monkeypatch.setattr(profiles, "PROFILES", dict(profiles.PROFILES))

    @profiles.profile_kind("sawtooth:teeth=4", "ramps from 0 to --rps", enough_s=lambda writes, rps: 2 * writes / rps)
    def sawtooth(parameters: Parameters, rps: float, duration_s: float, seed: int) -> AnyProfile:
        teeth = int(parameters.take("teeth", number, 4))
        return Phases((Ramp(0, rps, duration_s / teeth),) * teeth, "sawtooth")

    made = parse("sawtooth:teeth=2", 100, 60, 3)
    assert made == Phases((Ramp(0, 100, 30), Ramp(0, 100, 30)), "sawtooth")
    assert count(made) == 3000
    with pytest.raises(ArgumentTypeError, match="'sawtooth' has no parameter tooth"):
        parse("sawtooth:tooth=2", 100, 60, 3)
    with pytest.raises(ArgumentTypeError, match="poisson, sawtooth, or a "):
        parse("zigzag", 100, 60, 3)
    assert profiles.enough_s("sawtooth", 100, 3000) == 60
    (tmp_path / "day.toml").write_text('[[phase]]\nprofile = "sawtooth"\nfor = "2s"\nrps = 50\nteeth = 2\n')
    assert parse(str(tmp_path / "day.toml"), 1, 1, 3) == Phases((Ramp(0, 50, 1), Ramp(0, 50, 1)), "day.toml")
    with pytest.raises(SystemExit):
        main(["--help"])
    assert re.search(r"sawtooth:teeth=4 +ramps from 0 to --rps", capsys.readouterr().out)
    plan = Plan(profile=made, seed=1)
    assert msgspec.json.decode(msgspec.json.encode(plan), type=Plan) == plan


def test_every_shape_of_a_plan_has_a_registered_profile() -> None:
    made = {type(parse(name, 100, 60, 3)) for name in profiles.PROFILES}
    # A trace has its own option.
    assert made == set(get_args(AnyProfile)) - {Recorded}
