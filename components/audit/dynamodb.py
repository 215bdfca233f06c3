"""The rules of the table and its Kinesis destination."""

from __future__ import annotations

from components.audit.reading import at, fields, listed, number, one_of, text
from components.audit.requests import STREAM, TABLE, but, failed
from components.audit.rule import RefusedCall, Rule
from components.audit.spoiling import given
from components.explain.evidence import Case

TABLE_TYPE = "aws:dynamodb/table:Table"
INSIGHTS = "aws:dynamodb/contributorInsights:ContributorInsights"
DESTINATION = "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination"

_API = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/"
_PROVIDER = "hashicorp/terraform-provider-aws internal/service/dynamodb/table.go"
_PREFLIGHT = "badmintoncryer/cdk-preflight rules/"
_INVALID = "One or more parameter values were invalid: "
_LEAST_WARM = {"readUnitsPerSecond": 12_000, "writeUnitsPerSecond": 4_000}


def _is_provisioned(case: Case) -> bool:
    return case.inputs.get("billingMode", "PROVISIONED") == "PROVISIONED"


def _limits(case: Case) -> list[int]:
    return list(fields(case.inputs, "onDemandThroughput").values())


def _capacity_by_mode(case: Case) -> bool:
    both_given = {"readCapacity", "writeCapacity"} <= case.inputs.keys()
    either = {"readCapacity", "writeCapacity"} & case.inputs.keys()
    return both_given if _is_provisioned(case) else not either


def _is_warm_enough(case: Case) -> bool:
    warm = fields(case.inputs, "warmThroughput")
    return all(warm[name] >= least for name, least in _LEAST_WARM.items() if name in warm)


def _attributes_are_keys(case: Case) -> bool:
    keys = {case.inputs.get("hashKey"), case.inputs.get("rangeKey")} - {None}
    indexes = [*listed(case.inputs, "globalSecondaryIndexes"), *listed(case.inputs, "localSecondaryIndexes")]
    keys |= {index.get(name) for index in indexes for name in ("hashKey", "rangeKey")} - {None}
    return {attribute["name"] for attribute in listed(case.inputs, "attributes")} == keys


RULES = (
    Rule(
        "dynamodb-name",
        TABLE_TYPE,
        "A table's name has 3 to 255 letters, digits, underscores, hyphens and dots.",
        f"{_API}API_CreateTable.html",
        text("name", 3, 255, r"[a-zA-Z0-9_.-]+"),
        given({"name": "ab"}),
        (
            RefusedCall(
                "dynamodb.CreateTable",
                but(TABLE, {"TableName": "ab"}),
                "ValidationException",
                "1 validation error detected: Value 'ab' at 'tableName' failed to satisfy constraint: "
                "Member must have length greater than or equal to 3",
                "nubo-db/dynamodb-conformance tests/tier3/error-messages/createTable.test.ts",
            ),
        ),
    ),
    Rule(
        "dynamodb-limit-at-creation",
        TABLE_TYPE,
        "A new table's limit of on-demand units is at least 1; only UpdateTable accepts -1 for no limit.",
        "https://github.com/pulumi/pulumi-aws/issues/5126",
        lambda case: all(limit >= 1 for limit in _limits(case)),
        given({"onDemandThroughput": {"maxReadRequestUnits": -1, "maxWriteRequestUnits": 2000}}),
        (
            RefusedCall(
                "dynamodb.CreateTable",
                but(TABLE, {"OnDemandThroughput": {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": 2000}}),
                "ValidationException",
                f"{_INVALID}Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range",
                "https://github.com/hashicorp/terraform-provider-aws/issues/39760",
            ),
        ),
    ),
    Rule(
        "dynamodb-limit-on-demand",
        TABLE_TYPE,
        "Only an on-demand table has a limit of on-demand units.",
        f"{_PREFLIGHT}dynamodb/pf-dynamodb-ondemand-throughput-billing",
        lambda case: not (_is_provisioned(case) and _limits(case)),
        given({"billingMode": "PROVISIONED", "onDemandThroughput": {"maxWriteRequestUnits": 2000}}),
        (
            RefusedCall(
                "dynamodb.CreateTable",
                but(
                    TABLE,
                    {
                        "BillingMode": "PROVISIONED",
                        "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
                        "OnDemandThroughput": {"MaxReadRequestUnits": 5},
                    },
                ),
                "ValidationException",
                f"{_INVALID}Property MaxReadRequestUnits for OnDemandThroughput can't be used with PROVISIONED "
                f"BillingMode",
            ),
        ),
    ),
    Rule(
        "dynamodb-capacity-by-mode",
        TABLE_TYPE,
        "A provisioned table has read and write capacity, an on-demand table has neither.",
        f"{_API}API_CreateTable.html",
        _capacity_by_mode,
        given({"billingMode": "PAY_PER_REQUEST", "readCapacity": 5, "writeCapacity": 5}),
        (
            RefusedCall(
                "dynamodb.CreateTable",
                but(TABLE, {"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}),
                "ValidationException",
                f"{_INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
                "PAY_PER_REQUEST",
                "localstack/localstack tests/aws/services/dynamodb/test_dynamodb.snapshot.json",
            ),
            RefusedCall(
                "dynamodb.CreateTable",
                but(TABLE, {"BillingMode": "PROVISIONED"}),
                "ValidationException",
                f"{_INVALID}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is "
                "PROVISIONED",
                "mhart/dynalite validations/createTable.js",
            ),
        ),
    ),
    Rule(
        "dynamodb-change-changes",
        TABLE_TYPE,
        "Every update of a table changes something: AWS refuses an update without a change.",
        "mhart/dynalite validations/updateTable.js",
        lambda case: "onDemandThroughput" not in case.inputs or bool(_limits(case)),
        given({"onDemandThroughput": {}}),
        (
            RefusedCall(
                "dynamodb.UpdateTable",
                {"TableName": "audit-same"},
                "ValidationException",
                "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
                "GlobalSecondaryIndexUpdates or "
                "SSESpecification or ReplicaUpdates is required",
            ),
            RefusedCall(
                "dynamodb.UpdateTable",
                {
                    "TableName": "audit-same",
                    "ProvisionedThroughput": {"ReadCapacityUnits": 2, "WriteCapacityUnits": 3},
                },
                "ValidationException",
                "The provisioned throughput for the table will not change. The requested value equals the current "
                "value. "
                "Current ReadCapacityUnits provisioned for the table: 2. Requested ReadCapacityUnits: 2. "
                "Current WriteCapacityUnits provisioned for the table: 3. Requested WriteCapacityUnits: 3. "
                "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
                "mhart/dynalite actions/updateTable.js",
                before=(
                    (
                        "dynamodb.CreateTable",
                        but(
                            TABLE,
                            {
                                "TableName": "audit-same",
                                "BillingMode": "PROVISIONED",
                                "ProvisionedThroughput": {"ReadCapacityUnits": 2, "WriteCapacityUnits": 3},
                            },
                        ),
                    ),
                ),
            ),
        ),
    ),
    Rule(
        "dynamodb-warm-least",
        TABLE_TYPE,
        "Warm throughput is at least the default of a new table: 12,000 reads and 4,000 writes per second.",
        f"{_PREFLIGHT}dynamodb/pf-dynamodb-warm-throughput-minimum",
        _is_warm_enough,
        given({"warmThroughput": {"writeUnitsPerSecond": 3999}}),
        (
            RefusedCall(
                "dynamodb.CreateTable",
                but(TABLE, {"WarmThroughput": {"ReadUnitsPerSecond": 11_999}}),
                "ValidationException",
                f"{_INVALID}Requested ReadUnitsPerSecond for WarmThroughput for table is lower than initial throughput",
            ),
        ),
    ),
    Rule(
        "dynamodb-warm-kept",
        TABLE_TYPE,
        "Warm throughput is not AWS's default: the provider reads the default back as nothing, a difference at every "
        "update.",
        f"{_PROVIDER} (flattenTableWarmThroughput)",
        lambda case: (
            not any(fields(case.inputs, "warmThroughput").get(name) == least for name, least in _LEAST_WARM.items())
        ),
        given({"warmThroughput": {"writeUnitsPerSecond": 4000}}),
    ),
    Rule(
        "dynamodb-attributes",
        TABLE_TYPE,
        "The declared attributes are exactly those of the keys.",
        f"{_API}API_CreateTable.html",
        _attributes_are_keys,
        given({"attributes.1": {"name": "extra", "type": "S"}}),
        (
            RefusedCall(
                "dynamodb.CreateTable",
                but(
                    TABLE,
                    {
                        "AttributeDefinitions": [
                            {"AttributeName": "id", "AttributeType": "S"},
                            {"AttributeName": "extra", "AttributeType": "S"},
                        ]
                    },
                ),
                "ValidationException",
                f"{_INVALID}Number of attributes in KeySchema does not exactly match number of attributes defined in "
                "AttributeDefinitions",
                "mhart/dynalite validations/createTable.js",
            ),
        ),
    ),
    Rule(
        "dynamodb-attribute-types",
        TABLE_TYPE,
        "A key attribute is a string, a number or binary.",
        f"{_API}API_AttributeDefinition.html",
        lambda case: all(one["type"] in ("S", "N", "B") for one in listed(case.inputs, "attributes")),
        given({"attributes.0.type": "BOOL"}),
        (
            RefusedCall(
                "dynamodb.CreateTable",
                but(TABLE, {"AttributeDefinitions.0.AttributeType": "BOOL"}),
                "ValidationException",
                failed("attributeDefinitions.1.member.attributeType", "satisfy enum value set: [", value="BOOL"),
            ),
        ),
    ),
    Rule(
        "dynamodb-stream-view",
        TABLE_TYPE,
        "A table has a stream view type exactly when its stream is enabled.",
        f"{_PROVIDER} (CustomizeDiff)",
        lambda case: (case.inputs.get("streamEnabled") is True) == bool(case.inputs.get("streamViewType")),
        given({"streamEnabled": True, "streamViewType": ""}),
    ),
    Rule(
        "dynamodb-stream-images",
        TABLE_TYPE,
        "The stream view type is one of four values.",
        f"{_API}API_StreamSpecification.html",
        one_of("streamViewType", ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")),
        given({"streamViewType": "BOTH"}),
        (
            RefusedCall(
                "dynamodb.CreateTable",
                but(TABLE, {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "BOTH"}}),
                "ValidationException",
                failed("streamSpecification.streamViewType", "satisfy enum value set: [", value="BOTH"),
            ),
        ),
    ),
    Rule(
        "dynamodb-own-key",
        TABLE_TYPE,
        "A KMS key is set only where encryption with it is enabled.",
        f"{_PROVIDER} (expandEncryptAtRestOptions)",
        lambda case: (
            not at(case.inputs, "serverSideEncryption.kmsKeyArn")
            or at(case.inputs, "serverSideEncryption.enabled") is True
        ),
        given({"serverSideEncryption": {"enabled": False, "kmsKeyArn": "arn:aws:kms:eu-west-1:1:key/x"}}),
    ),
    Rule(
        "dynamodb-recovery-days",
        TABLE_TYPE,
        "Point-in-time recovery reaches back 1 to 35 days.",
        f"{_API}API_PointInTimeRecoverySpecification.html",
        number("pointInTimeRecovery.recoveryPeriodInDays", 1, 35),
        given({"pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 36}}),
        (
            RefusedCall(
                "dynamodb.UpdateContinuousBackups",
                {
                    "TableName": "audit",
                    "PointInTimeRecoverySpecification": {
                        "PointInTimeRecoveryEnabled": True,
                        "RecoveryPeriodInDays": 36,
                    },
                },
                "ValidationException",
                failed(
                    "pointInTimeRecoverySpecification.recoveryPeriodInDays",
                    "have value less than or equal to 35",
                    value="36",
                ),
            ),
        ),
    ),
    Rule(
        "dynamodb-native-precision",
        DESTINATION,
        "The native destination's timestamps are in milliseconds or microseconds.",
        f"{_API}API_EnableKinesisStreamingConfiguration.html",
        one_of("approximateCreationDateTimePrecision", ("MILLISECOND", "MICROSECOND")),
        given({"approximateCreationDateTimePrecision": "SECOND"}),
        (
            RefusedCall(
                "dynamodb.EnableKinesisStreamingDestination",
                {
                    "TableName": "audit",
                    "StreamArn": STREAM,
                    "EnableKinesisStreamingConfiguration": {"ApproximateCreationDateTimePrecision": "SECOND"},
                },
                "ValidationException",
                failed(
                    "enableKinesisStreamingConfiguration.approximateCreationDateTimePrecision",
                    "satisfy enum value set: [",
                    value="SECOND",
                ),
                "localstack/localstack tests/aws/services/dynamodb/test_dynamodb.snapshot.json",
            ),
        ),
    ),
    Rule(
        "dynamodb-insights-mode",
        INSIGHTS,
        "Contributor Insights count all accessed and throttled keys, or only throttled ones.",
        f"{_API}API_UpdateContributorInsights.html",
        one_of("mode", ("ACCESSED_AND_THROTTLED_KEYS", "THROTTLED_KEYS")),
        given({"mode": "ACCESSED_KEYS"}),
        (
            RefusedCall(
                "dynamodb.UpdateContributorInsights",
                {
                    "TableName": "audit",
                    "ContributorInsightsAction": "ENABLE",
                    "ContributorInsightsMode": "ACCESSED_KEYS",
                },
                "ValidationException",
                failed("contributorInsightsMode", "satisfy enum value set: [", value="ACCESSED_KEYS"),
            ),
        ),
    ),
)
