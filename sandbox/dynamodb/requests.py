"""The parameters of the data calls, with the constraints of the API's model.

A request is decoded directly into these types, which distinguishes valid from invalid requests; `constraints` then
finds AWS's words for the error. Members that the API lacks are ignored, as DynamoDB ignores them.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from sandbox.dynamodb.values import Attributes, Value

CapacityMode = Literal["INDEXES", "TOTAL", "NONE"]
ReturnedValues = Literal["ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"]
OnFailure = Literal["ALL_OLD", "NONE"]
Metrics = Literal["SIZE", "NONE"]
Operator = Literal["AND", "OR"]
Comparator = Literal[
    "IN", "NULL", "BETWEEN", "LT", "NOT_CONTAINS", "EQ", "GT", "NOT_NULL", "NE", "LE", "BEGINS_WITH", "GE", "CONTAINS"
]
Selection = Literal["SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"]
Positive = Annotated[int, msgspec.Meta(ge=1)]
SegmentNumber = Annotated[int, msgspec.Meta(ge=0, le=999_999)]
SegmentCount = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Names = dict[str, str]
AttributeNames = Annotated[list[str], msgspec.Meta(min_length=1)]
StatementParameters = Annotated[list[Value], msgspec.Meta(min_length=1)]
StatementText = Annotated[str, msgspec.Meta(min_length=1, max_length=8192)]


class Expectation(msgspec.Struct):
    """A legacy condition on an attribute of a write."""

    Value: dict[str, Any] | None = None
    Exists: bool | None = None
    ComparisonOperator: Comparator | None = None
    AttributeValueList: list[dict[str, Any]] | None = None


class LegacyCondition(msgspec.Struct):
    """A legacy condition on an attribute of a read."""

    ComparisonOperator: Comparator
    AttributeValueList: list[Value] | None = None


class AttributeUpdate(msgspec.Struct):
    """A legacy update of an attribute."""

    Value: dict[str, Any] | None = None
    Action: Literal["ADD", "PUT", "DELETE"] = "PUT"


class Expressions(msgspec.Struct, kw_only=True):
    """The values of the expressions' placeholders."""

    ExpressionAttributeNames: Names | None = None
    ExpressionAttributeValues: dict[str, Value] | None = None


class Conditional(Expressions, kw_only=True):
    """A write of one item that may have a condition."""

    TableName: str
    ConditionExpression: str | None = None
    ReturnValuesOnConditionCheckFailure: OnFailure | None = None


class SingleWrite(Conditional, kw_only=True):
    """PutItem, DeleteItem or UpdateItem."""

    Expected: dict[str, Expectation] | None = None
    ConditionalOperator: Operator | None = None
    ReturnConsumedCapacity: CapacityMode | None = None
    ReturnItemCollectionMetrics: Metrics | None = None
    ReturnValues: ReturnedValues | None = None


class PutItem(SingleWrite, kw_only=True):
    """The parameters of PutItem."""

    Item: Attributes


class UndecodedPutItem(SingleWrite, kw_only=True):
    """The parameters of PutItem with an undecoded item."""

    Item: msgspec.Raw


class DeleteItem(SingleWrite, kw_only=True):
    """The parameters of DeleteItem."""

    Key: Attributes


class UpdateItem(SingleWrite, kw_only=True):
    """The parameters of UpdateItem."""

    Key: Attributes
    UpdateExpression: str | None = None
    AttributeUpdates: dict[str, AttributeUpdate] | None = None


class Projected(msgspec.Struct, kw_only=True):
    """A read that may request only some attributes."""

    ProjectionExpression: str | None = None
    AttributesToGet: AttributeNames | None = None
    ExpressionAttributeNames: Names | None = None
    ConsistentRead: bool | None = None


class GetItem(Projected, kw_only=True):
    """The parameters of GetItem."""

    TableName: str
    Key: Attributes
    ReturnConsumedCapacity: CapacityMode | None = None


class Paged(Projected, kw_only=True):
    """The parameters that Query and Scan share."""

    TableName: str
    IndexName: str | None = None
    ExpressionAttributeValues: dict[str, Value] | None = None
    FilterExpression: str | None = None
    ConditionalOperator: Operator | None = None
    ExclusiveStartKey: Attributes | None = None
    Limit: Positive | None = None
    Select: Selection | None = None
    ReturnConsumedCapacity: CapacityMode | None = None


class Query(Paged, kw_only=True):
    """The parameters of Query."""

    KeyConditionExpression: str | None = None
    KeyConditions: dict[str, LegacyCondition] | None = None
    QueryFilter: dict[str, LegacyCondition] | None = None
    ScanIndexForward: bool | None = None


class Scan(Paged, kw_only=True):
    """The parameters of Scan."""

    ScanFilter: dict[str, LegacyCondition] | None = None
    Segment: SegmentNumber | None = None
    TotalSegments: SegmentCount | None = None


class KeysAndAttributes(Projected, kw_only=True):
    """The part of a BatchGetItem for one table."""

    Keys: Annotated[list[Attributes], msgspec.Meta(min_length=1, max_length=100)]


class BatchGetItem(msgspec.Struct, kw_only=True):
    """The parameters of BatchGetItem."""

    RequestItems: dict[str, KeysAndAttributes]
    ReturnConsumedCapacity: CapacityMode | None = None


class BatchPut(msgspec.Struct):
    """A put of BatchWriteItem."""

    Item: Attributes


class BatchDelete(msgspec.Struct):
    """A delete of BatchWriteItem."""

    Key: Attributes


class WriteRequest(msgspec.Struct):
    """One of BatchWriteItem's writes."""

    PutRequest: BatchPut | None = None
    DeleteRequest: BatchDelete | None = None


class BatchWrite(msgspec.Struct, kw_only=True):
    """The parameters of BatchWriteItem except its writes."""

    ReturnConsumedCapacity: CapacityMode | None = None
    ReturnItemCollectionMetrics: Metrics | None = None


class BatchWriteItem(BatchWrite, kw_only=True):
    """The parameters of BatchWriteItem."""

    RequestItems: dict[str, Annotated[list[WriteRequest], msgspec.Meta(min_length=1, max_length=25)]]


class UndecodedPut(msgspec.Struct):
    """A put of BatchWriteItem with an undecoded item."""

    Item: msgspec.Raw


class UndecodedPutRequest(msgspec.Struct, forbid_unknown_fields=True):
    """One of BatchWriteItem's writes: a put with an undecoded item."""

    PutRequest: UndecodedPut


class UndecodedBatchWriteItem(BatchWrite, kw_only=True):
    """The parameters of a BatchWriteItem of only puts, with undecoded items."""

    RequestItems: dict[str, Annotated[list[UndecodedPutRequest], msgspec.Meta(min_length=1, max_length=25)]]


class TransactPut(Conditional, kw_only=True):
    """A put of a transaction."""

    Item: Attributes


class TransactDelete(Conditional, kw_only=True):
    """A delete of a transaction."""

    Key: Attributes


class TransactUpdate(Conditional, kw_only=True):
    """An update of a transaction."""

    Key: Attributes
    UpdateExpression: str


class TransactCheck(Conditional, kw_only=True):
    """A condition check of a transaction, on an item that it does not write."""

    Key: Attributes
    ConditionExpression: str  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues] - required here


class TransactWriteItem(msgspec.Struct):
    """One action of TransactWriteItems."""

    ConditionCheck: TransactCheck | None = None
    Put: TransactPut | None = None
    Delete: TransactDelete | None = None
    Update: TransactUpdate | None = None


class TransactWriteItems(msgspec.Struct, kw_only=True):
    """The parameters of TransactWriteItems."""

    TransactItems: Annotated[list[TransactWriteItem], msgspec.Meta(min_length=1, max_length=100)]
    ClientRequestToken: Annotated[str, msgspec.Meta(min_length=1, max_length=36)] | None = None
    ReturnConsumedCapacity: CapacityMode | None = None
    ReturnItemCollectionMetrics: Metrics | None = None


class TransactGet(msgspec.Struct, kw_only=True):
    """A read of a transaction."""

    TableName: str
    Key: Attributes
    ProjectionExpression: str | None = None
    ExpressionAttributeNames: Names | None = None


class TransactGetItem(msgspec.Struct):
    """One action of TransactGetItems."""

    Get: TransactGet


class TransactGetItems(msgspec.Struct, kw_only=True):
    """The parameters of TransactGetItems."""

    TransactItems: Annotated[list[TransactGetItem], msgspec.Meta(min_length=1, max_length=100)]
    ReturnConsumedCapacity: CapacityMode | None = None


class StatementRequest(msgspec.Struct, kw_only=True):
    """A statement of PartiQL with its parameters."""

    Statement: StatementText
    Parameters: StatementParameters | None = None
    ReturnValuesOnConditionCheckFailure: OnFailure | None = None


class ExecuteStatement(StatementRequest, kw_only=True):
    """The parameters of ExecuteStatement."""

    ConsistentRead: bool | None = None
    NextToken: Annotated[str, msgspec.Meta(min_length=1, max_length=32_768)] | None = None
    Limit: Positive | None = None
    ReturnConsumedCapacity: CapacityMode | None = None


class BatchStatement(StatementRequest, kw_only=True):
    """A statement of BatchExecuteStatement."""

    ConsistentRead: bool | None = None


class BatchExecuteStatement(msgspec.Struct, kw_only=True):
    """The parameters of BatchExecuteStatement."""

    Statements: Annotated[list[BatchStatement], msgspec.Meta(min_length=1, max_length=25)]
    ReturnConsumedCapacity: CapacityMode | None = None


class ExecuteTransaction(msgspec.Struct, kw_only=True):
    """The parameters of ExecuteTransaction."""

    TransactStatements: Annotated[list[StatementRequest], msgspec.Meta(min_length=1, max_length=100)]
    ClientRequestToken: Annotated[str, msgspec.Meta(min_length=1, max_length=36)] | None = None
    ReturnConsumedCapacity: CapacityMode | None = None
