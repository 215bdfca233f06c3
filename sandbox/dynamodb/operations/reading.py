"""The input and output of a Query or Scan: the checks of their parameters against the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sandbox.dynamodb import legacy
from sandbox.dynamodb.errors import invalid, invalid_parameter
from sandbox.dynamodb.expressions import condition_syntax, conditions
from sandbox.dynamodb.expressions.conditions import Test
from sandbox.dynamodb.expressions.documents import ResolvedPath
from sandbox.dynamodb.expressions.placeholders import Placeholders
from sandbox.dynamodb.items import StoredItem
from sandbox.dynamodb.parameters import bound_legacy, expression
from sandbox.dynamodb.requests import LegacyCondition, Paged
from sandbox.dynamodb.schema import Index, KeySchema
from sandbox.dynamodb.table import StoredTable


class Filter(NamedTuple):
    """A filter, and its paths."""

    test: Test
    paths: tuple[ResolvedPath, ...]
    parameter: str


class Reading(NamedTuple):
    """The reading of a request: the table or one of its indexes, the returned attributes, and the filter."""

    table: StoredTable
    of_index: Index | None
    paths: list[ResolvedPath] | None
    filter: Filter | None

    @property
    def key(self) -> KeySchema:
        """The key that orders the items."""
        return self.table.schema.key if self.of_index is None else self.of_index.key

    def filtered(self, item: StoredItem) -> bool:
        """Whether the filter selects an item. Of a global index it sees what the index has.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html#DDB-Scan-request-Select
        """
        if self.filter is None:
            return True
        index = self.of_index
        attributes = item.attributes
        return self.filter.test(attributes if index is None or index.kind == "Local" else index.entry(attributes))

    @property
    def start_names(self) -> tuple[str, ...]:
        """The attributes that define the start of a page."""
        return tuple(dict.fromkeys((*self.table.schema.key.names, *self.key.names)))


def reading_of(table: StoredTable, request: Paged, paths: list[ResolvedPath] | None, filter_: Filter | None) -> Reading:
    """Return the reading of a request; raises DynamoError if its index is absent or lacks requested attributes."""
    index = None if request.IndexName is None else table.index(request.IndexName)
    reading = Reading(table, index, paths, filter_)
    if index is None or index.kind == "Local":
        return reading
    if request.Select == "ALL_ATTRIBUTES" and index.projected is not None:
        raise invalid_parameter(
            f"Select type ALL_ATTRIBUTES is not supported for global secondary index {index.name} because its "
            "projection type is not ALL"
        )
    refuse_global(index, paths, consistent=bool(request.ConsistentRead))
    return reading


def refuse_global(index: Index, paths: Sequence[ResolvedPath] | None, *, consistent: bool) -> None:
    """Raise DynamoError for a consistent read of a global index, or if the index lacks requested attributes."""
    if consistent:
        raise invalid("Consistent reads are not supported on global secondary indexes")
    if index.projected is None:
        return
    missing = [str(path[0]) for path in paths or () if path[0] not in index.projected]
    if missing:
        raise invalid_parameter(f"Global secondary index {index.name} does not project [{', '.join(missing)}]")


def refuse_select(request: Paged, paths: list[ResolvedPath] | None) -> None:
    """Raise DynamoError if `Select` contradicts the rest of the request."""
    select = request.Select
    if select == "ALL_PROJECTED_ATTRIBUTES" and request.IndexName is None:
        raise invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
    if paths is None:
        if select == "SPECIFIC_ATTRIBUTES":
            raise invalid(
                "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
            )
        return
    if select not in (None, "SPECIFIC_ATTRIBUTES"):
        parameter = "ProjectionExpression" if request.ProjectionExpression is not None else "AttributesToGet"
        requested = "only the Count" if select == "COUNT" else select
        raise invalid(f"Cannot specify the {parameter} when choosing to get {requested}")


def legacy_filter(parameter: str, request: Paged, given: dict[str, LegacyCondition]) -> Filter | None:
    """The filter of a `QueryFilter` or `ScanFilter`; None if it has no condition."""
    condition = legacy.filtered(given, request.ConditionalOperator)
    test = bound_legacy(parameter, condition)
    return None if test is None else Filter(test, tuple((name,) for name in given), parameter)


def filter_of(request: Paged, older: Filter | None, given: Placeholders) -> Filter | None:
    """The filter of a request's FilterExpression; without one, the `older` filter."""
    if request.FilterExpression is None:
        return older
    with expression("FilterExpression"):
        condition = condition_syntax.parse(request.FilterExpression)
        test = conditions.bound(request.FilterExpression, given)
        return Filter(
            test, tuple(given.path(path) for path in condition_syntax.paths_of(condition)), "Filter Expression"
        )


def refuse_filter(reading: Reading) -> None:
    """Check the attributes of a Query's filter.

    The index must have them even if it is a local one: DynamoDB Local 3.3.1, and for AWS the error that
    dynamodb-toolbox/dynamodb-toolbox#1195 reports. A Scan may filter by others.

    Raises:
        DynamoError: one is a key attribute, which belongs to the key condition, or the index does not have it.
    """
    filter_ = reading.filter
    if filter_ is None:
        return
    for name in reading.key.names:
        if any(path[0] == name for path in filter_.paths):
            raise invalid(
                f"{filter_.parameter} can only contain non-primary key attributes: Primary key attribute: {name}"
            )
    index = reading.of_index
    if index is None or index.projected is None:
        return
    missing = {str(path[0]) for path in filter_.paths} - index.projected
    if missing:
        raise invalid_parameter(
            f"Secondary index {index.name} does not project one or more filter attributes: "
            f"[{', '.join(sorted(missing))}]"
        )
