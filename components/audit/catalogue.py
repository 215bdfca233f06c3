"""The rules for the Glue catalogue and its crawler."""

from __future__ import annotations

import base64
import re
from typing import Any

from components.audit.reading import (
    at,
    both,
    document,
    fields,
    listed,
    text,
    waits_for_role_policy,
)
from components.audit.requests import CRAWLER, but, failed
from components.audit.rule import RefusedCall, Rule
from components.audit.spoiling import NOTHING, given, unordered
from components.explain.evidence import Case

DATABASE = "aws:glue/catalogDatabase:CatalogDatabase"
TABLE = "aws:glue/catalogTable:CatalogTable"
CRAWLER_TYPE = "aws:glue/crawler:Crawler"
_GLUE = "https://docs.aws.amazon.com/glue/latest/webapi/"
_ATHENA = "https://docs.aws.amazon.com/athena/latest/"
_PREFLIGHT = "badmintoncryer/cdk-preflight rules/"
_NAME = r"[a-z0-9_]+"
_VIEW = re.compile(r"/\* Presto View: (\S+) \*/")
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")


def _names_are_plain(case: Case) -> bool:
    names = [column["name"] for column in _columns(case)]
    return all(re.fullmatch(_NAME, name) and len(name) <= 255 for name in (case.inputs["name"], *names))


def _columns(case: Case) -> list[Any]:
    return [*listed(case.inputs, "storageDescriptor.columns"), *listed(case.inputs, "partitionKeys")]


def _columns_are_different(case: Case) -> bool:
    names = [column["name"] for column in _columns(case)]
    return len(names) == len(set(names))


def _has_a_serde(case: Case) -> bool:
    return bool(at(case.inputs, "storageDescriptor.serDeInfo.serializationLibrary"))


def _projection_is_whole(case: Case) -> bool:
    parameters = fields(case.inputs, "parameters")
    if parameters.get("projection.enabled") != "true":
        return True
    return all(
        f"${{{key['name']}}}" in parameters.get("storage.location.template", "")
        and all(f"projection.{key['name']}.{rest}" in parameters for rest in ("type", "range"))
        for key in listed(case.inputs, "partitionKeys")
    )


def _view_is_whole(case: Case) -> bool:
    """Return whether a view's text is Presto's JSON in base64, with the table's columns in order."""
    if case.inputs.get("tableType") != "VIRTUAL_VIEW":
        return True
    found = _VIEW.fullmatch(case.inputs.get("viewOriginalText", ""))
    if found is None or at(case.inputs, "parameters.presto_view") != "true":
        return False
    view = document(base64.b64decode(found[1]))
    names = [column["name"] for column in view.get("columns", [])]
    return bool(view.get("originalSql")) and names == [column["name"] for column in _columns(case)]


def _is_scheduled(case: Case) -> bool:
    schedule = case.inputs.get("schedule")
    if schedule is None:
        return True
    found = _CRON.fullmatch(schedule)
    return found is not None and (found[3] == "?") != (found[5] == "?")


def _new_folders_change_nothing(case: Case) -> bool:
    if at(case.inputs, "recrawlPolicy.recrawlBehavior") != "CRAWL_NEW_FOLDERS_ONLY":
        return True
    policy = fields(case.inputs, "schemaChangePolicy")
    return policy.get("updateBehavior") == policy.get("deleteBehavior") == "LOG"


def _crawler(changed: dict[str, object], sentence: str, source: str = "") -> RefusedCall:
    return RefusedCall("glue.CreateCrawler", but(CRAWLER, changed), "InvalidInputException", sentence, source)


RULES = (
    Rule(
        "glue-database",
        DATABASE,
        "A database's name has 1 to 255 lower-case letters, digits and underscores: Athena supports no others.",
        f"{_ATHENA}ug/glue-best-practices.html",
        text("name", 1, 255, _NAME),
        given({"name": "order-lake"}),
    ),
    Rule(
        "glue-description",
        DATABASE,
        "A database's description has at most 2,048 characters.",
        f"{_GLUE}API_DatabaseInput.html",
        text("description", 0, 2048),
        given({"description": "d" * 2049}),
        (
            RefusedCall(
                "glue.CreateDatabase",
                {"DatabaseInput": {"Name": "audit", "Description": "d" * 2049}},
                "ValidationException",
                failed("databaseInput.description", "have length less than or equal to 2048", value="d" * 2049),
            ),
        ),
    ),
    Rule(
        "glue-names",
        TABLE,
        "Names of tables and columns are lower-case letters, digits and underscores.",
        f"{_ATHENA}ug/tables-databases-columns-names.html",
        _names_are_plain,
        given({"storageDescriptor.columns.0.name": "Order-Id"}),
    ),
    Rule(
        "glue-columns",
        TABLE,
        "A column is unique and not also a partition key: otherwise Athena returns HIVE_INVALID_METADATA.",
        "https://repost.aws/knowledge-center/athena-duplicate-columns-hive-metadata",
        _columns_are_different,
        lambda case: given({"partitionKeys": [{"name": _columns(case)[0]["name"], "type": "string"}]})(case),
    ),
    Rule(
        "glue-comments",
        TABLE,
        "A column's comment has at most 255 characters.",
        f"{_GLUE}API_Column.html",
        lambda case: all(len(column.get("comment", "")) <= 255 for column in _columns(case)),
        given({"storageDescriptor.columns.0.comment": "c" * 256}),
        (
            RefusedCall(
                "glue.CreateTable",
                {
                    "DatabaseName": "audit",
                    "TableInput": {
                        "Name": "audit",
                        "StorageDescriptor": {"Columns": [{"Name": "a", "Comment": "c" * 256}]},
                    },
                },
                "ValidationException",
                failed(
                    "tableInput.storageDescriptor.columns.1.member.comment",
                    "have length less than or equal to 255",
                    value="c" * 256,
                ),
                "https://github.com/moj-analytical-services/etl_manager/issues/90 (the form)",
            ),
        ),
    ),
    Rule(
        "glue-serde",
        TABLE,
        "Every table and view has a SerDe: otherwise Athena returns HIVE_METASTORE_ERROR.",
        "https://github.com/hashicorp/terraform-provider-aws/issues/28517",
        _has_a_serde,
        given({"storageDescriptor.serDeInfo": NOTHING}),
    ),
    Rule(
        "glue-projection",
        TABLE,
        "A projected partition has a type and a range, and is in the location template.",
        f"{_ATHENA}ug/partition-projection-supported-types.html",
        _projection_is_whole,
        given(
            {
                "parameters": {"projection.enabled": "true"},
                "partitionKeys": [{"name": "arrival_hour", "type": "string"}],
            }
        ),
    ),
    Rule(
        "glue-view",
        TABLE,
        "A view is Presto's JSON in base64, with the table's columns in order.",
        "https://github.com/awslabs/athena-glue-service-logs/blob/master/README.md and components/view.py",
        _view_is_whole,
        given({"tableType": "VIRTUAL_VIEW", "viewOriginalText": "SELECT 1"}),
    ),
    Rule(
        "glue-crawler-schedule",
        CRAWLER_TYPE,
        'A schedule is a cron of six fields, with "?" for the day of the month or the day of the week.',
        f"{_PREFLIGHT}glue/pf-glue-crawler-schedule-day-of-month-or-week",
        _is_scheduled,
        given({"schedule": "cron(15 2 1 * 2 *)"}),
        (
            _crawler({"Schedule": "cron(15 2 1 * 2 *)"}, "Invalid schedule cron expression: cron(15 2 1 * 2 *)"),
            _crawler(
                {"Schedule": "rate(1 day)"},
                "Invalid schedule cron expression. Expected format: Cron(CRON_EXPRESSION)",
                f"{_PREFLIGHT}glue/pf-glue-crawler-schedule-cron-only",
            ),
        ),
    ),
    Rule(
        "glue-crawler-configuration",
        CRAWLER_TYPE,
        "A crawler's configuration is JSON whose version is the number 1.0.",
        f"{_PREFLIGHT}glue/pf-glue-crawler-configuration-version-type",
        lambda case: (
            "configuration" not in case.inputs
            or isinstance(document(case.inputs["configuration"]).get("Version"), float)
        ),
        given({"configuration": '{"Version": "1.0"}'}),
        (
            _crawler(
                {"Configuration": '{"Version": "1.0"}'},
                "Crawler configuration not valid: Version type invalid: expected Double, received String",
            ),
            _crawler(
                {"Configuration": "{"},
                "Crawler configuration not valid: Error parsing JSON",
                f"{_PREFLIGHT}glue/pf-glue-crawler-configuration-json",
            ),
        ),
    ),
    Rule(
        "glue-crawler-path",
        CRAWLER_TYPE,
        "A crawler's target is an S3 URL, not a path.",
        f"{_PREFLIGHT}glue/pf-glue-crawler-s3-target-path",
        lambda case: all(str(one["path"]).startswith("s3://") for one in listed(case.inputs, "s3Targets")),
        given({"s3Targets.0.path": "/rows/"}),
        (_crawler({"Targets.S3Targets": [{"Path": "/rows/"}]}, "Invalid S3 Target Path"),),
    ),
    Rule(
        "glue-crawler-sample",
        CRAWLER_TYPE,
        "A crawler samples 1 to 249 files of a folder.",
        f"{_GLUE}API_S3Target.html",
        lambda case: all(1 <= one.get("sampleSize", 1) <= 249 for one in listed(case.inputs, "s3Targets")),
        given({"s3Targets.0.sampleSize": 250}),
    ),
    Rule(
        "glue-crawler-new-folders",
        CRAWLER_TYPE,
        "A crawler that reads only new folders does not change tables.",
        "https://docs.aws.amazon.com/glue/latest/dg/incremental-crawls.html",
        _new_folders_change_nothing,
        given({"recrawlPolicy.recrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}),
    ),
    Rule(
        "glue-crawler-description",
        CRAWLER_TYPE,
        "A crawler's name has at most 255 characters, its description 2,048, its table prefix 128.",
        f"{_GLUE}API_CreateCrawler.html",
        both(text("name", 1, 255), text("description", 0, 2048), text("tablePrefix", 0, 128)),
        given({"tablePrefix": "p" * 129}),
        (
            RefusedCall(
                "glue.CreateCrawler",
                but(CRAWLER, {"TablePrefix": "p" * 129}),
                "ValidationException",
                failed("tablePrefix", "have length less than or equal to 128", value="p" * 129),
            ),
        ),
    ),
    Rule(
        "glue-crawler-order",
        CRAWLER_TYPE,
        "A crawler is created after its role's policy.",
        "https://docs.aws.amazon.com/glue/latest/dg/crawler-prereqs.html",
        waits_for_role_policy("role"),
        unordered,
    ),
)
