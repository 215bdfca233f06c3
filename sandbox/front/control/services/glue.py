"""Glue's crawlers, tags and single tables. https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateCrawler.html"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any
from weakref import WeakKeyDictionary

from moto.core.exceptions import JsonRESTError
from moto.core.utils import utcnow
from moto.glue.models import FakeCrawler, FakeTable, glue_backends
from msgspec import Raw, json

from sandbox.front.backends import backend_of
from sandbox.front.control.call import ControlCall
from sandbox.front.control.output import amended, members_of, reply_of
from sandbox.front.control.registry import answers, refuses
from sandbox.front.reply import HttpReply, ServiceError

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
"""moto's attributes of a crawler, by the members of UpdateCrawler."""


@refuses
def tag_nothing(service: str, operation: str, region: str, parameters: Mapping[str, Any]) -> ServiceError | None:
    """Refuse tags for an ARN of a different account, or of a database or crawler that does not exist.

    https://docs.aws.amazon.com/glue/latest/webapi/API_TagResource.html#API_TagResource_Errors
    """
    if service != "glue" or operation not in ("TagResource", "UntagResource", "GetTags"):
        return None
    backend, arn = backend_of(glue_backends, region), str(parameters["ResourceArn"])
    own, _, resource = arn.partition(f":{backend.account_id}:")
    if own != f"arn:{backend.partition}:glue:{region}" or "/" not in resource:
        return ServiceError("InvalidInputException", f"{arn} is not the ARN of a resource of this account.")
    kind, _, name = resource.partition("/")
    known: Mapping[str, Mapping[str, object]] = {"database": backend.databases, "crawler": backend.crawlers}
    if kind in known and name not in known[kind]:
        return ServiceError("EntityNotFoundException", f"Entity {resource} does not exist.")
    return None


_WRITTEN: WeakKeyDictionary[FakeTable, tuple[Mapping[str, Any], Raw]] = WeakKeyDictionary()
"""Tables' descriptions, each as it was and as JSON: writing one takes longer than the rest of its call."""


@answers("glue", "GetTable")
def get_table(call: ControlCall) -> HttpReply:
    """What moto answers, without its server: every query asks for each table and view that it reads."""
    database, name = call.parameters.get("DatabaseName"), call.parameters.get("Name")
    try:
        found = backend_of(glue_backends, call.region).get_table(str(database), str(name))
    except JsonRESTError as error:
        raise ServiceError(error.error_type, error.message) from error
    return amended(call, reply_of(call, {}), {"Table": next(_written(call, [found]))})


@answers("glue", "GetTables")
def get_tables(call: ControlCall) -> HttpReply:
    """What moto answers, without its server: a query of a view asks for all tables and views that it reads."""
    database, expression = call.parameters.get("DatabaseName"), call.parameters.get("Expression")
    try:
        found = backend_of(glue_backends, call.region).get_tables(str(database), expression)
    except JsonRESTError as error:
        raise ServiceError(error.error_type, error.message) from error
    return amended(call, reply_of(call, {}), {"TableList": list(_written(call, found))})


def _written(call: ControlCall, tables: Iterable[FakeTable]) -> Iterator[Raw]:
    """The descriptions as JSON, each from the kept ones if the table is as it was."""
    member = "Table" if call.operation == "GetTable" else "TableList"
    for table in tables:
        described, known = table.as_dict(), _WRITTEN.get(table)
        if known is None or known[0] != described:
            as_it_is = deepcopy(described)  # before it is written: another call may change it meanwhile
            whole = reply_of(call, {member: as_it_is if member == "Table" else [as_it_is]})
            found: Any = members_of(call, whole)[member]
            known = (as_it_is, Raw(json.encode(found if member == "Table" else found[0])))
            _WRITTEN[table] = known
        yield known[1]


@answers("glue", "UpdateCrawler")
def update_crawler(call: ControlCall) -> None:
    """Change the given members of a crawler that is not running; an empty schedule removes the schedule."""
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


@refuses
def overtaken(service: str, operation: str, region: str, parameters: Mapping[str, Any]) -> ServiceError | None:
    """Refuse an update of a table at an outdated version, so that Iceberg's writers do not overwrite each other.

    VersionId in https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateTable.html; moto does not read it.
    """
    if service != "glue" or operation != "UpdateTable" or "VersionId" not in parameters:
        return None
    database = backend_of(glue_backends, region).databases.get(parameters["DatabaseName"])
    table = None if database is None else database.tables.get(parameters["TableInput"]["Name"])
    if table is None or table.as_dict()["VersionId"] == parameters["VersionId"]:
        return None
    return ServiceError("ConcurrentModificationException", "Update table failed due to concurrent modifications.")
