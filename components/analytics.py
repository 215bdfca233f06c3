"""Queries of the lake: the Athena workgroup, the views, the saved queries."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import queries, view
from components.lake import QUERY_RESULTS
from components.stage import Context, Stage
from components.view import LakeView

_GB = 10**9
_Configuration = aws.athena.WorkgroupConfigurationArgs
_Results = aws.athena.WorkgroupConfigurationResultConfigurationArgs
_Encryption = aws.athena.WorkgroupConfigurationResultConfigurationEncryptionConfigurationArgs


@dataclass(frozen=True)
class AnalyticsArgs:
    """The bucket for results, and the catalogue's database."""

    bucket_name: pulumi.Input[str]
    database_name: pulumi.Input[str]


class Analytics(Stage):
    """An Athena workgroup whose settings no client can override, the views and the saved queries.

    Results are encrypted and expire with the lake's `query-results/`. Athena cancels a query that scans more than
    `queryScanLimitGb`. Exports `workgroup_name` and `view_name`.
    """

    workgroup_name: pulumi.Output[str]
    view_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: AnalyticsArgs, context: Context, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("Analytics", name, context, opts)
        settings = context.settings
        workgroup = aws.athena.Workgroup(
            name,
            aws.athena.WorkgroupArgs(
                name=context.names("analytics"),
                description=f"Queries on the changes of the {context.table.entity} table",
                force_destroy=settings.force_destroy,
                configuration=_Configuration(
                    enforce_workgroup_configuration=True,
                    publish_cloudwatch_metrics_enabled=True,
                    bytes_scanned_cutoff_per_query=settings.query_scan_limit_gb * _GB or None,
                    engine_version=aws.athena.WorkgroupConfigurationEngineVersionArgs(
                        selected_engine_version="Athena engine version 3"
                    ),
                    result_configuration=_Results(
                        output_location=pulumi.Output.concat("s3://", args.bucket_name, "/", QUERY_RESULTS),
                        encryption_configuration=_Encryption(
                            encryption_option="SSE_KMS" if context.key_arn else "SSE_S3", kms_key_arn=context.key_arn
                        ),
                    ),
                ),
                tags=self.tags,
            ),
            self.child(),
        )
        database = pulumi.Output.from_input(args.database_name)
        tables = [self._view(one, database) for one in view.views(context.table)]
        for query in queries.saved(context.table):
            aws.athena.NamedQuery(
                f"{name}-{query.name}",
                aws.athena.NamedQueryArgs(
                    name=query.name,
                    description=query.purpose,
                    database=database,
                    workgroup=workgroup.id,
                    query=query.sql,
                ),
                self.child(),
            )
        self.workgroup_name = workgroup.name
        self.view_name = tables[0].name
        self.register_outputs({"workgroup_name": self.workgroup_name, "view_name": self.view_name})

    def _view(self, one: LakeView, database: pulumi.Output[str]) -> aws.glue.CatalogTable:
        """Create a view in the catalogue; all but the current state's have a suffix in the resource name."""
        of_current = one.name == self.context.table.view
        return aws.glue.CatalogTable(
            self.name if of_current else f"{self.name}-{one.name.replace('_', '-')}",
            aws.glue.CatalogTableArgs(
                database_name=database,
                name=one.name,
                description=one.purpose,
                table_type="VIRTUAL_VIEW",
                parameters={"presto_view": "true", "comment": "Presto View"},
                view_original_text=database.apply(one.encoded),
                view_expanded_text="/* Presto View */",
                storage_descriptor=aws.glue.CatalogTableStorageDescriptorArgs(
                    # Athena requires a view to have a SerDe, although it does not use it ("Table storage descriptor is
                    # missing SerDe info"); its own views have an empty one, which the provider omits.
                    # https://github.com/hashicorp/terraform-provider-aws/issues/28517
                    ser_de_info=aws.glue.CatalogTableStorageDescriptorSerDeInfoArgs(
                        name="-", serialization_library="-"
                    ),
                    columns=[
                        aws.glue.CatalogTableStorageDescriptorColumnArgs(
                            name=column.name, type=column.type, comment=column.comment
                        )
                        for column in one.columns
                    ],
                ),
            ),
            self.child(),
        )
