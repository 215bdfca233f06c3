"""The effect of an update on a running stack, computed from two graphs and compared with each setting's text."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from components.changes import CHANGES
from components.explain import change_text, cli, moves
from components.explain.change import HOLDS_DATA, StackChange, plan
from components.explain.change_text import Moved
from components.explain.graph import Graph, Resource
from components.settings import Settings, declared
from tests.unit.components.conftest import ROOT, STACKS
from tests.unit.components.running import Record

TABLE, PIPE, BUCKET = "aws:dynamodb/table:Table", "aws:pipes/pipe:Pipe", "aws:s3/bucket:Bucket"

# Settings that delete resources with data change alone.
ALONE: Mapping[str, Mapping[str, str]] = {
    "captureMode": {"captureMode": "native"},
    "customerManagedKeys": {"customerManagedKeys": "false", "alarmEmail": ""},
    "errorQueue": {"errorQueue": "false"},
    "eventFanout": {"eventFanout": "true"},
    "mergeIntervalMinutes": {"mergeIntervalMinutes": "60"},
}
REFUSED = ("environment", "lakeFormat")
"""Settings that a deployed stack never changes: tests/unit/components/test_continuity.py."""


def moved_together(stack: str) -> dict[str, str]:
    """Every other setting, moved to another allowed value."""
    keys = [key.name for key in declared() if key.name not in (*ALONE, *REFUSED)]
    fixed = {"bufferSizeMb": "128", "arrivalFrom": "2026-02-01-00", "protect": "false", "tableWarmWriteUnits": "0"}
    if stack != "prod":
        # Alarms require a key, and the key changes separately.
        fixed["alarmEmail"] = ""
    together = {key: moves.values(key)[-1] for key in keys} | fixed
    return {key: text for key, text in together.items() if key not in ("lambdaRuntime", "lambdaArchitecture")}


def altered(program: Graph, type_: str, **inputs: object) -> Graph:
    """Return the graph with other inputs of a type's first resource."""
    target = program.of(type_)[0]
    changed = dataclasses.replace(target, inputs={**target.inputs, **inputs})
    return with_resource(program, target, changed)


def with_resource(program: Graph, target: Resource, changed: Resource) -> Graph:
    return Graph(tuple(changed if one is target else one for one in program.resources), program.outputs)


def unprotected(program: Graph) -> Graph:
    return Graph(tuple(dataclasses.replace(one, protect=False) for one in program.resources), program.outputs)


def names(found: StackChange, action: str) -> set[str]:
    return {step.resource.type for step in found.steps if step.action == action}


def test_nothing_changed_is_no_step(program: Graph) -> None:
    found = plan(program, program)
    assert found.steps == ()
    assert found.same == sum(1 for one in program.resources if one.custom)


def test_a_change_in_place_names_its_properties(record: Record) -> None:
    prod = record("prod")
    (step,) = plan(prod, altered(prod, TABLE, tags={})).steps
    assert (step.action, step.changed) == ("update", ("tags.Project", "tags.Stack", "tags.Stage"))


def test_what_is_ignored_changes_nothing(record: Record) -> None:
    prod = record("prod")
    table = prod.one(TABLE)
    deaf = with_resource(
        prod, table, dataclasses.replace(table, ignore_changes=("tags",), inputs={**table.inputs, "tags": {}})
    )
    assert plan(prod, deaf).steps == ()


def test_a_replaced_table_takes_along_what_reads_it(record: Record) -> None:
    """pkg/resource/deploy/step_generator.go, calculateDependentReplacements: a Pipe cannot change its source."""
    dev = record("dev")
    found = plan(dev, altered(dev, TABLE, hashKey="another"))
    replaced = {step.resource.type: step for step in found.of("replace")}
    assert replaced.keys() == {TABLE, PIPE}
    assert replaced[TABLE].forced_by == ("hashKey",)
    assert replaced[TABLE].loses_data
    assert replaced[PIPE].forced_by == (dev.one(TABLE).urn,)


def test_a_protected_resource_is_not_replaced_or_deleted(record: Record) -> None:
    """step_generator.go: "unable to replace resource … as it is currently marked for protection"."""
    prod = record("prod")
    renamed = plan(prod, altered(prod, TABLE, name="another"))
    assert [step.resource.type for step in renamed.refused] == [TABLE]
    gone = Graph(tuple(one for one in prod.resources if one.type != BUCKET), prod.outputs)
    assert {step.resource.type for step in plan(prod, gone).refused} == {BUCKET}
    assert not any(step.loses_data for step in plan(prod, gone).steps)


@pytest.mark.parametrize(
    ("count", "target", "first"),
    [("2", "5", 4), ("2", "4", None), ("3", "7", 6), ("5", "2", 3), ("4", "2", None), ("0", "9", None)],
)
def test_more_than_double_or_less_than_half_of_the_shards_is_refused(
    count: str, target: str, first: int | None, record: Record
) -> None:
    """https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html."""
    before, after = record("dev", {"kinesisShards": count}), record("dev", {"kinesisShards": target})
    refused = [step.refused for step in plan(before, after).refused]
    assert [reason.rpartition(" ")[2] for reason in refused] == ([] if first is None else [str(first)])


def test_protection_and_replacement_may_go_in_one_update(record: Record) -> None:
    """step_generator.go: "we do allow unprotecting and replacing to happen in a single update cycle"."""
    prod = record("prod")
    renamed = plan(prod, altered(unprotected(prod), TABLE, name="another"))
    assert renamed.refused == ()
    assert any(step.loses_data for step in renamed.of("replace"))


def test_what_is_retained_leaves_the_program_only(record: Record) -> None:
    prod = unprotected(record("prod"))
    bucket = prod.of(BUCKET)[0]
    kept = with_resource(prod, bucket, dataclasses.replace(bucket, retain_on_delete=True))
    gone = Graph(tuple(one for one in prod.resources if one is not bucket), prod.outputs)
    (step,) = plan(kept, gone).of("delete")
    assert step.kept
    assert not step.loses_data


def test_the_capture_is_changed_without_touching_what_holds_the_data(record: Record) -> None:
    found = plan(record("prod"), record("prod", ALONE["captureMode"]))
    assert names(found, "create") >= {"aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination"}
    assert names(found, "delete") >= {PIPE, "aws:sqs/queue:Queue"}
    assert names(found, "replace") == set()


@pytest.mark.parametrize("stack", STACKS)
def test_no_other_setting_takes_anything_that_holds_data(stack: str, record: Record) -> None:
    """Change all together to save time: what the joint change keeps, each single change keeps."""
    before, after = unprotected(record(stack)), unprotected(record(stack, moved_together(stack)))
    for found in (plan(before, after), plan(after, before)):
        assert len(found.of("update")) > 10
        # An address cannot be changed, only replaced.
        assert names(found, "replace") <= {"aws:sns/topicSubscription:TopicSubscription"}
        assert [step for step in found.steps if step.loses_data] == []


@pytest.mark.parametrize("key", ALONE)
def test_a_setting_that_takes_what_holds_data_says_so(key: str, record: Record) -> None:
    before, after = unprotected(record("prod")), unprotected(record("prod", ALONE[key]))
    for found in (plan(before, after), plan(after, before)):
        taken = {step.resource.type for step in found.steps if step.loses_data}
        assert taken <= HOLDS_DATA
        if taken:
            assert CHANGES[key].loses or CHANGES[key].refused, taken


def test_every_setting_can_be_moved() -> None:
    for key in declared():
        texts = moves.values(key.name)
        assert len(set(texts)) >= 2
        assert all(key.rule.parse(one) is not None for one in texts)


def test_the_command_says_what_up_would_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--stack", "dev", "--change", "captureMode=native"], ROOT) == 0
    output = capsys.readouterr().out
    assert output.startswith("Stack dev, captureMode from pipe to native:\n")
    assert "  created: KinesisStreamingDestination capture" in output
    assert "  deleted: Pipe capture-pipe" in output
    assert CHANGES["captureMode"].says.partition(":")[0] in " ".join(output.split())


def test_a_change_that_the_program_refuses_is_reported_in_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--stack", "dev", "--change", "kinesisRetentionHours=1"], ROOT) == 2
    output = " ".join(capsys.readouterr().out.split())
    assert "refused before any resource changes: sales-analytics-cdc:kinesisRetentionHours is '1'; allowed:" in output


def test_a_step_that_aws_refuses_is_an_error_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--stack", "dev", "--config", "kinesisShards=1", "--change", "kinesisShards=4"]
    assert cli.main(arguments, ROOT) == 2
    output = " ".join(capsys.readouterr().out.split())
    assert "(refused: AWS at most doubles the shards at once: first 2)" in output
    assert "The update stops there with an error." in output


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (["lakeFormat=json-gzip"], "the lake's rows are in parquet"),
        (["customerManagedKeys=false", "alarmEmail="], "the stack's data is encrypted with its customer-managed key"),
    ],
)
def test_what_would_lose_the_data_of_a_running_stack_is_refused(
    changed: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The program is shown what the stack was made with, as the engine shows it."""
    assert cli.main(["--stack", "prod", *(part for one in changed for part in ("--change", one))], ROOT) == 2
    output = " ".join(capsys.readouterr().out.split())
    assert "refused before any resource changes:" in output
    assert words in output


def test_the_text_names_what_forces_a_replacement(record: Record) -> None:
    dev = record("dev")
    found = plan(dev, altered(dev, TABLE, hashKey="another"))
    output = list(change_text.lines("dev", [Moved("one", "a", "b")], found, ""))
    assert "  replaced: Table table, because hashKey cannot change in place (with its data)" in output
    assert "  replaced: Pipe capture-pipe, because it depends on table" in output


def test_the_table_of_all_settings_has_each_with_its_plan_and_its_meaning(record: Record) -> None:
    """For one setting here: `--changes` repeats it for all."""

    def load(_root: Path, stack: str, changed: Sequence[str], _deployed: Graph | None) -> tuple[Graph, Settings]:
        return record(stack, dict(one.split("=") for one in changed)), Settings()

    output = " ".join(moves.setting(ROOT, "prod", "captureMode", load))
    assert "captureMode, from pipe to native" in output
    assert "up creates 1 KinesisStreamingDestination" in output
    assert "Lost: To native" in output
