"""Firehose's record format conversion: rows as JSON in, Parquet out, typed by the catalogue's table."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

# The provider's names contain the whole path to a block; these aliases name the block. Unformatted, because a line may
# be as long as its one word.
# fmt: off
_Conversion = (
    aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationDataFormatConversionConfigurationArgs
)
_Input = (
    aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationDataFormatConversionConfigurationInputFormatConfigurationArgs
)
_Deserializer = (
    aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationDataFormatConversionConfigurationInputFormatConfigurationDeserializerArgs
)
_OpenXJson = (
    aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationDataFormatConversionConfigurationInputFormatConfigurationDeserializerOpenXJsonSerDeArgs
)
_Output = (
    aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationDataFormatConversionConfigurationOutputFormatConfigurationArgs
)
_Serializer = (
    aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationDataFormatConversionConfigurationOutputFormatConfigurationSerializerArgs
)
_Parquet = (
    aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationDataFormatConversionConfigurationOutputFormatConfigurationSerializerParquetSerDeArgs
)
_Schema = (
    aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationDataFormatConversionConfigurationSchemaConfigurationArgs
)
# fmt: on


def parquet(
    role_arn: pulumi.Input[str],
    region: pulumi.Input[str],
    database_name: pulumi.Input[str],
    table_name: pulumi.Input[str],
) -> aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationDataFormatConversionConfigurationArgs:
    """The conversion to Snappy-compressed Parquet with the latest columns of a Glue table."""
    return _Conversion(
        enabled=True,
        input_format_configuration=_Input(
            deserializer=_Deserializer(
                open_x_json_ser_de=_OpenXJson(case_insensitive=True, convert_dots_in_json_keys_to_underscores=False)
            )
        ),
        output_format_configuration=_Output(serializer=_Serializer(parquet_ser_de=_Parquet(compression="SNAPPY"))),
        schema_configuration=_Schema(
            role_arn=role_arn, region=region, database_name=database_name, table_name=table_name, version_id="LATEST"
        ),
    )
