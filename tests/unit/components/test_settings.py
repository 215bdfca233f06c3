from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pulumi
import pytest
from hypothesis import HealthCheck, assume, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pulumi.runtime.config import set_all_config

from components import bundle, host
from components.explain import graph, stacks
from components.rules import Between, Flag, OneOf
from components.settings import PROJECT, ConfigKey, Settings, SettingsError, declared
from without_engine.running import program_at

KEYS = declared()


def load(**texts: str) -> Settings:
    set_all_config({f"{PROJECT}:{key}": text for key, text in texts.items()}, [])
    return Settings.load(pulumi.Config(PROJECT))


def test_every_key_that_is_read_is_declared_with_the_same_type_and_default(root: Path) -> None:
    said = {name: (entry["type"], entry["default"]) for name, entry in stacks.declarations(root).items()}
    read = {key.name: (key.rule.type, _text(key.default)) for key in KEYS}
    assert said == read


def test_every_key_is_described(root: Path) -> None:
    assert all(len(entry["description"]) > 20 for entry in stacks.declarations(root).values())


def test_no_configuration_is_the_defaults() -> None:
    assert load() == Settings()


def test_a_stack_is_read_without_complaint(stack: str, settings: Settings, root: Path) -> None:
    chosen = stacks.config(root, stack)
    assert settings.kinesis_shards == int(chosen[f"{PROJECT}:kinesisShards"])


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
@given(text=st.one_of(st.text(max_size=12), st.integers().map(str), st.sampled_from(["", "true", "none", " 1", "1.5"])))
@example(text="\u0661")
@hypothesis_settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_value_is_either_read_or_refused_in_one_sentence(key: ConfigKey, text: str) -> None:
    try:
        loaded = load(**{key.name: text})
    except SettingsError as error:
        sentence = str(error)
        assert key.name in sentence
        assert text in sentence or repr(text) in sentence
        assert sentence.endswith((".", "''."))
        assert "\n" not in sentence
    else:
        value = getattr(loaded, key.field)
        assert _text(value) == text


@pytest.mark.parametrize("key", [key for key in KEYS if isinstance(key.rule, Between)], ids=lambda key: key.name)
def test_a_number_beyond_its_bounds_is_refused_with_the_bounds(key: ConfigKey) -> None:
    assert isinstance(key.rule, Between)
    for number in (key.rule.low - 1, key.rule.high + 1):
        with pytest.raises(
            SettingsError, match=rf"{key.name} is '{number}'; allowed: .* {key.rule.low} to {key.rule.high}\."
        ):
            load(**{key.name: str(number)})


@pytest.mark.parametrize("key", [key for key in KEYS if isinstance(key.rule, Flag)], ids=lambda key: key.name)
@given(text=st.text(max_size=5))
def test_a_flag_is_true_or_false(key: ConfigKey, text: str) -> None:
    assume(text not in ("true", "false"))
    with pytest.raises(SettingsError, match="allowed: true or false"):
        load(**{key.name: text})


@pytest.mark.parametrize("key", [key for key in KEYS if isinstance(key.rule, OneOf)], ids=lambda key: key.name)
def test_a_choice_is_refused_with_all_there_are(key: ConfigKey) -> None:
    with pytest.raises(SettingsError) as refused:
        load(**{key.name: "something else"})
    assert str(refused.value).endswith(f"allowed: {key.rule.allowed}.")


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ({"lakeFormat": "parquet", "bufferSizeMb": "5"}, "bufferSizeMb is 5, but lakeFormat parquet needs 64 to 128"),
        (
            {"alarmEmail": "on-call@example.com"},
            "alarmEmail is 'on-call@example.com', but customerManagedKeys is false",
        ),
        (
            {"tableCapacity": "provisioned", "tableMaxReadUnits": "9", "tableMaxWriteUnits": "4"},
            "tableMaxWriteUnits is 4, but tableCapacity provisioned needs at least the 5 of tableMinWriteUnits",
        ),
        (
            {"tableCapacity": "provisioned", "tableWarmWriteUnits": "4001"},
            "tableWarmWriteUnits is 4001, but tableCapacity is provisioned",
        ),
        (
            {"tableMaxWriteUnits": "4000", "tableWarmWriteUnits": "5000"},
            "tableWarmWriteUnits is 5000, but tableMaxWriteUnits is 4000",
        ),
        (
            {"tableWarmWriteUnits": "50000"},
            "tableWarmWriteUnits is 50000, but tableMaxWriteUnits is 0, which allows 40000",
        ),
        ({"protect": "true", "forceDestroy": "true"}, "protect and forceDestroy are both true"),
    ],
)
def test_keys_that_contradict_each_other_are_refused_by_name(texts: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load(**texts)


@pytest.mark.parametrize(
    ("key", "text", "source"),
    [
        # Read back as nothing, it would differ for ever: provider's internal/service/dynamodb/table.go.
        ("tableWarmWriteUnits", "4000", "flattenTableWarmThroughput"),
        # Left out of the request, which means for ever: provider's internal/service/pipes/source_parameters.go.
        ("pipeRetries", "0", "expandPipeSourceDynamoDBStreamParameters"),
        (
            "crawlerSchedule",
            "cron(* 2 * * ? *)",
            "https://docs.aws.amazon.com/glue/latest/dg/monitor-data-warehouse-schedule.html",
        ),
    ],
)
def test_what_aws_or_its_provider_would_not_do_as_asked_is_refused(key: str, text: str, source: str) -> None:
    with pytest.raises(SettingsError, match=rf"{key} is '.*'; allowed: "):
        load(**{key: text})
    assert source


def test_a_secret_is_not_said_in_a_message() -> None:
    set_all_config({f"{PROJECT}:alarmEmail": "me@example.org"}, [f"{PROJECT}:alarmEmail"])
    with pytest.raises(SettingsError, match=r"alarmEmail is \[secret\], but customerManagedKeys is false") as refused:
        Settings.load(pulumi.Config(PROJECT))
    assert "example.org" not in str(refused.value)
    set_all_config({f"{PROJECT}:alarmEmail": "not an address"}, [f"{PROJECT}:alarmEmail"])
    with pytest.raises(SettingsError, match=r"alarmEmail is \[secret\]; allowed: empty, or one e-mail address"):
        Settings.load(pulumi.Config(PROJECT))


def test_a_secret_that_would_not_stay_one_is_refused() -> None:
    set_all_config({f"{PROJECT}:kinesisShards": "2"}, [f"{PROJECT}:kinesisShards"])
    with pytest.raises(SettingsError, match=r"kinesisShards is a secret, .* set it without --secret\."):
        Settings.load(pulumi.Config(PROJECT))


@pytest.mark.parametrize(
    ("key", "hint"),
    [("kinesisShard", "did you mean kinesisShards?"), ("zzz", "Pulumi.yaml lists the settings.")],
)
def test_an_unknown_key_is_refused(key: str, hint: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(**{key: "1"})
    assert str(refused.value) == f"{PROJECT}:{key} is not a setting of this program; {hint}"


def test_another_projects_key_is_ignored() -> None:
    set_all_config({"aws:region": "eu-west-1", "other:kinesisShard": "1"}, [])
    assert Settings.load(pulumi.Config(PROJECT)) == Settings()


def test_host_is_this_machine() -> None:
    loaded = load(lambdaRuntime="host", lambdaArchitecture="host")
    assert (loaded.runtime, loaded.architecture) == (host.runtime(), host.architecture())
    assert loaded.target.native


def test_a_machine_that_lambda_does_not_have_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "architecture", lambda: "riscv64")
    with pytest.raises(SettingsError, match=r"lambdaArchitecture is host, but .* riscv64 is not supported by Lambda"):
        load(lambdaArchitecture="host")


@pytest.mark.parametrize(
    ("machine", "name"), [("x86_64", "x86_64"), ("AMD64", "x86_64"), ("aarch64", "arm64"), ("arm64", "arm64")]
)
def test_a_processor_has_lambdas_name(machine: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert host.architecture() == name


def test_a_wrong_value_stops_the_program_before_it_builds_or_creates_anything(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Path:
        raise AssertionError("the program went on")

    monkeypatch.setattr(bundle, "build", refuse)
    config = stacks.config(root, "dev") | {f"{PROJECT}:captureMode": "pipes"}
    with pytest.raises(pulumi.RunError, match=r"captureMode is 'pipes'; allowed: pipe, native\."):
        graph.record(program_at(root), "dev", config)


def test_settings_cannot_be_changed() -> None:
    change: Callable[..., None] = object.__setattr__
    assert change is not Settings.__setattr__
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().__setattr__("protect", True)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
