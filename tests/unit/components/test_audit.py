"""Every rule over every stack, with the settings paired at their boundaries; and every rule made to fail."""

from __future__ import annotations

import itertools
import random
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime.config import set_all_config

from components.audit.cli import main
from components.audit.rule import Rule
from components.audit.table import RULES, violations
from components.explain import stacks
from components.explain.cli import main as explain
from components.explain.evidence import Case
from components.explain.graph import Graph
from components.rules import Between, Flag, OneOf
from components.settings import PROJECT, ConfigKey, Settings, SettingsError, declared
from tests.unit.components.conftest import ROOT, STACKS
from tests.unit.components.running import STACK_NAMES, WHOLE, Record

# Samples of the texts that a pattern allows, where the key's rule cannot enumerate them.
TEXTS = {
    "alarmEmail": ("", "data-oncall@example.com"),
    "arrivalFrom": ("2000-01-01-00", "2026-01-01-00"),
    "crawlerSchedule": ("", "cron(15 2 * * ? *)", "cron(0 0 1 1 ? 2030)"),
}
# `host` equals one of the others, and not every machine has one.
OF_THIS_MACHINE = ("host",)

PROVISIONED = {"tableCapacity": "provisioned", "tableMaxReadUnits": "50", "tableMaxWriteUnits": "900"}

Choice = Mapping[str, str]


def boundaries(key: ConfigKey) -> tuple[str, ...]:
    """Return a setting's boundary values, or all of a few."""
    if key.name in TEXTS:
        return TEXTS[key.name]
    match key.rule:
        case Between(low, high, or_zero):
            return tuple(dict.fromkeys(str(value) for value in (0 if or_zero else low, low, high)))
        case Flag():
            return ("true", "false")
        case OneOf() as rule:
            values = [value for value in rule.allowed.split(", ") if value not in OF_THIS_MACHINE]
            return tuple(values) if len(values) <= 4 else (values[0], values[-1])
        case _:
            raise KeyError(f"TEXTS says nothing of {key.name}")


def settings_of(choice: Choice) -> Settings | None:
    """Return the settings of a choice; None if the program refuses it."""
    rules = {key.name: key for key in declared()}
    fields: dict[str, Any] = {rules[name].field: rules[name].rule.parse(text) for name, text in choice.items()}
    try:
        return Settings(**fields)
    except SettingsError:
        return None


def paired(values: Mapping[str, Sequence[str]], drawn: random.Random) -> Iterator[Choice]:
    """Return choices that pair each value of a setting with each value of every other, if the program accepts both."""
    pairs = itertools.combinations(values, 2)
    open_ = {frozenset({(one, a), (other, b)}) for one, other in pairs for a in values[one] for b in values[other]}
    misses = 0
    while open_ and misses < 40:
        needed = sorted(map(sorted, open_))
        drawn_pairs = [dict(drawn.choice(needed)) for _ in range(40)]
        candidates = [{name: drawn.choice(of) for name, of in values.items()} | pair for pair in drawn_pairs]
        allowed = [one for one in candidates if settings_of(one)]
        if not allowed:
            misses += 1
            continue
        best = max(allowed, key=lambda one: sum(pair in open_ for pair in _pairs_of(one)))
        covered = _pairs_of(best)
        misses = 0 if open_ & covered else misses + 1
        open_ -= covered
        yield best


def _pairs_of(choice: Choice) -> set[frozenset[tuple[str, str]]]:
    return {frozenset(pair) for pair in itertools.combinations(choice.items(), 2)}


CHOICES = tuple(
    itertools.islice(
        paired(
            {key.name: boundaries(key) for key in declared() if key.name not in ("protect", "forceDestroy")},
            random.Random(0),
        ),
        16,
    )
)


def found(graph: Graph, settings: Settings) -> list[str]:
    return [f"{one.rule.id}: {one.urn}" for one in violations(graph, settings)]


def test_the_table_names_each_rule_once_with_its_source() -> None:
    ids = [rule.id for rule in RULES]
    assert len(ids) == len(set(ids)) >= 80
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", id_) for id_ in ids)
    assert all(rule.says.endswith(".") and "/" in rule.source for rule in RULES)
    assert sum(len(rule.refused) for rule in RULES) >= 80


@pytest.mark.parametrize("stack", STACKS)
def test_every_rule_is_kept_by_the_stack(stack: str, record: Record) -> None:
    """Fails on the dev stack of old: its limit of -1, its buckets, its view (the issue's 1, 2 and 6)."""
    set_all_config(stacks.config(ROOT, stack))
    settings = Settings.load(pulumi.Config(PROJECT))
    assert found(record(stack), settings) == []


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: f"choice {CHOICES.index(choice)}")
def test_every_rule_is_kept_whatever_is_chosen(choice: Choice, record: Record) -> None:
    settings = settings_of(choice)
    assert settings is not None
    assert found(record("prod", {**choice, "protect": "false"}), settings) == []


def test_the_choices_pair_almost_all_values() -> None:
    values = {key.name: boundaries(key) for key in declared() if key.name not in ("protect", "forceDestroy")}
    covered = {pair for choice in CHOICES for pair in _pairs_of(choice)}
    total = sum(len(values[a]) * len(values[b]) for a, b in itertools.combinations(values, 2))
    assert len(covered) / total > 0.9


@pytest.mark.parametrize("name", STACK_NAMES)
def test_every_rule_is_kept_whatever_the_stack_is_called(name: str, record: Record) -> None:
    """https://www.pulumi.com/docs/iac/concepts/stacks/#stack-name: 1 to 100 letters, digits, hyphens, dots."""
    settings = settings_of({})
    assert settings is not None
    assert found(record("prod", WHOLE, name=name), settings) == []


@pytest.fixture(scope="module")
def cases(record: Record) -> list[Case]:
    """Return resources of every type with a rule."""
    set_all_config(stacks.config(ROOT, "prod"))
    settings = Settings.load(pulumi.Config(PROJECT))
    native = {"captureMode": "native", "tableContributorInsights": "all-keys", **PROVISIONED}
    graphs = [record("prod", WHOLE), record("dev", WHOLE), record("prod", native)]
    return [Case(resource, graph, settings) for graph in graphs for resource in graph.resources]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_resource_that_breaks_the_rule_is_found(rule: Rule, cases: list[Case]) -> None:
    kept = [case for case in cases if case.resource.type == (rule.type or case.resource.type) and case.inputs]
    kept = [case for case in kept if rule.holds(case)]
    assert kept, "there is a resource that the rule speaks of, and one that keeps it"
    assert any(not rule.holds(rule.breaks(case)) for case in kept)


def test_on_a_narrow_terminal_the_rules_break_between_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    assert main(["--rules"], ROOT) == 0
    shown = capsys.readouterr().out
    assert [line for line in shown.splitlines() if len(line) > 40 and len(line.split()) > 1] == []
    assert shown.split() == [word for rule in RULES for word in f"{rule.id} {rule.says} {rule.source}".split()]


def test_the_command_prints_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rules"], ROOT) == 0
    assert capsys.readouterr().out.count("\n    ") == len(RULES)


def test_the_command_counts_what_explain_counts(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a stack's resources those of AWS, without the components that group them."""
    assert main(["--stack", "dev"], ROOT) == 0
    counted = capsys.readouterr().out.splitlines()[-1]
    assert explain(["--stack", "dev"], ROOT) == 0
    resources = capsys.readouterr().out.splitlines()[0].removeprefix("Stack dev in eu-west-1, ").rstrip(":")
    assert counted == f"{len(RULES)} rules, {resources}, 0 violations."


def test_the_command_knows_no_other_stack(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stack", "nowhere"], ROOT) == 2
    assert capsys.readouterr().err == f"There is no stack 'nowhere': the stacks are {', '.join(STACKS)}.\n"


def test_no_source_is_of_one_machine() -> None:
    assert [rule.id for rule in RULES if Path(rule.source.split(" ")[0]).is_absolute()] == []
