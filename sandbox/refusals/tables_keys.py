"""DynamoDB: rules of a table's keys and indexes.

Sentences and order: validations/createTable.js and validations/updateTable.js of mhart/dynalite, and
tests/tier3/error-messages/createTable.test.ts of nubo-db/dynamodb-conformance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from moto.dynamodb.models import dynamodb_backends

from sandbox.front.reply import ServiceError
from sandbox.refusals.given import fields
from sandbox.refusals.registry import Asked, refuses
from sandbox.state import ACCOUNT_ID

_INVALID = "One or more parameter values were invalid: "
_MAX = {"Local": 5, "Global": 20}
_Element = Mapping[str, str]


@refuses("dynamodb", "CreateTable")
def keys(asked: Asked) -> ServiceError | None:
    """Refuse a key attribute without a definition, and a definition that no key uses."""
    schema, defined = _listed(asked, "KeySchema"), _names(_listed(asked, "AttributeDefinitions"))
    if len(schema) > len(defined):
        return _invalid("Invalid KeySchema: Some index key attribute have no definition")
    error = _schema_error(schema, defined)
    if error is not None:
        return error
    indexes = [*_listed(asked, "LocalSecondaryIndexes"), *_listed(asked, "GlobalSecondaryIndexes")]
    if not indexes and len(schema) != len(defined):
        return _invalid(
            f"{_INVALID}Number of attributes in KeySchema does not exactly match number of attributes defined in "
            "AttributeDefinitions"
        )
    used = {name for each in [schema, *(index["KeySchema"] for index in indexes)] for name in _names(each)}
    if unused := [name for name in defined if name not in used]:
        return _invalid(
            f"{_INVALID}Some AttributeDefinitions are not used. AttributeDefinitions: [{', '.join(defined)}], "
            f"keys used: [{', '.join(name for name in defined if name not in unused)}]"
        )
    return None


@refuses("dynamodb", "CreateTable")
def local_indexes(asked: Asked) -> ServiceError | None:
    """Refuse a local index without a sort key or of a table without one, and a different partition key."""
    indexes = asked.get("LocalSecondaryIndexes")
    if indexes is None:
        return None
    schema, defined = _listed(asked, "KeySchema"), _names(_listed(asked, "AttributeDefinitions"))
    if len(schema) != 2:
        return _invalid(
            f"{_INVALID}Table KeySchema does not have a range key, which is required when specifying a "
            "LocalSecondaryIndex"
        )
    for index in indexes:
        key = index["KeySchema"]
        if error := _schema_error(key, defined):
            return error
        if len(key) != 2:
            return _invalid(f"{_INVALID}Index KeySchema does not have a range key for index: {index['IndexName']}")
        table_hash, index_hash = schema[0]["AttributeName"], key[0]["AttributeName"]
        if table_hash != index_hash:
            return _invalid(
                f"{_INVALID}Index KeySchema does not have the same leading hash key as table KeySchema for index: "
                f"{index['IndexName']}. index hash key: {index_hash}, table hash key: {table_hash}"
            )
    return _indexes_error("Local", indexes)


@refuses("dynamodb", "CreateTable")
def global_indexes(asked: Asked) -> ServiceError | None:
    """Refuse a global index with a repeated name or an undefined key."""
    indexes = asked.get("GlobalSecondaryIndexes")
    if indexes is None:
        return None
    defined = _names(_listed(asked, "AttributeDefinitions"))
    for index in indexes:
        if error := _schema_error(index["KeySchema"], defined):
            return error
        if asked.get("BillingMode") == "PAY_PER_REQUEST" and index.get("ProvisionedThroughput"):
            return _invalid(
                f"{_INVALID}ProvisionedThroughput should not be specified for index: {index['IndexName']} when "
                "BillingMode is PAY_PER_REQUEST"
            )
    return _indexes_error("Global", indexes, _names(_listed(asked, "LocalSecondaryIndexes"), "IndexName"))


@refuses("dynamodb", "UpdateTable")
def index_updates(asked: Asked) -> ServiceError | None:
    """Refuse to create an index that exists or whose key is undefined, and to update or delete an absent one."""
    table = dynamodb_backends[ACCOUNT_ID][asked.region].tables.get(str(asked.get("TableName")).rpartition("/")[2])
    if table is None:
        return None
    known = {index.name for index in (*table.indexes, *table.global_indexes)}
    defined = _names([*_listed(asked, "AttributeDefinitions"), *table.attr])
    for update in _listed(asked, "GlobalSecondaryIndexUpdates"):
        made = fields(update.get("Create"))
        if made:
            if made["IndexName"] in known:
                return _invalid("Attempting to create an index which already exists")
            if error := _schema_error(made["KeySchema"], defined) or _indexes_error("Global", [made]):
                return error
            continue
        changed = fields(update.get("Update") or update.get("Delete"))
        if not changed:
            return _invalid(
                f"{_INVALID}One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                "GlobalSecondaryIndexUpdate.Delete must not be null"
            )
        if changed["IndexName"] not in known:
            return ServiceError("ResourceNotFoundException", "Requested resource not found")
    return None


def _schema_error(schema: Sequence[_Element], defined: Sequence[str]) -> ServiceError | None:
    names = _names(schema)
    if any(name not in defined for name in names):
        return _invalid(
            f"{_INVALID}Some index key attributes are not defined in AttributeDefinitions. "
            f"Keys: [{', '.join(names)}], AttributeDefinitions: [{', '.join(defined)}]"
        )
    if len(set(names)) != len(names):
        return _invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name")
    for element, place, kind in zip(schema, ("first", "second"), ("HASH", "RANGE"), strict=False):
        if element["KeyType"] != kind:
            return _invalid(f"Invalid KeySchema: The {place} KeySchemaElement is not a {kind} key type")
    return None


def _indexes_error(kind: str, indexes: Sequence[Mapping[str, Any]], names: Iterable[str] = ()) -> ServiceError | None:
    seen = set(names)
    if not indexes:
        return _invalid(f"{_INVALID}List of {kind}SecondaryIndexes is empty")
    for index in indexes:
        projection = fields(index.get("Projection"))
        type_ = projection.get("ProjectionType")
        if type_ is None:
            return _invalid(f"{_INVALID}Unknown ProjectionType: null")
        if projection.get("NonKeyAttributes") and type_ != "INCLUDE":
            return _invalid(f"{_INVALID}ProjectionType is {type_}, but NonKeyAttributes is specified")
        if index["IndexName"] in seen:
            return _invalid(f"{_INVALID}Duplicate index name: {index['IndexName']}")
        seen.add(index["IndexName"])
    if len(indexes) > _MAX[kind]:
        return _invalid(
            f"{_INVALID}Number of LocalSecondaryIndexes exceeds per-table limit of {_MAX[kind]}"
            if kind == "Local"
            else f"{_INVALID}GlobalSecondaryIndex count exceeds the per-table limit of {_MAX[kind]}"
        )
    return None


def _listed(asked: Asked, name: str) -> list[Any]:
    return cast("list[Any]", asked.get(name) or [])


def _names(elements: Iterable[Mapping[str, Any]], name: str = "AttributeName") -> list[str]:
    return [str(element[name]) for element in elements]


def _invalid(sentence: str) -> ServiceError:
    return ServiceError("ValidationException", sentence)
