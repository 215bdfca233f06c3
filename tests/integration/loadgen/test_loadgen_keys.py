"""The hot and the throttled keys of a run, from the table's Contributor Insights."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from loadgen.cli import main
from loadgen.dynamodb.contributors import RunKeys, TableKeys, read
from loadgen.dynamodb.writer import Endpoint
from loadgen.report import report as reports
from sandbox.faults import inject
from stack.ledger import read_ledger
from tests.integration.loadgen.order_table import REGION, OrderTable
from tests.serving import serving

HOT = ("--keys", "hot:keys=2,share=0.999,rest=1ms", "--mix", "insert=20,update=80")


def run(table: OrderTable, directory: Path, *more: str) -> TableKeys:
    options = [
        *("--table", table.name, "--endpoint-url", table.endpoint_url, "--region", REGION),
        *("--report", str(directory / "report.json"), "--ledger", str(directory / "run.ledger")),
        *("--html", str(directory / "page.html"), "--quiet", *more),
    ]
    main(options)
    (keys,) = reports.load(directory / "report.json").keys
    return keys


def enable(table: OrderTable, **more: str) -> None:
    table.client.update_contributor_insights(TableName=table.name, ContributorInsightsAction="ENABLE", **more)


@pytest.mark.parametrize("writer", ["fast", "aioboto3"])
def test_the_report_says_which_keys_were_hot(
    order_table: OrderTable, tmp_path: Path, capsys: pytest.CaptureFixture[str], writer: str
) -> None:
    """A write of one unit counts three (contributorinsights_HowItWorks.html): the ledger has the writes of each key."""
    enable(order_table)
    keys = run(order_table, tmp_path, "--rps", "200", "--count", "200", "--writer", writer, *HOT)
    written = Counter(write.key for write in read_ledger(tmp_path / "run.ledger"))
    assert keys.state == "on"
    assert keys.accessed is not None
    assert [one.number for one in keys.accessed] == [3 * number for _, number in written.most_common(10)]
    assert all(one.number == 3 * written[one.key[0]] for one in keys.accessed)
    assert keys.throttled == []
    assert keys.accessed_items is None
    assert keys.since is not None
    assert keys.until is not None
    assert datetime.fromisoformat(keys.since) < datetime.fromisoformat(keys.until)

    hottest = keys.accessed[0]
    out = capsys.readouterr().out
    assert re.search(
        rf"hot keys of {order_table.name} \(\d\d:\d\d to \d\d:\d\d UTC\): {hottest.key[0]} {hottest.number:,.0f} units",
        out,
    )
    assert f"throttled keys of {order_table.name}" in out
    assert "nothing was counted" in out
    assert f"<th>{hottest.key[0]}</th><td>{hottest.number:,.0f}</td>" in (tmp_path / "page.html").read_text()


def test_the_report_says_which_keys_were_throttled(
    order_table: OrderTable, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each sending of a write that a partition does not take is a throttle of its key."""
    enable(order_table, ContributorInsightsMode="THROTTLED_KEYS")
    with inject(
        "limits", "dynamodb", endpoint_url=order_table.endpoint_url, table=order_table.name, partition_writes=1
    ):
        keys = run(order_table, tmp_path, "--rps", "200", "--count", "200", "--threshold", "failed<=200", *HOT)
    report = json.loads((tmp_path / "report.json").read_text())
    throttles = report["counts"]["throttled"]
    assert set(throttles) == {"ThrottlingException (TableWriteKeyRangeThroughputExceeded)"}
    assert keys.accessed is None
    assert keys.throttled is not None
    # Two keys are hot; the others have hardly more than one write, which no partition refuses.
    assert 1 <= len(keys.throttled) < 10
    assert sum(one.number for one in keys.throttled) == sum(throttles.values())
    first = keys.throttled[0]
    assert f"{first.key[0]} {first.number:,.0f} throttles" in capsys.readouterr().out
    assert report["keys"][0]["throttled"][0]["key"] == list(first.key)


def test_where_keys_are_not_counted_one_line_says_how_to_count_them(
    order_table: OrderTable, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(order_table, tmp_path, "--rps", "50", "--count", "10") == TableKeys(table=order_table.name, state="off")
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "hot keys" in line)
    assert "set tableContributorInsights to all-keys" in line
    command = line.partition("`aws ")[2].partition("`")[0].split()
    assert command[:2] == ["dynamodb", "update-contributor-insights"]
    assert "set tableContributorInsights" in (tmp_path / "page.html").read_text()


class WithoutReports(BaseHTTPRequestHandler):
    """A DynamoDB with Contributor Insights, and a CloudWatch whose policy does not allow their reports."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        described = self.headers.get("x-amz-target", "").endswith("DescribeContributorInsights")
        body = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>No.</Message></Error></ErrorResponse>"
        if described:
            rules = ["DynamoDBContributorInsights-PKC-orders-1"]
            body = json.dumps({"ContributorInsightsStatus": "ENABLED", "ContributorInsightsRuleList": rules}).encode()
        self.send_response(200 if described else 403)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Do not print."""


def keys_at(url: str, table: str) -> TableKeys:
    now = datetime.now(UTC)
    asked = RunKeys(began=now, ended=now, accessed=True, throttled=False)
    endpoint = Endpoint(region=REGION, url=url, access_key="sandbox", secret_key="sandbox")
    (keys,) = asyncio.run(read("fast", endpoint, [table], asked))
    return keys


def test_what_cannot_be_read_is_said_and_costs_no_report(order_table: OrderTable) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), WithoutReports)
    with serving(server):
        denied = keys_at(f"http://127.0.0.1:{server.server_address[1]}", "orders")
    assert (denied.state, denied.accessed) == ("unknown", None)
    assert "AccessDenied" in denied.reason
    assert "GetInsightRuleReport" in denied.reason
    wrong = keys_at("ftp://127.0.0.1", "orders")
    assert (wrong.state, wrong.reason[:34]) == ("unknown", "'ftp://127.0.0.1' is not an endpoi")
    missing = keys_at(order_table.endpoint_url, "nowhere")
    assert (missing.state, missing.reason) == ("unknown", "DescribeContributorInsights: ResourceNotFoundException")
