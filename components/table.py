"""The source: the DynamoDB table whose changes the pipeline captures."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.settings import TABLE_QUOTA, Settings
from components.stage import Context, Stage

_UTILISATION_PERCENT = 70.0
"""Autoscaling's target utilisation: headroom for a peak during a scaling step."""

_INSIGHTS = {"all-keys": "ACCESSED_AND_THROTTLED_KEYS", "throttled-keys": "THROTTLED_KEYS"}

_Tracking = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs
_TrackedMetric = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs


class Table(Stage):
    """A table with the schema's key and a stream of new and old images.

    It scales with load: on-demand, or provisioned with autoscaling; `tableWarmWriteUnits` applies at creation.
    `protect` protects it and enables deletion protection, `tableContributorInsights` counts its keys. Needs only the
    context.
    Exports `table_name`, `table_arn` and `stream_arn` (of the DynamoDB stream).
    """

    table_name: pulumi.Output[str]
    table_arn: pulumi.Output[str]
    stream_arn: pulumi.Output[str]

    def __init__(self, name: str, context: Context, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("Table", name, context, opts)
        settings, schema = context.settings, context.table
        provisioned = settings.table_capacity == "provisioned"
        table = aws.dynamodb.Table(
            name,
            aws.dynamodb.TableArgs(
                name=context.names("table"),
                billing_mode="PROVISIONED" if provisioned else "PAY_PER_REQUEST",
                read_capacity=settings.table_min_read_units if provisioned else None,
                write_capacity=settings.table_min_write_units if provisioned else None,
                hash_key=schema.partition_key.name,
                range_key=schema.sort_key.name if schema.sort_key else None,
                attributes=[aws.dynamodb.TableAttributeArgs(name=key.name, type=key.type) for key in schema.keys],
                stream_enabled=True,
                stream_view_type="NEW_AND_OLD_IMAGES",
                deletion_protection_enabled=settings.protect,
                point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(
                    enabled=settings.point_in_time_recovery
                ),
                # Not enabled means AWS's own key, free of charge: the table is always encrypted.
                server_side_encryption=aws.dynamodb.TableServerSideEncryptionArgs(
                    enabled=True, kms_key_arn=context.key_arn
                )
                if context.key_arn
                else None,
                on_demand_throughput=None if provisioned else _limit(settings),
                warm_throughput=aws.dynamodb.TableWarmThroughputArgs(
                    write_units_per_second=settings.table_warm_write_units
                )
                if settings.table_warm_write_units
                else None,
                tags=self.tags,
            ),
            self.child(protect=settings.protect, ignore_changes=_left_alone(context)),
        )
        if provisioned:
            self._scale(name, table, "Read", settings.table_min_read_units, settings.table_max_read_units)
            self._scale(name, table, "Write", settings.table_min_write_units, settings.table_max_write_units)
        if mode := _INSIGHTS.get(settings.table_contributor_insights):
            # The provider has no update, and deletes after it creates, which would disable the new mode
            # (internal/service/dynamodb/contributor_insights.go).
            replaced = pulumi.ResourceOptions(replace_on_changes=["mode"], delete_before_replace=True)
            aws.dynamodb.ContributorInsights(
                name,
                aws.dynamodb.ContributorInsightsArgs(table_name=table.name, mode=mode),
                pulumi.ResourceOptions.merge(self.child(), replaced),
            )
        self.table_name = table.name
        self.table_arn = table.arn
        self.stream_arn = table.stream_arn
        self.register_outputs(
            {"table_name": self.table_name, "table_arn": self.table_arn, "stream_arn": self.stream_arn}
        )

    def _scale(self, name: str, table: aws.dynamodb.Table, kind: str, low: int, high: int) -> None:
        dimension = f"dynamodb:table:{kind}CapacityUnits"
        target = aws.appautoscaling.Target(
            f"{name}-{kind.lower()}",
            aws.appautoscaling.TargetArgs(
                service_namespace="dynamodb",
                resource_id=pulumi.Output.concat("table/", table.name),
                scalable_dimension=dimension,
                min_capacity=low,
                max_capacity=high,
                tags=self.tags,
            ),
            self.child(),
        )
        aws.appautoscaling.Policy(
            f"{name}-{kind.lower()}",
            aws.appautoscaling.PolicyArgs(
                name=self.context.names(f"{kind.lower()}-scaling"),
                policy_type="TargetTrackingScaling",
                service_namespace=target.service_namespace,
                resource_id=target.resource_id,
                scalable_dimension=target.scalable_dimension,
                target_tracking_scaling_policy_configuration=_Tracking(
                    predefined_metric_specification=_TrackedMetric(
                        predefined_metric_type=f"DynamoDB{kind}CapacityUtilization"
                    ),
                    target_value=_UTILISATION_PERCENT,
                ),
            ),
            self.child(),
        )


def _left_alone(context: Context) -> list[str]:
    """The properties that AWS changes itself and an update must not revert.

    Warm throughput grows with use and is never lowered: a lower value is an error, or with an older provider a
    replacement of the table.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html
    https://github.com/hashicorp/terraform-provider-aws/pull/49032

    Autoscaling changes the capacity as soon as the table has one. The update from on-demand to provisioned must set the
    initial capacity: an ignored property is sent with its old value, here none, and the table would start at one unit.
    https://www.pulumi.com/docs/iac/concepts/resources/options/ignorechanges/
    """
    scales = context.settings.table_capacity == "provisioned"
    scaled = context.before is not None and context.before.table_capacity == "provisioned"
    return ["warmThroughput", *(["readCapacity", "writeCapacity"] if scales and scaled else [])]


def _limit(settings: Settings) -> aws.dynamodb.TableOnDemandThroughputArgs:
    """Both limits of an on-demand table, always explicit: "no limit" is the value of AWS's quota.

    CreateTable accepts 1 and more; only UpdateTable accepts -1, "no limit".
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_OnDemandThroughput.html
    https://github.com/pulumi/pulumi-aws/issues/5126

    An update without a limit keeps the old limit, and an update without changes is refused, so omitting a limit can
    never remove it.
    https://github.com/hashicorp/terraform-provider-aws (internal/service/dynamodb/table.go, resourceTableUpdate)
    """
    return aws.dynamodb.TableOnDemandThroughputArgs(
        max_read_request_units=settings.table_max_read_units or TABLE_QUOTA,
        max_write_request_units=settings.table_max_write_units or TABLE_QUOTA,
    )
