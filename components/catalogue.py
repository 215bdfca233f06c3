"""The Glue database, the change log's table, and the crawler."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.permission import Permission
from components.role import ServiceRole
from components.settings import LakeFormat
from components.stage import Context, Stage
from components.view import PARTITION

_OBSERVED = "observed_"
"""The prefix of the crawler's tables: it must never rewrite the typed one."""

_FORMATS: dict[LakeFormat, tuple[str, str, str]] = {
    "parquet": (
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    ),
    "json-gzip": (
        "org.apache.hadoop.mapred.TextInputFormat",
        "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "org.openx.data.jsonserde.JsonSerDe",
    ),
}


@dataclass(frozen=True)
class CatalogueArgs:
    """The lake's bucket."""

    bucket_name: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]


class Catalogue(Stage):
    """A Glue database with the change log's table, and a crawler.

    The table's columns are the schema's. It uses partition projection, so a row can be queried as soon as its object is
    written, without a crawler or new partitions. The crawler, run on demand or by `crawlerSchedule`, writes its result
    to a separate table (observed_...), to compare with the typed one.
    Exports `database_name`, `change_log_name` and `crawler_name`.
    """

    database_name: pulumi.Output[str]
    change_log_name: pulumi.Output[str]
    crawler_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: CatalogueArgs, context: Context, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("Catalogue", name, context, opts)
        database = aws.glue.CatalogDatabase(
            name,
            aws.glue.CatalogDatabaseArgs(
                name=context.names.identifier("lake"),
                description=f"Changes of the {context.table.entity} table, stack {context.names.stack}",
                tags=self.tags,
            ),
            self.child(),
        )
        location = pulumi.Output.concat("s3://", args.bucket_name, "/", context.table.change_log, "/")
        table = aws.glue.CatalogTable(
            name,
            aws.glue.CatalogTableArgs(
                database_name=database.name,
                name=context.table.change_log,
                description=f"Every change of the {context.table.entity} table, one row each, append-only",
                table_type="EXTERNAL_TABLE",
                parameters={
                    "EXTERNAL": "TRUE",
                    "classification": "parquet" if context.settings.lake_format == "parquet" else "json",
                    **_projection(context),
                    "storage.location.template": pulumi.Output.concat(location, f"{PARTITION}=${{{PARTITION}}}/"),
                },
                partition_keys=[
                    aws.glue.CatalogTablePartitionKeyArgs(
                        name=PARTITION, type="string", comment="UTC, YYYY-MM-DD-HH, by arrival at Firehose"
                    )
                ],
                storage_descriptor=_storage(context, location),
            ),
            self.child(),
        )
        crawler = self._crawler(name, args, context, database, location)
        self.database_name = database.name
        self.change_log_name = table.name
        self.crawler_name = crawler.name
        self.register_outputs(
            {
                "database_name": self.database_name,
                "change_log_name": self.change_log_name,
                "crawler_name": self.crawler_name,
            }
        )

    def _crawler(
        self,
        name: str,
        args: CatalogueArgs,
        context: Context,
        database: aws.glue.CatalogDatabase,
        location: pulumi.Output[str],
    ) -> aws.glue.Crawler:
        crawler_name = context.names("crawler")
        observed = f"{_OBSERVED}{context.table.change_log}"
        role = ServiceRole(
            f"{name}-role",
            self,
            "crawler",
            service="glue.amazonaws.com",
            # Its trust policy in "Create an IAM role for AWS Glue" has no condition:
            # https://docs.aws.amazon.com/glue/latest/dg/create-an-iam-role.html
            conditions=context.for_this_account(),
            permissions=[
                Permission(("s3:GetBucketLocation", "s3:ListBucket"), (args.bucket_arn,)),
                Permission(
                    ("s3:GetObject",), (pulumi.Output.concat(args.bucket_arn, "/", context.table.change_log, "/*"),)
                ),
                Permission(
                    (
                        *(
                            "glue:BatchCreatePartition",
                            "glue:BatchGetPartition",
                            "glue:CreateTable",
                            "glue:GetDatabase",
                        ),
                        *("glue:GetPartition", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"),
                        *("glue:UpdatePartition", "glue:UpdateTable"),
                    ),
                    (
                        context.arn("glue", "catalog"),
                        database.arn,
                        context.arn("glue", pulumi.Output.concat("table/", database.name, "/", observed)),
                    ),
                ),
                Permission(
                    ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"),
                    (context.arn("logs", "log-group:/aws-glue/crawlers:*"),),
                ),
                *context.key_use("s3", write=False),
            ],
        )
        return aws.glue.Crawler(
            name,
            aws.glue.CrawlerArgs(
                name=crawler_name,
                description="The columns found in the objects, to compare with the typed table",
                role=role.arn,
                database_name=database.name,
                table_prefix=_OBSERVED,
                s3_targets=[aws.glue.CrawlerS3TargetArgs(path=location, sample_size=10)],
                schedule=context.settings.crawler_schedule or None,
                recrawl_policy=aws.glue.CrawlerRecrawlPolicyArgs(recrawl_behavior="CRAWL_EVERYTHING"),
                schema_change_policy=aws.glue.CrawlerSchemaChangePolicyArgs(
                    update_behavior="UPDATE_IN_DATABASE", delete_behavior="LOG"
                ),
                configuration=json.dumps(
                    {
                        "Version": 1.0,
                        # One table, even if the objects' columns differ.
                        "Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas", "TableLevelConfiguration": 2},
                        "CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}},
                    }
                ),
                tags=self.tags,
            ),
            self.child([role]),
        )


def _projection(context: Context) -> dict[str, pulumi.Input[str]]:
    column = f"projection.{PARTITION}"
    return {
        "projection.enabled": "true",
        f"{column}.type": "date",
        f"{column}.format": "yyyy-MM-dd-HH",
        f"{column}.range": f"{context.settings.arrival_from},NOW",
        f"{column}.interval": "1",
        f"{column}.interval.unit": "HOURS",
    }


def _storage(context: Context, location: pulumi.Output[str]) -> aws.glue.CatalogTableStorageDescriptorArgs:
    input_format, output_format, library = _FORMATS[context.settings.lake_format]
    return aws.glue.CatalogTableStorageDescriptorArgs(
        location=location,
        input_format=input_format,
        output_format=output_format,
        compressed=context.settings.lake_format == "json-gzip",
        ser_de_info=aws.glue.CatalogTableStorageDescriptorSerDeInfoArgs(
            serialization_library=library, parameters={"serialization.format": "1"}
        ),
        columns=[
            aws.glue.CatalogTableStorageDescriptorColumnArgs(name=column.name, type=column.type, comment=column.comment)
            for column in context.table.change_log_columns
        ],
    )
