"""Contributor Insights for DynamoDB: which keys are accessed most, and which are throttled.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/contributorinsights_HowItWorks.html for what is
counted; ack-api-quirks, services/dynamodb, DDB-TABLE-089 to 097 and 337 to 344, for the replies as recorded on AWS.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.faults.client import inject
from sandbox.front.insights import ENABLED, KeyInsights
from sandbox.front.saving.pickling import dumps, loads
from sandbox.state import ACCESS_KEY, DEFAULT_REGION, SECRET_KEY, client, session
from tests.conftest import SandboxServer

KEYS = [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}]
MISSING = "Requested resource not found: Table: nowhere not found"


class Insights:
    """A new table with a sort key and a global and a local index."""

    def __init__(self, url: str, name: str) -> None:
        self.url, self.name = url, name
        self.dynamodb: Any = client("dynamodb", url)
        self.cloudwatch: Any = client("cloudwatch", url)
        self.dynamodb.create_table(
            TableName=name,
            KeySchema=KEYS,
            AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("id", "at", "shop")],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by-shop",
                    "KeySchema": [{"AttributeName": "shop", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
            LocalSecondaryIndexes=[
                {
                    "IndexName": "local",
                    "KeySchema": [KEYS[0], {"AttributeName": "shop", "KeyType": "RANGE"}],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )

    def update(self, action: str = "ENABLE", **more: str) -> dict[str, Any]:
        return self.dynamodb.update_contributor_insights(TableName=self.name, ContributorInsightsAction=action, **more)

    def describe(self, **more: str) -> dict[str, Any]:
        answer = self.dynamodb.describe_contributor_insights(TableName=self.name, **more)
        del answer["ResponseMetadata"]
        return answer

    def put(self, id_: str, at: str = "1", **more: str) -> None:
        item = {name: {"S": value} for name, value in {"id": id_, "at": at, **more}.items()}
        self.dynamodb.put_item(TableName=self.name, Item=item)

    def report(self, kind: str, index: str = "", **more: Any) -> dict[str, Any]:
        rules = self.describe(**({"IndexName": index} if index else {}))["ContributorInsightsRuleList"]
        (rule,) = (each for each in rules if f"-{kind}-" in each)
        now = dt.datetime.now(dt.UTC)
        hour = dt.timedelta(hours=1)
        return self.cloudwatch.get_insight_rule_report(
            RuleName=rule, StartTime=now - hour, EndTime=now + hour, Period=3600, **more
        )

    def contributors(self, kind: str, index: str = "") -> dict[tuple[str, ...], float]:
        found = self.report(kind, index)["Contributors"]
        return {tuple(one["Keys"]): one["ApproximateAggregateValue"] for one in found}


@pytest.fixture
def table(sandbox_server: SandboxServer, request: pytest.FixtureRequest) -> Iterator[Insights]:
    name = re.sub(r"\W", "-", request.node.name)[:60]
    made = Insights(sandbox_server.endpoint_url, name)
    yield made
    made.dynamodb.delete_table(TableName=name)
    made.dynamodb.close()
    made.cloudwatch.close()


def without_retries(url: str) -> Any:
    return session().client(
        "dynamodb",
        endpoint_url=url,
        region_name=DEFAULT_REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(retries={"total_max_attempts": 1}),
    )


def refusal(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error: dict[str, Any] = {**vars(caught.value)}["response"]["Error"]
    return error["Code"], error["Message"]


def summaries(table: Insights, **given: Any) -> list[tuple[str, str]]:
    found = table.dynamodb.list_contributor_insights(**given)["ContributorInsightsSummaries"]
    return [
        (one.get("IndexName", ""), one["ContributorInsightsStatus"]) for one in found if one["TableName"] == table.name
    ]


def test_a_table_is_enabled_described_narrowed_and_disabled(table: Insights) -> None:
    assert table.describe() == {"TableName": table.name, "ContributorInsightsStatus": "DISABLED"}
    assert table.update("DISABLE")["ContributorInsightsStatus"] == "DISABLED"

    first = table.update()
    assert first["ContributorInsightsStatus"] == "ENABLING"
    assert first["ContributorInsightsMode"] == "ACCESSED_AND_THROTTLED_KEYS"
    described = table.describe()
    assert described["ContributorInsightsStatus"] == "ENABLED"
    rules: list[str] = described["ContributorInsightsRuleList"]
    name = re.escape(table.name)
    parts = [re.fullmatch(rf"DynamoDBContributorInsights-(\w+)-{name}-(\d{{13}})", rule) for rule in rules]
    assert sorted(part[1] for part in parts if part) == ["PKC", "PKT", "SKC", "SKT"]
    assert table.update()["ContributorInsightsStatus"] == "ENABLED"
    assert table.describe() == described

    assert table.update(ContributorInsightsMode="THROTTLED_KEYS")["ContributorInsightsStatus"] == "ENABLING"
    narrowed: list[str] = table.describe()["ContributorInsightsRuleList"]
    assert sorted(narrowed) == sorted(rule for rule in rules if "-PKT-" in rule or "-SKT-" in rule)
    assert table.update()["ContributorInsightsStatus"] == "ENABLING"
    assert table.describe()["ContributorInsightsMode"] == "ACCESSED_AND_THROTTLED_KEYS"

    assert table.update("DISABLE")["ContributorInsightsStatus"] == "DISABLING"
    after = table.describe()
    assert after.keys() == {
        *("TableName", "ContributorInsightsStatus", "LastUpdateDateTime", "ContributorInsightsMode")
    }
    assert after["ContributorInsightsStatus"] == "DISABLED"


def test_a_listing_has_what_is_enabled_in_pages(table: Insights) -> None:
    assert summaries(table, TableName=table.name) == []
    table.update()
    table.update(IndexName="by-shop")
    assert summaries(table, TableName=table.name) == [("", "ENABLED"), ("by-shop", "ENABLED")]
    assert summaries(table) == [("", "ENABLED"), ("by-shop", "ENABLED")]
    first = table.dynamodb.list_contributor_insights(TableName=table.name, MaxResults=1)
    assert "IndexName" not in first["ContributorInsightsSummaries"][0]
    more = {"TableName": table.name, "NextToken": first["NextToken"]}
    assert summaries(table, **more) == [("by-shop", "ENABLED")]
    table.update("DISABLE")
    assert summaries(table, TableName=table.name) == [("by-shop", "ENABLED")]


def test_a_missing_table_and_an_index_that_is_no_global_one_are_refused(table: Insights) -> None:
    dynamodb = table.dynamodb
    update = {"TableName": "nowhere", "ContributorInsightsAction": "ENABLE"}
    assert refusal(dynamodb.update_contributor_insights, **update) == ("ResourceNotFoundException", MISSING)
    assert refusal(dynamodb.describe_contributor_insights, TableName="nowhere") == (
        "ResourceNotFoundException",
        MISSING,
    )
    assert refusal(dynamodb.list_contributor_insights, TableName="nowhere")[0] == "ResourceNotFoundException"
    for index in ("local", "nope"):
        message = f"Requested resource not found: Index: {index} not found for table: {table.name}"
        assert refusal(table.describe, IndexName=index) == ("ResourceNotFoundException", message)
        assert refusal(table.update, IndexName=index) == ("ResourceNotFoundException", message)


def test_a_key_counts_its_read_units_and_three_times_its_write_units(table: Insights) -> None:
    table.update()
    table.update(IndexName="by-shop")
    dynamodb, name = table.dynamodb, table.name
    for _ in range(3):
        table.put("hot", shop="s")
    table.put("hot", "2")
    table.put("large", note="x" * 2000)
    key = {"id": {"S": "hot"}, "at": {"S": "1"}}
    dynamodb.get_item(TableName=name, Key=key, ConsistentRead=True)
    dynamodb.batch_get_item(RequestItems={name: {"Keys": [key], "ConsistentRead": True}})
    condition = {"KeyConditionExpression": "id = :id", "ExpressionAttributeValues": {":id": {"S": "hot"}}}
    dynamodb.query(TableName=name, ConsistentRead=True, **condition)
    dynamodb.query(TableName=name, IndexName="local", ConsistentRead=True, **condition)
    dynamodb.execute_statement(Statement=f"SELECT * FROM \"{name}\" WHERE id = 'hot' AND at = '1'")
    puts = [{"Put": {"TableName": name, "Item": {"id": {"S": "both"}, "at": {"S": "1"}}}}]
    dynamodb.transact_write_items(TransactItems=puts)

    # The first of three equal items changes the local index, too, whose units are the table's.
    assert table.contributors("PKC") == {("hot",): (4 + 1) * 3 + 4, ("large",): 2 * 3, ("both",): 2 * 3}
    assert table.contributors("SKC") == {
        ("hot", "1"): (3 + 1) * 3 + 2,
        ("hot", "2"): 3,
        ("large", "1"): 2 * 3,
        ("both", "1"): 2 * 3,
    }
    # Only the first of three equal items changes the index.
    assert table.contributors("PKC", "by-shop") == {("s",): 3}
    assert table.contributors("PKT") == {}


def test_a_throttled_key_is_counted_once_a_refusal(table: Insights) -> None:
    table.update(ContributorInsightsMode="THROTTLED_KEYS")
    dynamodb, name = table.dynamodb, table.name
    once = without_retries(table.url)
    with inject("throttle", "dynamodb", endpoint_url=table.url, table=table.name, partition="hot"):
        for _ in range(2):
            refusal(once.put_item, TableName=name, Item={"id": {"S": "hot"}, "at": {"S": "1"}})
        table.put("cold")
        items = [{"id": {"S": id_}, "at": {"S": "2"}} for id_ in ("hot", "warm")]
        dynamodb.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": item}} for item in items]})
        refusal(once.get_item, TableName=name, Key=items[0])
        refusal(once.transact_write_items, TransactItems=[{"Put": {"TableName": name, "Item": items[0]}}])
    assert table.contributors("PKT") == {("hot",): 5}
    assert table.contributors("SKT") == {("hot", "1"): 2, ("hot", "2"): 3}
    with inject("throttle", "dynamodb", "UpdateItem", endpoint_url=table.url):
        refusal(once.update_item, TableName=name, Key={"id": {"S": "whole"}, "at": {"S": "1"}})
    assert table.contributors("PKT")[("whole",)] == 1
    once.close()


def test_a_report_has_its_periods_and_at_most_the_contributors_that_are_asked_for(table: Insights) -> None:
    table.update()
    for number in range(12):
        for _ in range(1 + number % 2):
            table.put(f"key-{number:02}")
    report = table.report("PKC", Metrics=["MaxContributorValue", "Maximum", "UniqueContributors", "Sum"])
    assert report["KeyLabels"] == ["id"]
    assert report["AggregationStatistic"] == "Sum"
    assert report["ApproximateUniqueCount"] == 12
    assert report["AggregateValue"] == 18 * 3
    assert [one["Keys"] for one in report["Contributors"][:6]] == [
        [f"key-{number:02}"] for number in (1, 3, 5, 7, 9, 11)
    ]
    assert len(report["Contributors"]) == 10
    assert {point["ApproximateValue"] for one in report["Contributors"] for point in one["Datapoints"]} <= {3, 6}
    assert max(point["MaxContributorValue"] for point in report["MetricDatapoints"]) == 6
    assert len(table.report("PKC", MaxContributorCount=2)["Contributors"]) == 2
    assert len(table.report("PKC", MaxContributorCount=25)["Contributors"]) == 12
    for wrong in ({"MaxContributorCount": 26}, {"OrderBy": "Average"}, {"Metrics": ["Median"]}):
        assert refusal(table.report, kind="PKC", **wrong)[0] == "InvalidParameterValue"
    now = dt.datetime.now(dt.UTC)
    gone = {"RuleName": "nowhere", "StartTime": now - dt.timedelta(hours=1), "EndTime": now, "Period": 60}
    assert refusal(table.cloudwatch.get_insight_rule_report, **gone)[0] == "ResourceNotFoundException"


def test_the_rules_of_a_table_are_listed_and_go_with_it(table: Insights) -> None:
    table.update()
    listed = {each["Name"]: each for each in table.cloudwatch.describe_insight_rules()["InsightRules"]}
    rules = table.describe()["ContributorInsightsRuleList"]
    assert set(rules) <= listed.keys()
    assert all(listed[rule]["ManagedRule"] and listed[rule]["State"] == "ENABLED" for rule in rules)
    table.update("DISABLE")
    assert not {each["Name"] for each in table.cloudwatch.describe_insight_rules()["InsightRules"]} & set(rules)


def test_saved_insights_are_those_before_without_their_counts() -> None:
    insights = KeyInsights()
    insights.enable("THROTTLED_KEYS", sorted_keys=True, now_s=1_800_000_000.5)
    restored: KeyInsights = loads(dumps(insights))
    assert (restored.status, restored.mode, restored.created_ms) == (ENABLED, "THROTTLED_KEYS", 1_800_000_000_500)
    assert list(restored.counts) == ["PKT", "SKT"]
