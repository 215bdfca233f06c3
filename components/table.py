"""The source: the DynamoDB table whose changes the pipeline captures."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.stage import Site, Stage


class Table(Stage):
    """An on-demand table, keyed as the schema says, with a stream of new and old images.

    Needs nothing but the site. Gives `table_name`, `table_arn` and `stream_arn`
    (of the DynamoDB stream). Protected, and deletion-protected, by `protect`.
    """

    table_name: pulumi.Output[str]
    table_arn: pulumi.Output[str]
    stream_arn: pulumi.Output[str]

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("Table", name, site, opts)
        settings, schema = site.settings, site.table
        table = aws.dynamodb.Table(
            name,
            aws.dynamodb.TableArgs(
                name=site.names("table"),
                billing_mode="PAY_PER_REQUEST",
                hash_key=schema.partition_key.name,
                range_key=schema.sort_key.name if schema.sort_key else None,
                attributes=[aws.dynamodb.TableAttributeArgs(name=key.name, type=key.type) for key in schema.keys],
                stream_enabled=True,
                stream_view_type="NEW_AND_OLD_IMAGES",
                deletion_protection_enabled=settings.protect,
                point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(
                    enabled=settings.point_in_time_recovery
                ),
                # Not enabled means AWS's own key, free of charge: the table is encrypted either way.
                server_side_encryption=aws.dynamodb.TableServerSideEncryptionArgs(
                    enabled=True, kms_key_arn=site.key_arn
                )
                if site.key_arn
                else None,
                on_demand_throughput=aws.dynamodb.TableOnDemandThroughputArgs(
                    max_write_request_units=settings.table_max_write_units
                )
                if settings.table_max_write_units
                else None,
                warm_throughput=aws.dynamodb.TableWarmThroughputArgs(
                    write_units_per_second=settings.table_warm_write_units
                )
                if settings.table_warm_write_units
                else None,
                tags=self.tags,
            ),
            self.child(protect=settings.protect),
        )
        self.table_name = table.name
        self.table_arn = table.arn
        self.stream_arn = table.stream_arn
        self.register_outputs(
            {"table_name": self.table_name, "table_arn": self.table_arn, "stream_arn": self.stream_arn}
        )
