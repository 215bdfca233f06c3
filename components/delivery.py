"""From Kinesis to the lake: Firehose, which invokes the transform and writes its rows."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import conversion
from components.lake import ERRORS
from components.permission import Permission
from components.role import ServiceRole
from components.stage import Context, Stage
from components.transform_function import TransformFunction, TransformFunctionArgs
from components.view import PARTITION

HOUR = "!{timestamp:yyyy-MM-dd-HH}"
"""Firehose's expression for the hour, in UTC, in which the oldest record of an object arrived."""

_LOG_STREAM = "delivery"

_DEFAULTS = {"NumberOfRetries": "3", "BufferSizeInMBs": "1", "BufferIntervalInSeconds": "60"}
"""Firehose's defaults (API_ProcessorParameter). The provider stores no parameter that has its default, so an explicit
default would differ at every update.
"""

_Destination = aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationArgs
_Logging = aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationCloudwatchLoggingOptionsArgs
_Processing = aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationArgs
_Processor = aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorArgs
_Parameter = aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorParameterArgs


@dataclass(frozen=True)
class DeliveryArgs:
    """The source stream, the bucket, the Glue table of the rows' types, and the transform's zip."""

    stream_arn: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    database_name: pulumi.Input[str]
    change_log_name: pulumi.Input[str]
    code: pulumi.Archive


class Delivery(Stage):
    """A Firehose delivery stream that reads Kinesis, calls the transform and writes S3.

    Rows go to <change log>/arrival_hour=YYYY-MM-DD-HH/, as Parquet or as gzipped JSON; records that cannot be
    transformed, converted or delivered go to errors/ with the reason. Exports `delivery_stream_name` and
    `function_name`.
    """

    delivery_stream_name: pulumi.Output[str]
    function_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: DeliveryArgs, context: Context, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("Delivery", name, context, opts)
        settings = context.settings
        stream_name = context.names("delivery")
        transform = TransformFunction(f"{name}-transform", TransformFunctionArgs(args.code), context, self.child())
        logs = aws.cloudwatch.LogGroup(
            name,
            aws.cloudwatch.LogGroupArgs(
                name=f"/aws/kinesisfirehose/{stream_name}",
                retention_in_days=settings.log_retention_days,
                kms_key_id=context.key_arn,
                tags=self.tags,
            ),
            self.child(),
        )
        log_stream = aws.cloudwatch.LogStream(
            name, aws.cloudwatch.LogStreamArgs(name=_LOG_STREAM, log_group_name=logs.name), self.child()
        )
        role = ServiceRole(
            f"{name}-role",
            self,
            "delivery",
            service="firehose.amazonaws.com",
            # Its trust policy in "Allow Firehose to assume an IAM role" has no condition:
            # https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html
            conditions=context.for_this_account(),
            permissions=[
                Permission(
                    ("kinesis:DescribeStream", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"),
                    (args.stream_arn,),
                ),
                Permission(
                    ("lambda:GetFunctionConfiguration", "lambda:InvokeFunction"),
                    (transform.function_arn, transform.qualified_arn),
                ),
                Permission(
                    ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"), (args.bucket_arn,)
                ),
                Permission(
                    ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"),
                    tuple(
                        pulumi.Output.concat(args.bucket_arn, "/", prefix, "*")
                        for prefix in (f"{context.table.change_log}/", ERRORS)
                    ),
                ),
                Permission(("logs:PutLogEvents",), (log_stream.arn,)),
                *([_read_schema(context, args)] if settings.lake_format == "parquet" else []),
                *context.key_use("kinesis", write=False),
                *context.key_use("s3"),
            ],
        )
        parquet = settings.lake_format == "parquet"
        firehose = aws.kinesis.FirehoseDeliveryStream(
            name,
            aws.kinesis.FirehoseDeliveryStreamArgs(
                name=stream_name,
                destination="extended_s3",
                kinesis_source_configuration=aws.kinesis.FirehoseDeliveryStreamKinesisSourceConfigurationArgs(
                    kinesis_stream_arn=args.stream_arn, role_arn=role.arn
                ),
                extended_s3_configuration=_Destination(
                    role_arn=role.arn,
                    bucket_arn=args.bucket_arn,
                    prefix=f"{context.table.change_log}/{PARTITION}={HOUR}/",
                    error_output_prefix=f"{ERRORS}!{{firehose:error-output-type}}/{PARTITION}={HOUR}/",
                    buffering_interval=settings.buffer_interval_seconds,
                    buffering_size=settings.buffer_size_mb,
                    # Parquet compresses internally; Firehose refuses a second compression.
                    compression_format="UNCOMPRESSED" if parquet else "GZIP",
                    kms_key_arn=context.key_arn,
                    cloudwatch_logging_options=_Logging(
                        enabled=True, log_group_name=logs.name, log_stream_name=log_stream.name
                    ),
                    processing_configuration=_Processing(
                        enabled=True,
                        processors=[
                            _Processor(type="Lambda", parameters=_parameters(context, transform.qualified_arn))
                        ],
                    ),
                    data_format_conversion_configuration=conversion.parquet(
                        role.arn, context.region, args.database_name, args.change_log_name
                    )
                    if parquet
                    else None,
                ),
                tags=self.tags,
            ),
            self.child([role]),
        )
        self.delivery_stream_name = firehose.name
        self.function_name = transform.function_name
        self.register_outputs({"delivery_stream_name": self.delivery_stream_name, "function_name": self.function_name})


def _parameters(context: Context, function_arn: pulumi.Input[str]) -> list[_Parameter]:
    settings = context.settings
    chosen = {
        "NumberOfRetries": str(settings.transform_retries),
        "BufferSizeInMBs": str(settings.transform_buffer_mb),
        "BufferIntervalInSeconds": str(settings.transform_buffer_seconds),
    }
    return [
        _Parameter(parameter_name="LambdaArn", parameter_value=function_arn),
        *(
            _Parameter(parameter_name=name, parameter_value=value)
            for name, value in chosen.items()
            if value != _DEFAULTS[name]
        ),
    ]


def _read_schema(context: Context, args: DeliveryArgs) -> Permission:
    return Permission(
        ("glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"),
        (
            context.arn("glue", "catalog"),
            context.arn("glue", pulumi.Output.concat("database/", args.database_name)),
            context.arn("glue", pulumi.Output.concat("table/", args.database_name, "/", args.change_log_name)),
        ),
    )
