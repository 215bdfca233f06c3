"""One run of a crawler: list and sample its targets, and update the catalogue."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from sandbox.athena.objects import Objects, split_location
from sandbox.crawlers.columns import read
from sandbox.crawlers.discovery import FoundTable, Rules, find
from sandbox.crawlers.writer import CrawlCounts, CrawlWriter, Policies

_log = logging.getLogger(__name__)

Definition = Mapping[str, Any]
"""A crawler's definition from GetCrawler."""


def crawl(definition: Definition, glue: Any, objects: Objects) -> CrawlCounts:
    """Run a crawler; return its changes of the catalogue.

    Targets other than S3 and the catalogue are logged and skipped.
    """
    name = str(definition["Name"])
    configuration: dict[str, Any] = json.loads(definition.get("Configuration") or "{}")
    policies = _policies(definition, configuration)
    targets: dict[str, list[dict[str, Any]]] = definition.get("Targets") or {}
    database = str(definition.get("DatabaseName") or "")
    writer = CrawlWriter(glue, name, database, str(definition.get("TablePrefix") or ""), policies)
    seen: set[str] = set()
    for target in targets.get("S3Targets") or []:
        for found in _look(str(target["Path"]), _rules(target, configuration), objects):
            writer.write(found)
            seen.add(found.location)
    if targets.get("S3Targets"):
        writer.remove_gone(seen)
    for target in targets.get("CatalogTargets") or []:
        _crawl_catalogue(target, configuration, glue, objects, writer=_writer_for(target, name, glue, policies))
    for kind, listed in targets.items():
        if listed and kind not in {"S3Targets", "CatalogTargets"}:
            _log.warning("%s: the sandbox does not crawl targets of the kind %s", name, kind)
    return writer.changes


def _look(path: str, rules: Rules, objects: Objects) -> list[FoundTable]:
    bucket, prefix = split_location(path)
    return find(bucket, prefix, objects.list(bucket, prefix), rules, lambda item: read(objects.read(item)))


def _writer_for(target: Mapping[str, Any], crawler: str, glue: Any, policies: Policies) -> CrawlWriter:
    return CrawlWriter(glue, crawler, str(target["DatabaseName"]), "", policies)


def _crawl_catalogue(
    target: Mapping[str, Any], configuration: Mapping[str, Any], glue: Any, objects: Objects, writer: CrawlWriter
) -> None:
    """Update the catalogue's tables from the objects at their locations."""
    names: list[str] = target.get("Tables") or []
    for name in names:
        table: dict[str, Any] = glue.get_table(DatabaseName=target["DatabaseName"], Name=name)["Table"]
        rules = _rules({}, {**configuration, "Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas"}})
        for found in _look(table["StorageDescriptor"]["Location"], rules, objects):
            writer.write(found, name)


def _rules(target: Mapping[str, Any], configuration: Mapping[str, Any]) -> Rules:
    grouping: Mapping[str, Any] = configuration.get("Grouping") or {}
    exclusions: list[str] = target.get("Exclusions") or []
    return Rules(
        table_level=grouping.get("TableLevelConfiguration"),
        combine=grouping.get("TableGroupingPolicy") == "CombineCompatibleSchemas",
        sample_size=target.get("SampleSize"),
        exclusions=tuple(exclusions),
    )


def _policies(definition: Definition, configuration: Mapping[str, Any]) -> Policies:
    change: Mapping[str, str] = definition.get("SchemaChangePolicy") or {}
    recrawl: Mapping[str, str] = definition.get("RecrawlPolicy") or {}
    output: Mapping[str, Any] = configuration.get("CrawlerOutput") or {}
    tables: Mapping[str, str] = output.get("Tables") or {}
    return Policies(
        update=change.get("UpdateBehavior") or "UPDATE_IN_DATABASE",
        delete=change.get("DeleteBehavior") or "DEPRECATE_IN_DATABASE",
        merge_new_columns=tables.get("AddOrUpdateBehavior") == "MergeNewColumns",
        new_folders_only=recrawl.get("RecrawlBehavior") == "CRAWL_NEW_FOLDERS_ONLY",
    )
