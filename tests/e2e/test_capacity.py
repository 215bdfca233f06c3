"""A limit that is set on a stage of a running pipeline is found, and the stage named."""

from __future__ import annotations

from pathlib import Path

import pytest

from capacity.report import read
from loadgen.cli import main
from tests.e2e.pipeline import Pipeline

LIMIT = 80
STEP_S = 4


# pulumi_aws warns of deprecated classes in its modules, used or not, when the price list loads them.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_it_names_the_table_whose_maximum_is_reached(
    pipeline: Pipeline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client, table = pipeline.client("dynamodb"), pipeline.outputs.require("table_name")
    client.update_table(TableName=table, OnDemandThroughput={"MaxWriteRequestUnits": LIMIT})
    saved, page = tmp_path / "capacity.json", tmp_path / "capacity.html"
    search = ["--from", str(2 * LIMIT), "--precision", "60%", "--step", f"{STEP_S}s", "--longest", f"{STEP_S}s"]
    output = ["--report", str(saved), "--html", str(page), "--state-dir", str(pipeline.state_dir), "--quiet"]
    try:
        # A shard's limits of reading too, which the run shares with Firehose.
        with pipeline.inject("limits", service="dynamodb"), pipeline.inject("limits", service="kinesis"):
            assert main(["capacity", "--objective", "failed==0", *search, *output]) == 0
    finally:
        client.update_table(TableName=table, OnDemandThroughput={"MaxWriteRequestUnits": 40_000})
    report = read(saved)
    assert report.bottleneck is not None
    assert report.bottleneck.stage == "table"
    assert "TableWriteMaxOnDemandThroughputExceeded" in report.bottleneck.why
    # The units of one more second are there when a step begins.
    assert report.takes_per_s is not None
    assert 0.9 * LIMIT <= report.takes_per_s <= 1.1 * LIMIT * (STEP_S + 1) / STEP_S
    held = next(step for step in report.steps if step.held)
    assert [flow.name for flow in held.flows] == ["the capture", "the delivery"]
    assert held.signals.stream_refused == 0
    assert held.freshness is not None
    assert held.freshness.changes >= held.acked
    assert "the table is the bottleneck" in page.read_text()
    assert report.verdict in capsys.readouterr().out
