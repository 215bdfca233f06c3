"""Glue's crawlers. https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateCrawler.html"""

from __future__ import annotations

from moto.core.utils import utcnow
from moto.glue.models import FakeCrawler, glue_backends

from sandbox.front.backends import backend_of
from sandbox.front.control.call import Call
from sandbox.front.control.registry import answers
from sandbox.front.reply import ServiceError

_ATTRIBUTES = {
    "Classifiers": "classifiers",
    "Configuration": "configuration",
    "CrawlerSecurityConfiguration": "crawler_security_configuration",
    "DatabaseName": "database_name",
    "Description": "description",
    "LineageConfiguration": "lineage_configuration",
    "RecrawlPolicy": "recrawl_policy",
    "Role": "role",
    "Schedule": "schedule",
    "SchemaChangePolicy": "schema_change_policy",
    "TablePrefix": "table_prefix",
    "Targets": "targets",
}
"""moto's names of what a crawler has."""


@answers("glue", "UpdateCrawler")
def update_crawler(call: Call) -> None:
    """Changes what is named and leaves the rest, unless the crawler is at work; an empty schedule is none."""
    name = call.parameters["Name"]
    crawlers: dict[str, FakeCrawler] = backend_of(glue_backends, call.region).crawlers
    crawler = crawlers.get(name)
    if crawler is None:
        raise ServiceError("EntityNotFoundException", f"Crawler entry with name {name} does not exist")
    if crawler.status == "RUNNING":
        raise ServiceError("CrawlerRunningException", f"Crawler with name {name} is currently running")
    for member, attribute in _ATTRIBUTES.items():
        if member in call.parameters:
            setattr(crawler, attribute, call.parameters[member])
    crawler.version += 1
    crawler.last_updated = utcnow()
