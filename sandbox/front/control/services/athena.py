"""Athena's workgroups and named queries. https://docs.aws.amazon.com/athena/latest/APIReference/"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.athena.models import AthenaBackend, NamedQuery, WorkGroup, athena_backends

from sandbox.front.backends import backend_of
from sandbox.front.control.call import ControlCall
from sandbox.front.control.paging import page_of
from sandbox.front.control.registry import amends, answers, refuses
from sandbox.front.reply import ServiceError

_ENGINE = "Athena engine version 3"
_REPLACED = "ResultConfigurationUpdates"
_REMOVE = "Remove"
_PRIMARY = "primary"
_MAX_LISTED = 50


@refuses
def tag_nothing(service: str, operation: str, region: str, parameters: Mapping[str, Any]) -> ServiceError | None:
    """Refuse the three tagging calls for an ARN that names no resource, such as one without an account."""
    if service != "athena" or operation not in ("TagResource", "UntagResource", "ListTagsForResource"):
        return None
    backend, arn = backend_of(athena_backends, region), parameters["ResourceARN"]
    resources = [
        *backend.work_groups.values(),
        *backend.data_catalogs.values(),
        *backend.capacity_reservations.values(),
    ]
    if arn in {resource.arn for resource in resources}:
        return None
    return ServiceError("InvalidRequestException", f"Athena Resource, {arn} Does Not Exist")


@amends("athena", "GetWorkGroup")
def described_group(call: ControlCall, output: dict[str, Any]) -> None:
    """Add the effective engine version to a workgroup.

    Raises:
        ServiceError: the workgroup does not exist; the provider recognizes this by AWS's sentence.
    """
    _group(call)
    versions: dict[str, str] = output["WorkGroup"]["Configuration"].setdefault("EngineVersion", {})
    versions.setdefault("SelectedEngineVersion", "AUTO")
    versions.setdefault("EffectiveEngineVersion", _ENGINE)


@answers("athena", "UpdateWorkGroup")
def update_group(call: ControlCall) -> None:
    """Change the named settings of a workgroup and leave the others; a member `Remove…` removes a setting."""
    group, given = _group(call), call.parameters
    if "Description" in given:
        group.description = given["Description"]
    if "State" in given:
        group.state = given["State"]
    updates: dict[str, Any] = given.get("ConfigurationUpdates", {})
    configuration: dict[str, Any] = group.configuration
    results = _updated(configuration.get("ResultConfiguration", {}), updates.pop(_REPLACED, {}))
    group.configuration = _updated(configuration, updates) | ({"ResultConfiguration": results} if results else {})


@answers("athena", "DeleteWorkGroup")
def delete_group(call: ControlCall) -> None:
    """Delete a workgroup; one with named queries only with RecursiveDeleteOption, and the queries with it."""
    group, backend = _group(call), _backend(call)
    queries = [id_ for id_, query in backend.named_queries.items() if query.workgroup is group]
    if queries and not call.parameters.get("RecursiveDeleteOption"):
        raise ServiceError("InvalidRequestException", f"WorkGroup {group.name} is not empty")
    for id_ in queries:
        del backend.named_queries[id_]
    backend.delete_work_group(group.name)


@answers("athena", "CreateNamedQuery")
def create_named_query(call: ControlCall) -> Mapping[str, Any]:
    """Store a named query in an existing workgroup."""
    given = call.parameters
    group = given.get("WorkGroup", _PRIMARY)
    if group not in _backend(call).work_groups:
        raise ServiceError("InvalidRequestException", "WorkGroup is not found.")
    id_ = _backend(call).create_named_query(
        given["Name"], given.get("Description", ""), given["Database"], given["QueryString"], group
    )
    return {"NamedQueryId": id_}


@answers("athena", "GetNamedQuery")
def named_query(call: ControlCall) -> Mapping[str, Any]:
    """Return a named query."""
    return {"NamedQuery": _described(_query(call))}


@answers("athena", "BatchGetNamedQuery")
def named_queries(call: ControlCall) -> Mapping[str, Any]:
    """Return those of up to 50 named queries that exist, and the ids of those that do not."""
    known, asked = _backend(call).named_queries, call.parameters["NamedQueryIds"]
    if len(asked) > _MAX_LISTED:
        raise ServiceError("InvalidRequestException", f"A request has at most {_MAX_LISTED} ids of named queries")
    return {
        "NamedQueries": [_described(known[id_]) for id_ in asked if id_ in known],
        "UnprocessedNamedQueryIds": [
            {"NamedQueryId": id_, "ErrorCode": "INVALID_INPUT", "ErrorMessage": f"NamedQuery {id_} was not found"}
            for id_ in asked
            if id_ not in known
        ],
    }


@answers("athena", "ListNamedQueries")
def listed_queries(call: ControlCall) -> Mapping[str, Any]:
    """List the ids of a workgroup's named queries."""
    group = call.parameters.get("WorkGroup", _PRIMARY)
    own = [id_ for id_, query in _backend(call).named_queries.items() if query.workgroup.name == group]
    page, more = page_of(own, str, call.parameters, _MAX_LISTED, error="InvalidRequestException")
    return {"NamedQueryIds": page, **more}


def _described(query: NamedQuery) -> dict[str, Any]:
    described: dict[str, str | None] = {
        "Name": query.name,
        "Database": query.database,
        "Description": query.description,
        "QueryString": query.query_string,
        "NamedQueryId": query.id,
        "WorkGroup": query.workgroup.name,
    }
    return {name: value for name, value in described.items() if value}


@answers("athena", "UpdateNamedQuery")
def update_named_query(call: ControlCall) -> None:
    """Change a named query's name, description and text."""
    query, given = _query(call), call.parameters
    query.name, query.query_string = given["Name"], given["QueryString"]
    if "Description" in given:
        query.description = given["Description"]


@answers("athena", "DeleteNamedQuery")
def delete_named_query(call: ControlCall) -> None:
    """Delete a named query."""
    del _backend(call).named_queries[_query(call).id]


def _updated(configuration: Mapping[str, Any], updates: Mapping[str, Any]) -> dict[str, Any]:
    removed = {name.removeprefix(_REMOVE) for name, value in updates.items() if name.startswith(_REMOVE) and value}
    replaced = {name: value for name, value in updates.items() if not name.startswith(_REMOVE)}
    return {name: value for name, value in {**configuration, **replaced}.items() if name not in removed}


def _backend(call: ControlCall) -> AthenaBackend:
    return backend_of(athena_backends, call.region)


def _group(call: ControlCall) -> WorkGroup:
    name = call.parameters["WorkGroup"]
    group = _backend(call).work_groups.get(name)
    if group is None:
        raise ServiceError("InvalidRequestException", "WorkGroup is not found.")
    return group


def _query(call: ControlCall) -> NamedQuery:
    id_ = call.parameters["NamedQueryId"]
    query = _backend(call).named_queries.get(id_)
    if query is None:
        raise ServiceError("InvalidRequestException", f"NamedQuery {id_} does not exist")
    return query
